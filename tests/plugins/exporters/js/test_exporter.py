"""What is written, and what is refused: nothing here runs the modules but to refuse them."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

import hpmkd
from hpmkd.cli import cli
from hpmkd.errors import DataError, ExportError, ExportWarning, UnsupportedStudentError
from hpmkd.student import Student
from hpmkd.testing import ExporterSuite
from hpmkd.testing.students import WITH_ATTENTION, known_student, odd_student
from hpmkd_defaults.exporters import programs
from hpmkd_defaults.exporters.js import parity
from hpmkd_defaults.exporters.js.exporter import JsExporter
from hpmkd_defaults.exporters.js.module import to_module
from hpmkd_defaults.exporters.js.types import to_types


class TestModules(ExporterSuite):
    @pytest.fixture
    def exporter(self):
        return JsExporter(check=False)


class TestTypes(ExporterSuite):
    @pytest.fixture
    def exporter(self):
        return JsExporter("types")


@pytest.fixture
def student():
    return known_student("boosted", "wine", mixed=True)


@pytest.mark.parametrize("family", WITH_ATTENTION)
def test_what_is_written_may_stand_in_a_page(family):
    for text in (to_module(odd_student(family)), to_types(odd_student(family))):
        assert text.isascii()
        assert not re.search(r"</|<!--|<script", text, re.IGNORECASE)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)


def test_a_module_holds_only_what_its_student_needs():
    tree = to_module(known_student("tree", "wine", mixed=False))
    assert "[vectorStep]" in tree  # its leaves hold a value per class
    for name in ("linearStep", "networkStep", "poolOf", "momentReader", "categoryReader"):
        assert name not in tree
    mixed = to_module(known_student("boosted", "wine", mixed=True))
    assert "[treeStep]" in mixed
    assert "{ number: numberReader, category: categoryReader }" in mixed


def test_nothing_is_left_of_the_files_of_the_kernel():
    text = to_module(known_student("pooled", "wine", mixed=True))
    assert "import " not in text
    assert 'import("' not in text
    assert re.findall(r"^export (\w+) (\S+)", text, re.MULTILINE) == [
        ("const", "classes"),
        ("const", "columns"),
        ("const", "facts"),
        ("const", "{"),
        ("default", "Object.freeze({"),
    ]


def test_the_two_parts_are_files_of_their_own(student, tmp_path):
    settings = {"check": False}
    module = hpmkd.export(student, "js", tmp_path / "student.mjs", settings=settings)
    types = hpmkd.export(student, "js", tmp_path / "student.d.mts", settings={"part": "types"})
    assert module.read_text("ascii") == to_module(student)
    assert types.read_text("ascii") == to_types(student)
    assert JsExporter("types").suffix == ".d.mts"
    assert JsExporter().suffix == ".mjs"


def test_the_command_writes_both(student, tmp_path):
    path = student.save(tmp_path / "student.hpmkd")
    for option, ending in (("check=false", "mjs"), ("part=types", "d.mts")):
        arguments = ["export", str(path), "--to", "js", "--set", option]
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert result.stdout == f"{tmp_path / 'student'}.{ending}\n"


def test_without_node_it_is_written_and_said(student, tmp_path, monkeypatch):
    monkeypatch.setattr(parity.shutil, "which", lambda name: None)
    with pytest.warns(ExportWarning, match=r"no Node\.js here: .* not compared"):
        path = JsExporter().export(student, tmp_path / "student.mjs")
    assert path.read_text("ascii") == to_module(student)


def refused(student, tmp_path, message):
    with pytest.raises(ExportError, match=message):
        JsExporter().export(student, tmp_path / "student.mjs")
    assert list(tmp_path.iterdir()) == []


def test_a_module_that_answers_otherwise_is_not_written(node, student, tmp_path, monkeypatch):
    other = known_student("boosted", "breast_cancer", mixed=True)
    three = known_student("linear", "wine", mixed=True)
    for wrong, message in (
        (three, r"Node\.js disagrees with the student: a probability differs by"),
        (other, r"Node\.js returns probabilities of shape \(2000, 2\), expected \(2000, 3\)"),
    ):
        answers = parity.run_module(node, to_module(wrong), json.dumps(given(wrong, student)))
        monkeypatch.setattr(parity, "run_module", lambda *_, answers=answers: answers)
        refused(student, tmp_path, message)
        monkeypatch.undo()


def given(answering, student):
    """Return the probe rows of a student for another one, as many columns as that reads."""
    rows = parity.given(student, parity.probe_rows(student))
    count = len(answering.encoder.schema.columns)
    return (rows * count)[:count]


def test_a_module_that_does_not_run_is_not_written(node, student, tmp_path, monkeypatch):
    for code, patience, message in (
        ("nonsense here", 60.0, r"Node\.js ends with 1 \(SyntaxError: .*check=false"),
        ("process.exit(3)", 60.0, r"Node\.js ends with 3"),
        ("for (;;);", 3.0, r"Node\.js does not run .* timed out after 3.0 seconds"),
    ):
        monkeypatch.setattr(programs, "PATIENCE", patience)
        monkeypatch.setattr(parity, "files", files_with(code))
        refused(student, tmp_path, message)


def files_with(code):
    class Files:
        def joinpath(self, *_):
            return self

        def read_text(self, *_):
            return code

    return lambda package: Files()


def test_a_student_that_cannot_be_packed_is_refused(student, tmp_path, monkeypatch):
    def refuse(self):
        raise DataError("cannot be packed")

    monkeypatch.setattr(Student, "packed", property(refuse))
    with pytest.raises(UnsupportedStudentError, match=r"'js' writes packed students, .*'json'"):
        JsExporter().export(student, tmp_path / "student.mjs")
    assert list(tmp_path.iterdir()) == []
