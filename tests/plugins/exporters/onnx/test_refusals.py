"""What is refused is refused with a reason, and leaves no file behind."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from hpmkd.errors import ExportError
from hpmkd.student import Student
from hpmkd.testing.students import fitted_student, known_student
from hpmkd_defaults.exporters.onnx.exporter import OnnxExporter
from hpmkd_defaults.exporters.onnx.parity import check_parity
from hpmkd_defaults.exporters.onnx.student import to_onnx


class Stranger:
    """A predictor of which nothing but its answers is known."""

    classes_ = np.array([0, 1])

    def predict_proba(self, table):
        return np.full((len(table), 2), 0.5)

    def to_bytes(self):
        return b"?"


def test_a_stranger_is_refused_with_a_reason(tmp_path):
    with pytest.raises(ExportError, match=r"got a Stranger, expected a hpmkd\.student\.Student"):
        OnnxExporter().export(Stranger(), tmp_path / "student.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_answers_otherwise_is_not_kept(tmp_path, monkeypatch):
    student = known_student("boosted", "wine", mixed=True)
    other = known_student("additive", "wine", mixed=True)
    monkeypatch.setattr("hpmkd_defaults.exporters.onnx.student.to_onnx", lambda *_: to_onnx(other))
    with pytest.raises(ExportError, match="a probability differs by 0"):
        OnnxExporter().export(student, tmp_path / "student.onnx")
    assert not list(tmp_path.iterdir())


def test_other_labels_are_noticed():
    student = known_student("tree", "wine", mixed=True)
    turned = Student(student.encoder, student.model, student.classes[::-1])
    with pytest.raises(ExportError, match="other labels"):
        check_parity(turned, to_onnx(student).SerializeToString())


def test_what_onnxruntime_cannot_run_is_not_kept(tmp_path, monkeypatch):
    made = to_onnx(known_student("tree", "wine", mixed=True))
    made.graph.node[0].op_type = "Nonsense"
    monkeypatch.setattr("hpmkd_defaults.exporters.onnx.student.to_onnx", lambda *_: made)
    with pytest.raises(ExportError, match="onnxruntime cannot run"):
        OnnxExporter().export(known_student("tree", "wine", mixed=True), tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_a_name_that_utf8_cannot_hold_is_refused():
    rows = pd.DataFrame({"word": pd.Series(["\ud800", "x"] * 20, dtype=object)})
    with pytest.raises(ExportError, match="cannot be written as an ONNX graph"):
        to_onnx(fitted_student("tree", rows, [0, 1] * 20))


@pytest.mark.parametrize("missing", [["onnx"], ["onnxruntime"], ["onnx", "onnxruntime"]])
def test_without_the_extra_the_error_says_what_to_install(monkeypatch, missing):
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ExportError, match=r"pip install 'hpmkd\[onnx\]'") as caught:
        OnnxExporter()
    assert " and ".join(missing) in str(caught.value)
