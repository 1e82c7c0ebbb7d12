"""The exporter keeps to its contract, and refuses with a reason what it cannot write or check."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from hpmkd.cli import cli
from hpmkd.errors import ExportError, ExportWarning, UnsupportedStudentError
from hpmkd.student import Schema, Student, fit_encoder
from hpmkd.testing import ExporterSuite
from hpmkd.testing.students import fitted_student, known_student
from hpmkd_defaults.exporters import programs
from hpmkd_defaults.exporters.c import compiler
from hpmkd_defaults.exporters.c.exporter import CExporter
from hpmkd_defaults.exporters.c.file import to_c
from tests.plugins.exporters.c.compiling import tool


class TestC(ExporterSuite):
    @pytest.fixture
    def exporter(self):
        return CExporter(check=False)


class TestHeader(ExporterSuite):
    @pytest.fixture
    def exporter(self):
        return CExporter(part="header")

    @pytest.fixture
    def student(self):
        return known_student("pooled", "wine", mixed=True)


@pytest.fixture(scope="module")
def student():
    return known_student("boosted", "wine", mixed=True)


@pytest.fixture
def path(tmp_path):
    """Where a file is to be; behind the test there may be none, nor anything else."""
    yield tmp_path / "student.c"
    assert list(tmp_path.iterdir()) == []


def test_a_checked_file_is_written(student, tmp_path):
    tool("gcc")
    path = tmp_path / "student.c"
    assert CExporter(prefix="wine_2").export(student, path) == path
    assert path.read_text("utf-8") == to_c(student, "wine_2")
    assert list(tmp_path.iterdir()) == [path]


def test_the_command(student, tmp_path):
    student.save(tmp_path / "student.hpmkd")
    for part, name in (("source", "student.c"), ("header", "student.h")):
        call = ["export", str(tmp_path / "student.hpmkd"), "--to", "c", "--set", f"part={part}"]
        result = CliRunner().invoke(cli, [*call, "--set", "prefix=wine", "--set", "check=false"])
        assert (result.exit_code, result.stdout) == (0, f"{tmp_path / name}\n")
        assert "void wine_probabilities(" in (tmp_path / name).read_text("utf-8")


@pytest.mark.parametrize("prefix", ["", "2nd", "a-b", "_a", "größe", "a b", "a\n"])
def test_a_prefix_is_an_identifier(prefix):
    with pytest.raises(ExportError, match="expected an identifier of C"):
        CExporter(prefix=prefix)


def test_a_prefix_does_not_reach_into_names_of_columns(student):
    frame = {"prefix_code": np.arange(40.0), "PREFIX_H": ["@labels@", "@words@"] * 20}
    content = to_c(fitted_student("tree", frame, ["prefix_", "b"] * 20), "mine")
    for text in ('"prefix_code"', '"PREFIX_H"', '"@labels@"', '"@words@"', '"prefix_"'):
        assert text in content
    assert "int mine_code(" in content


def test_without_a_compiler_the_file_is_written_and_that_is_said(student, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    path = tmp_path / "student.c"
    with pytest.warns(ExportWarning, match=r"no C compiler .* not checked against the student"):
        CExporter().export(student, path)
    assert path.read_text("utf-8") == to_c(student, "student")


def test_a_compiler_with_an_open_quote_is_an_error_that_says_so(student, tmp_path, monkeypatch):
    monkeypatch.setenv("CC", 'gcc "-O1')
    with pytest.raises(ExportError, match="CC is 'gcc \"-O1', expected a command"):
        CExporter().export(student, tmp_path / "student.c")
    assert not list(tmp_path.iterdir())


def test_the_compiler_is_the_one_that_cc_names(monkeypatch):
    monkeypatch.setenv("CC", f"{sys.executable} -c pass")
    assert compiler.find_compiler() == [sys.executable, "-c", "pass"]
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setattr(compiler, "NAMES", ("neither", "sh"))
    assert compiler.find_compiler() == ["sh"]


def test_a_file_that_answers_otherwise_is_not_kept(student, path, monkeypatch):
    tool("gcc")
    other = to_c(known_student("additive", "wine", mixed=True), "student")
    monkeypatch.setattr("hpmkd_defaults.exporters.c.file.to_c", lambda *_: other)
    with pytest.raises(ExportError, match="compiled C file disagrees with the student"):
        CExporter().export(student, path)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("int main(void) { return nothing; }", "the compiler .* ends with 1 .*nothing.*"),
        ("int main(void) { return 5; }", "the program of the C file ends with 5"),
        ("int main(void) { for (;;) ; }", "the program of the C file does not run .*timed out"),
    ],
)
def test_a_file_that_does_not_run_is_not_kept(student, path, monkeypatch, source, reason):
    tool("gcc")
    monkeypatch.setattr(programs, "PATIENCE", 3.0)
    monkeypatch.setattr("hpmkd_defaults.exporters.c.file.to_c", lambda *_: source)
    with pytest.raises(ExportError, match=f"(?s){reason}.*no file was written.*check=false"):
        CExporter().export(student, path)


def test_a_student_that_cannot_be_packed_is_refused(wine, path):
    """Trees on scaled columns, which no stage of ours makes."""
    rows, target = wine
    encoder = fit_encoder("linear", Schema.fit(rows), rows)
    trees = fitted_student("boosted", encoder.transform(rows), target).model
    with pytest.raises(UnsupportedStudentError, match=r"TreesModel on LinearEncoder.*'json'"):
        CExporter().export(Student(encoder, trees, [0, 1, 2]), path)


@pytest.mark.parametrize("frame", [{"\ud800": [1.0, 2.0] * 20}, {"a": ["\ud800", "b"] * 20}])
def test_half_of_a_character_is_refused(frame, path):
    with pytest.raises(ExportError, match=r"'\\\\ud800' holds half of a character.*rename it"):
        CExporter().export(fitted_student("tree", frame, [0, 1] * 20), path)


def test_a_stranger_is_refused(path):
    with pytest.raises(ExportError, match="the exporter 'c' got a dict"):
        CExporter().export({}, path)


def test_the_comment_says_what_the_file_is(student):
    known = Student(student.encoder, student.model, student.classes, {"stage": "gbm */"})
    head = to_c(known, "wine").partition("#ifndef")[0]
    for text in (
        *("0  column 0: code (0 medium, 1 low, 2 high)", "1  column 1: number", "2  right"),
        *("cc -std=c99 -O3 -DWINE_MAIN wine.c -o wine", "stage: " + json.dumps("gbm * /")),
    ):
        assert text in head
