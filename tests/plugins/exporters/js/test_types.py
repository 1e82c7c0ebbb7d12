"""The declarations say what the module takes."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from hpmkd.testing.students import fitted_student, odd_student
from hpmkd_defaults.exporters.js.types import MOST_LEVELS, to_types


@pytest.fixture(scope="module")
def student():
    n = 60
    frame = pd.DataFrame(
        {
            "age": np.arange(float(n)),
            "job": np.array(["clerk", 'a "b"'], dtype=object)[np.arange(n) % 2],
            "code": np.array(["1", "2"], dtype=object)[np.arange(n) % 2],
            "truth": np.array(["TRUE", "no"], dtype=object)[np.arange(n) % 2],
            "many": [f"level {at}" for at in range(n)],
            "when": pd.date_range("2024-01-01", periods=n),
        }
    )
    return fitted_student("tree", frame, np.array(["no", "yes"])[np.arange(n) % 2])


def test_cells_have_the_types_of_their_columns(student):
    assert MOST_LEVELS < 60
    text = to_types(student)
    for line in (
        '"age": NumberCell;',
        '"job": "a \\"b\\"" | "clerk" | Missing;',
        '"code": "1" | "2" | number | Missing;',
        '"truth": "TRUE" | "no" | boolean | Missing;',
        '"many": CategoryCell;',
        '"when": MomentCell;',
    ):
        assert f"  {line}\n" in text
    assert 'export type Label = "no" | "yes";' in text


USE = """
import student, { predict, predictProba, predictProbaMany, type Row } from "./student.mjs";
const row: Row = { age: 3, job: "clerk", code: 2, truth: true, many: "x", when: new Date(0) };
const label: "no" | "yes" = predict(row, "best");
const found: number[][] = predictProbaMany([row, [1, null, "1", null, null, null]]);
const name: string | undefined = student.columns[0]?.name;
// @ts-expect-error no such level
predictProba({ ...row, job: "nurse" });
// @ts-expect-error a column is lacking
predictProba({ age: 3 });
// @ts-expect-error no label is called so
const other: "maybe" = predict(row);
console.log(label, found, name, other);
"""


def test_typescript_accepts_them(student, tmp_path):
    if shutil.which("tsc") is None:
        pytest.skip("there is no TypeScript; install it: npm install --global typescript")
    for name, known in (("student", student), ("odd", odd_student("tree"))):
        (tmp_path / f"{name}.d.mts").write_text(to_types(known))
    (tmp_path / "use.mts").write_text(USE)
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"]
    command = ["tsc", *options, str(tmp_path / "use.mts"), str(tmp_path / "odd.d.mts")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.stdout == ""
