"""``hpmkd report``: where it writes, and the error when it cannot."""

from __future__ import annotations

import json

from click.testing import CliRunner

from hpmkd.cli import cli
from hpmkd.runs.result import Distillation
from tests.report.made import made


def run(*arguments):
    return CliRunner().invoke(cli, ["report", *map(str, arguments)])


def test_it_writes_where_it_is_told_and_prints_the_paths(tmp_path, monkeypatch):
    monkeypatch.setattr(Distillation, "load", lambda folder: made(2, stages=("tree",), trials=()))
    done = run(tmp_path, "--out", tmp_path / "it.html", "--figures", tmp_path / "figures")
    assert done.exit_code == 0, done.output
    first, *others = done.stdout.split()
    assert first == str(tmp_path / "it.html")
    assert sorted(others) == sorted(map(str, tmp_path.joinpath("figures").iterdir()))
    assert done.stderr.splitlines()[0] == "drawing: 1/11"
    assert f"--recipe {tmp_path}/recipe.toml" in tmp_path.joinpath("it.html").read_text()


def test_the_card_is_printed_or_written_and_needs_no_library(tmp_path, monkeypatch):
    monkeypatch.setattr(Distillation, "load", lambda folder: made(2, stages=("tree",), trials=()))
    monkeypatch.setattr("hpmkd.report.write.find_spec", lambda name: None)
    done = run(tmp_path, "--card")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("---\nlibrary_name: ")
    assert list(tmp_path.iterdir()) == []
    written = run(tmp_path, "--card", "--out", tmp_path / "README.md")
    assert written.stdout == f"{tmp_path / 'README.md'}\n"
    assert tmp_path.joinpath("README.md").read_text() == done.stdout
    for other in (("--figures", tmp_path / "figures"), ("--open",)):
        refused = run(tmp_path, "--card", *other)
        assert refused.exit_code == 2
        assert "--card writes no page" in refused.stderr
    own = run(tmp_path, "--card", "--out", tmp_path / "run.json")
    assert own.exit_code == 9
    assert f"choose another name, such as {tmp_path / 'README.md'}" in own.stderr


def test_what_is_no_run_folder_is_refused(tmp_path):
    done = run(tmp_path)
    assert done.exit_code == 6
    assert "is no run folder: run.json is missing" in done.stderr


def test_a_missing_library_is_told_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("hpmkd.report.write.find_spec", lambda name: None)
    done = run(tmp_path / "nowhere")
    assert done.exit_code == 9
    assert "pip install 'hpmkd[report]'" in done.stderr


def test_help_loads_no_library(in_fresh_process):
    source = (
        "import sys, contextlib, io\nfrom hpmkd.cli import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    cli(['report', '--help'], standalone_mode=False)\n"
        "print(json.dumps(sorted({'matplotlib', 'jinja2', 'numba'} & set(sys.modules))))"
    )
    assert json.loads(in_fresh_process("import json\n" + source)) == []
