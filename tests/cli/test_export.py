"""``hpmkd export``, and ``hpmkd.export`` behind it."""

from __future__ import annotations

import json
import sys
import types

import numpy as np
import pytest
from click.testing import CliRunner
from onnxruntime import InferenceSession

import hpmkd
from hpmkd.cli import cli
from hpmkd.errors import ExportError, PluginError, RecipeError, UnsupportedStudentError
from hpmkd.hookspecs import hookimpl
from hpmkd.recipe.units import shown_size
from hpmkd.registry.registry import Registry
from hpmkd.testing.students import known_student
from hpmkd.values import Offer


@pytest.fixture(scope="module")
def student():
    return known_student("boosted", "wine", mixed=True)


@pytest.fixture
def run(student, tmp_path):
    """A run folder with two students."""
    folder = tmp_path / "run"
    folder.joinpath("students").mkdir(parents=True)
    student.save(folder / "student.hpmkd")
    student.save(folder / "students" / "xgboost.hpmkd")
    known_student("tree", "wine", mixed=True).save(folder / "students" / "tree.hpmkd")
    return folder


def call(*arguments):
    arguments = [str(each) for each in ("export", *arguments)]
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)


@pytest.mark.parametrize("to", ["onnx", "json"])
def test_the_file_is_beside_the_student_and_its_path_is_printed(run, to):
    result = call(run, "--to", to)
    assert (result.exit_code, result.stdout) == (0, f"{run / 'student'}.{to}\n")
    # Before it, where the machine is slow, that it is at work.
    size = shown_size((run / f"student.{to}").stat().st_size)
    assert result.stderr.splitlines()[-1] == size


def test_another_student_and_another_place(run, tmp_path):
    assert call(run, "--to", "json", "--student", "tree").exit_code == 0
    assert json.loads((run / "students" / "tree.json").read_text("utf-8"))["student"] == "1 tree"
    out = tmp_path / "elsewhere.json"
    assert call(run / "student.hpmkd", "--to", "json", "--out", out).stdout == f"{out}\n"
    assert json.loads(out.read_text("utf-8"))["student"] == "18 trees"


def test_a_file_is_replaced_only_if_asked(run):
    (run / "student.json").write_text("mine")
    result = call(run, "--to", "json")
    assert result.exit_code == 8
    assert "exists already" in result.stderr
    assert "--overwrite" in result.stderr
    assert (run / "student.json").read_text() == "mine"
    assert call(run, "--to", "json", "--overwrite").exit_code == 0
    assert (run / "student.json").read_text() != "mine"


def test_it_pipes(run, student):
    result = call(run, "--to", "json", "--out", "-")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["student"] == student.model.family
    content = call(run, "--to", "onnx", "--out", "-").stdout_bytes
    assert call(run, "--to", "onnx").exit_code == 0
    assert content == (run / "student.onnx").read_bytes()


