"""What docs/exporters.md shows runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import hpmkd
from hpmkd.testing.students import fitted_student
from hpmkd_defaults.exporters.json.model import MAX_DEPTH
from hpmkd_defaults.exporters.onnx.parity import TOLERANCE
from hpmkd_defaults.exporters.onnx.student import IR_VERSION, OPSETS
from hpmkd_defaults.exporters.parity_rows import N_ROWS

PAGE = (Path(__file__).parents[3] / "docs" / "exporters.md").read_text("utf-8")


def test_the_python_of_the_page_runs(people, tmp_path, monkeypatch):
    table, target = people.drop(columns="bought"), people["bought"]
    student = fitted_student("additive", table, target)
    monkeypatch.setattr(hpmkd, "load", lambda folder: SimpleNamespace(student=student))
    monkeypatch.chdir(tmp_path)
    people.to_csv("new.csv", index=False)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(block, names)
    np.testing.assert_allclose(names["probabilities"], student.predict_proba(table), atol=1e-5)
    assert names["labels"].tolist() == student.predict(table).tolist()
    np.testing.assert_allclose(names["row_probabilities"], names["probabilities"][:1], atol=1e-6)
    assert names["row_labels"].tolist() == names["labels"][:1].tolist()
    assert (tmp_path / "adult.json").is_file()


def test_the_numbers_of_the_page_are_those_of_the_code():
    assert f"`ai.onnx` {OPSETS['']}, `ai.onnx.ml` {OPSETS['ai.onnx.ml']}" in PAGE
    assert f"IR version {IR_VERSION}" in PAGE
    assert f"onnxruntime predicts {N_ROWS:,} rows" in PAGE
    assert f"more than {TOLERANCE:.0e}".replace("e-05", "e-5") in PAGE
    assert f"more than {MAX_DEPTH} levels" in PAGE
