"""What docs/exporters-python.md shows runs as it stands there."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import hpmkd
from hpmkd.testing.students import fitted_student
from hpmkd_defaults.exporters.json.model import MAX_DEPTH
from hpmkd_defaults.exporters.parity import TOLERANCE
from hpmkd_defaults.exporters.parity_rows import N_ROWS
from hpmkd_defaults.exporters.python.exporter import MAX_BYTES

PAGE = (Path(__file__).parents[4] / "docs" / "exporters-python.md").read_text("utf-8")


def test_the_python_of_the_page_runs(people, tmp_path, monkeypatch):
    table, target = people.drop(columns="bought"), people["bought"]
    found = fitted_student("additive", table, target)
    monkeypatch.setattr(hpmkd, "load", lambda folder: SimpleNamespace(student=found))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    names = {}
    try:
        for block in re.findall(r"```python\n(.*?)```", PAGE, re.S):
            exec(block, names)
    finally:
        sys.modules.pop("student", None)
    row, student = names["row"], names["student"]
    assert student.predict(row) == found.predict_one(row)
    rows = [row, row | {"age": None}]
    many = student.predict_proba_many(rows)
    np.testing.assert_allclose(many, found.predict_proba(rows), rtol=0, atol=1e-12)


def test_the_numbers_of_the_page_are_those_of_the_code():
    assert f"{N_ROWS:,} rows made" in PAGE
    assert f"more than {TOLERANCE:g}" in PAGE
    assert f"more than {MAX_BYTES:,} bytes" in PAGE
    assert f"deeper than {MAX_DEPTH} levels" in PAGE