def test_a_wrong_format_lists_those_that_there_are(run):
    result = call(run, "--to", "onxx")
    assert result.exit_code == 2
    assert "no exporter is called 'onxx'; did you mean 'onnx'? Known: " in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--student", "gbm"], 6, "it has: tree, xgboost"),
        (["--out", "nowhere/at/all.json"], 8, "there is no folder"),
        (["--out", "."], 8, "is a folder"),
        (["--set", "inputs=matrix"], 2, "exporter.inputs: unknown key"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(run, arguments, code, message):
    result = call(run, "--to", "json", *arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(run.rglob("*.json"))


def test_settings_reach_the_exporter(run):
    result = call(run, "--to", "onnx", "--set", "inputs=matrix")
    assert (result.exit_code, result.stdout) == (0, f"{run / 'student.onnx'}\n")
    inputs = InferenceSession(run / "student.onnx").get_inputs()
    assert [each.name for each in inputs] == ["X"]
    wrong = call(run, "--to", "onnx", "--set", "inputs=rows")
    assert (wrong.exit_code, wrong.stderr.count("expected one of columns, matrix")) == (2, 1)


def test_without_the_extra_nothing_is_written(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = call(run, "--to", "onnx")
    assert result.exit_code == 8
    assert "pip install 'hpmkd[onnx]'" in result.stderr


# --------------------------------------------------------------------------- in Python


def test_the_python_door(student, tmp_path):
    path = tmp_path / "student.json"
    assert hpmkd.export(student, "json", path) == path
    with pytest.raises(ExportError, match="overwrite=True"):
        hpmkd.export(student, "json", str(path))
    assert hpmkd.export(student, "json", str(path), overwrite=True) == path
    with pytest.raises(RecipeError, match="no exporter is called 'cobol'"):
        hpmkd.export(student, "cobol", tmp_path / "student.cob")
    with pytest.raises(RecipeError, match="Known: none"):
        hpmkd.export(student, "json", tmp_path / "other.json", disable="defaults")


class Sql:
    suffix = ".sql"

    def export(self, student, path):
        path.write_text(f"SELECT {len(student.classes_)}")
        return path


class Broken(Sql):
    def export(self, student, path):
        return 1 / 0


class Forgetful(Sql):
    def export(self, student, path):
        return path


class SmallSql(Sql):
    def export(self, student, path):
        if student.model.family != "1 tree":
            raise UnsupportedStudentError("sql: too large")
        return super().export(student, path)


class NoSql(Sql):
    def export(self, student, path):
        raise UnsupportedStudentError("sql: too large")


class Nothing:
    pass


@pytest.fixture
def offering(monkeypatch):
    """Return a function that installs a plugin with one exporter, as a stranger would."""

    def install(factory):
        plugin = types.ModuleType("stranger")
        plugin.hpmkd_exporters = hookimpl(lambda: [Offer("sql", factory, "a CASE expression")])
        registry = Registry()
        registry.add("stranger", plugin)
        monkeypatch.setattr(Registry, "installed", lambda disabled=(): registry)

    return install


def test_exporters_of_others_work_too(offering, student, tmp_path):
    offering(Sql)
    assert hpmkd.export(student, "sql", tmp_path / "a.sql").read_text() == "SELECT 3"


@pytest.mark.parametrize(
    ("exporter", "message"),
    [
        (Broken, "failed in export: ZeroDivisionError"),
        (Forgetful, "expected a file at"),
        (Nothing, "has no export, suffix"),
    ],
)
def test_exporters_that_fail_are_blamed(offering, student, tmp_path, exporter, message):
    offering(exporter)
    with pytest.raises(PluginError, match="plugin 'stranger': exporter 'sql'") as caught:
        hpmkd.export(student, "sql", tmp_path / "a.sql")
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("exporter", "hint"),
    [
        (SmallSql, "; it can write these students of the run: tree (--student tree)"),
        (NoSql, "; no other student of the run can be written in this format either"),
    ],
)
def test_a_refusal_says_which_student_of_the_run_could_be_written(offering, run, exporter, hint):
    offering(exporter)
    result = call(run, "--to", "sql")
    assert result.exit_code == 8
    assert f"sql: too large{hint}" in result.stderr
    assert not list(run.rglob("*.sql"))
    alone = call(run / "student.hpmkd", "--to", "sql")
    assert alone.stderr.strip().endswith("sql: too large")


class Stranger:
    classes_ = np.array([0, 1])

    def predict_proba(self, table):
        return np.full((len(table), 2), 0.5)

    def to_bytes(self):
        return b"?"


@pytest.mark.parametrize("to", ["onnx", "json"])
def test_students_of_others_are_refused_with_a_reason(tmp_path, to):
    with pytest.raises(ExportError, match="got a Stranger, expected a hpmkd"):
        hpmkd.export(Stranger(), to, tmp_path / "student")
    assert not list(tmp_path.iterdir())
