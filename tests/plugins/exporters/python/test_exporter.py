"""The exporter of Python files: every family, checked before it is written."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from hpmkd.cli import cli
from hpmkd.errors import ExportError, UnsupportedStudentError
from hpmkd.student import LinearModel, Schema, Student, TreesModel, fit_encoder
from hpmkd.testing import ExporterSuite
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import WITH_ATTENTION, fitted_student, known_student
from hpmkd_defaults.exporters.parity_rows import probe_rows
from hpmkd_defaults.exporters.python import exporter as exporters
from hpmkd_defaults.exporters.python.exporter import PythonExporter
from hpmkd_defaults.exporters.python.parity import check_parity, run_source
from hpmkd_defaults.exporters.python.source import to_python


class TestPythonExporter(ExporterSuite):
    @pytest.fixture
    def exporter(self):
        return PythonExporter()


@pytest.mark.parametrize(
    ("family", "times"), [*((family, True) for family in WITH_ATTENTION), ("additive", False)]
)
def test_dates_are_read_as_training_read_them(family, times):
    frame, target = dated(times=times)
    student = fitted_student(family, frame, np.where(target, "yes", "no"))
    check_parity(student, to_python(student))


@pytest.mark.parametrize("family", ["boosted", "additive", "pooled"])
def test_large_numbers_close_to_each_other(family):
    rng = np.random.default_rng(0)
    stamps = 1.7e12 + rng.integers(0, 10**6, 300)
    table = np.column_stack([stamps, rng.normal(size=300)])
    student = fitted_student(family, table, (stamps % 1000 + 300 * table[:, 1]) > 500)
    source = to_python(student)
    assert "if x0 < 17000" in source, "conditions are in original units"
    check_parity(student, source)


@pytest.mark.parametrize("family", ["boosted", "additive"])
def test_margins_are_those_of_the_student_bit_for_bit(family):
    student = known_student(family, "wine", True)
    module = run_source(to_python(student))
    for row in probe_rows(student, 300).to_dict("records"):
        cells = zip(module["READERS"], module["cells_of"](row), strict=True)
        found = list(module["margins"]([part for read, cell in cells for part in read(cell)]))
        assert found == student.packed.margins(student.packed.encode_row(row)).tolist()


def test_columns_without_names_are_read_by_position():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(100, 3))
    student = fitted_student("boosted", table, table[:, 1] > 0)
    module = run_source(to_python(student))
    expected = student.predict_proba(table)
    np.testing.assert_allclose(module["predict_proba_many"](table), expected, atol=1e-12)
    found = [module["predict_proba"]({"a": a, "b": b, "c": c}) for a, b, c in table.tolist()]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("classes", [[True, False], [3, -4], [0.5, 2.5], ["it's", "\ud800 half"]])
def test_labels_keep_their_type(classes):
    schema = Schema.fit({"x": [1.0, 2.0]})
    encoder = fit_encoder("linear", schema, {"x": [1.0, 2.0]})
    student = Student(encoder, LinearModel([[1.0]], [0.0]), sorted(classes))
    found = run_source(to_python(student))["predict"]({"x": 5.0})
    assert found == student.predict_one({"x": 5.0})
    assert type(found) is type(classes[0])


def test_halves_of_characters_are_refused(tmp_path):
    table = {"x": [1.0, 2.0, 3.0], "text": ["\ud800", "b", "b"]}
    student = fitted_student("boosted", table, ["maybe", "yes", "no"])
    with pytest.raises(ExportError, match=r"half of a character \('.*ud800.*rename"):
        PythonExporter().export(student, tmp_path / "student.py")
    assert "'\\ud800'" in to_python(student), "but what cannot be checked could be written"


def test_a_source_that_is_too_large_is_refused_with_advice(tmp_path, monkeypatch):
    monkeypatch.setattr(exporters, "MAX_BYTES", 10_000)
    student = known_student("boosted", "wine", True)
    with pytest.raises(UnsupportedStudentError, match=r"at most 10,000.*--max-size \d+"):
        PythonExporter().export(student, tmp_path / "student.py")
    assert list(tmp_path.iterdir()) == []


def test_what_json_cannot_tell_is_refused(tmp_path):
    schema = Schema.fit({"x": [1.0, 2.0]})
    tree = TreesModel([0], [-1], [0], [0], [0], [0], [[0.5]], [0], [0.0], "sigmoid")
    student = Student(fit_encoder("linear", schema, {"x": [1.0, 2.0]}), tree, ["a", "b"])
    with pytest.raises(UnsupportedStudentError, match="'python'"):
        PythonExporter().export(student, tmp_path / "student.py")


def test_a_file_that_answers_otherwise_is_not_written(tmp_path, monkeypatch):
    from hpmkd_defaults.exporters.python import source

    right = source.to_python
    student = known_student("tree", "wine", False)
    for wrong in (lambda s: right(s).replace(" < ", " >= "), lambda s: right(s) + "1 / 0\n"):
        monkeypatch.setattr(source, "to_python", wrong)
        with pytest.raises(ExportError, match="exported Python"):
            PythonExporter().export(student, tmp_path / "student.py")
    assert list(tmp_path.iterdir()) == []


def test_it_is_offered_by_its_name(tmp_path):
    """As ``hpmkd export --to python`` finds it; the file runs."""
    known_student("tree", "wine", True).save(tmp_path / "student.hpmkd")
    done = CliRunner().invoke(cli, ["export", str(tmp_path), "--to", "python"])
    assert done.output.startswith(f"{tmp_path / 'student.py'}\n"), done.output
    assert "predict_proba" in run_source((tmp_path / "student.py").read_text("utf-8"))
