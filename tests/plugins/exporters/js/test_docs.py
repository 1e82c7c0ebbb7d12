"""What docs/exporters-js.md shows runs as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd

from hpmkd.student.packed.trees import _MOST_WALKED
from hpmkd.testing.students import fitted_student
from hpmkd_defaults.exporters.js.module import to_module
from hpmkd_defaults.exporters.js.parity import MANY_COLUMNS
from hpmkd_defaults.exporters.js.types import MOST_LEVELS
from hpmkd_defaults.exporters.parity import TOLERANCE
from hpmkd_defaults.exporters.parity_rows import N_ROWS

PAGE = (Path(__file__).parents[4] / "docs" / "exporters-js.md").read_text("utf-8")


def test_the_example_of_the_page_runs(node, tmp_path):
    n = 40
    frame = pd.DataFrame(
        {
            "age": np.arange(float(n)),
            "job": np.array(["clerk", "nurse"], dtype=object)[np.arange(n) % 2],
            "since": pd.date_range("2023-01-01", periods=n, freq="20D"),
            "income": np.where(np.arange(n) % 3, np.arange(n) * 1e3, np.nan),
        }
    )
    student = fitted_student("boosted", frame, np.array(["no", "yes"])[(np.arange(n) > 19) * 1])
    (block,) = re.findall(r"```js\n(.*?)```", PAGE, re.S)
    (tmp_path / "student.mjs").write_text(to_module(student))
    used = "student, classes, columns, [predict(row), predictProba(row), predictProbaMany([row])]"
    script = f"{block}\nconsole.log(JSON.stringify([{used}]));"
    (tmp_path / "script.mjs").write_text(script)
    command = [node, str(tmp_path / "script.mjs")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    default, classes, columns, (label, one, many) = json.loads(done.stdout)
    row = {"age": 38, "job": "clerk", "since": "2024-03-01", "income": None}
    assert label == student.predict_one(row)
    assert many == [one] == student.predict_proba([row]).tolist()
    assert (default["classes"], default["columns"]) == (classes, columns)
    assert [column["kind"] for column in columns] == ["number", "category", "datetime", "number"]


def test_the_numbers_of_the_page_are_those_of_the_code():
    words = " ".join(PAGE.split())
    assert f"at most {MOST_LEVELS} levels" in words
    assert (
        f"predicts {N_ROWS:,} rows made for this student (fewer with more than {MANY_COLUMNS}"
        in words
    )
    assert f"(to {TOLERANCE:g})" in words
    assert f"more than {_MOST_WALKED:,} nodes" in words
