"""Files: the page, pictures for papers, and what goes wrong."""

from __future__ import annotations

import os
import re
import stat
import warnings
from dataclasses import replace
from importlib import util

import matplotlib
import pytest

import hpmkd
from hpmkd.errors import ReportError
from hpmkd.report import write_figures, write_report
from hpmkd.report.write import ReportWarning
from tests.report.made import made


def test_the_same_run_gives_the_same_bytes_and_settings_are_put_back(tmp_path):
    run = made(2, stages=("tree",), trials=())
    before = dict(matplotlib.rcParams)
    caught = []
    one = write_report(run, tmp_path / "one.html", on_picture=lambda *counts: caught.append(counts))
    other = write_report(run, tmp_path / "other.html")
    assert one.read_bytes() == other.read_bytes()
    assert dict(matplotlib.rcParams) == before
    assert caught == [(at, 11) for at in range(1, 12)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.html", "other.html"]


def test_the_page_refers_to_nothing_outside_itself(reports):
    _, path = reports("26 classes, 900 rows")
    text = path.read_text("utf-8")
    assert set(re.findall(r"\w+://[\w./]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert len(text) < 500_000
    assert "#fe01" not in text  # no stand-in is left


def test_warnings_stand_out_among_the_notes(tmp_path):
    run = made(2, stages=("tree",), trials=())
    warned = replace(run.verdict, warnings=("Warning: a <b> is better",))
    warned = replace(warned, notes=(*warned.warnings, *warned.notes))
    page = write_report(replace(run, verdict=warned), tmp_path / "one.html").read_text("utf-8")
    assert page.count('<p class="warning">') == 1
    assert '<p class="warning">Warning: a &lt;b&gt; is better.</p>' in page
    assert "Hard students were searched at least as carefully: 9 hard and 6 soft" in page
    plain = write_report(run, tmp_path / "other.html").read_text("utf-8")
    assert '<p class="warning">' not in plain


def test_pictures_for_papers_are_png_and_svg(tmp_path):
    run = made(2, stages=("tree",), trials=())
    written = write_figures(run, tmp_path / "a" / "b")
    names = ["losses", "bytes", "row_us", "reliability", "fidelity", "classes", "importance"]
    names += ["weights", "time"]
    assert [path.name for path in written] == [
        f"{name}.{form}" for name in names for form in ("png", "svg")
    ]
    png, svg = written[0].read_bytes(), written[1].read_text()
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 1440  # 4.8 inches of 300 dots
    assert "<text" not in svg
    assert "#c64f00" in svg
    again = write_figures(run, tmp_path / "again")
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]


def test_characters_that_the_font_lacks_are_told_in_one_warning(tmp_path):
    run = made(2, ["漢字", "and 字"], stages=("tree",), trials=())
    with pytest.warns(ReportWarning, match=r"lacks 字 漢: boxes are drawn") as caught:
        write_figures(run, tmp_path)
    assert len(caught) == 1
    with warnings.catch_warnings(record=True) as caught:
        write_report(run, tmp_path / "it.html")
    assert caught == []


@pytest.mark.parametrize("missing", [["matplotlib"], ["matplotlib", "jinja2"]])
def test_without_its_libraries_it_says_what_to_type(tmp_path, monkeypatch, missing):
    real = util.find_spec
    monkeypatch.setattr(
        "hpmkd.report.write.find_spec", lambda name: None if name in missing else real(name)
    )
    message = rf"reports need {' and '.join(missing)}; type: pip install 'hpmkd\[report\]'"
    for write in (write_report, write_figures):
        with pytest.raises(ReportError, match=message):
            write(made(), tmp_path / "out")


def test_what_cannot_be_written_is_refused(tmp_path):
    tmp_path.joinpath("file").write_text("")
    run = made(2, stages=("tree",), trials=())
    with pytest.raises(ReportError, match=r"cannot write .*nowhere/it.html: No such file"):
        write_report(run, tmp_path / "nowhere" / "it.html")
    with pytest.raises(ReportError, match=r"cannot write .*file: File exists"):
        write_figures(run, tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_files_of_the_run_itself_are_never_replaced(tmp_path, folder):
    run, link = hpmkd.load(folder), tmp_path / "link"
    link.symlink_to(folder / "verdict.json")
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "report.html"]
    before = {path: path.read_bytes() for path in files}
    for path in (*before, link, folder / "students" / ".." / "run.json"):
        with pytest.raises(ReportError, match="is a file of the run itself"):
            write_report(run, path, folder=folder)
    assert all(path.read_bytes() == content for path, content in before.items())


def test_only_files_are_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    run = made(2, stages=("tree",), trials=())
    for path in ("", "pipe", tmp_path):
        with pytest.raises(ReportError, match=r"it exists and is not a regular file.*; choose"):
            write_report(run, path)
    tmp_path.joinpath("figures", "bytes.png").mkdir(parents=True)
    with pytest.raises(ReportError, match=r"figures/bytes.png: it exists and is not a regular"):
        write_figures(run, "figures")
    assert stat.S_ISFIFO(os.lstat("pipe").st_mode)
