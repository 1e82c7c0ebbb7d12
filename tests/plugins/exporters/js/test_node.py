"""Modules in Node.js: the student's own bits, of every family and kind of column."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hpmkd.student import Schema, Student, TreesModel, fit_encoder
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import (
    ODD_NAMES,
    WITH_ATTENTION,
    fitted_student,
    known_student,
    odd_problem,
)
from hpmkd_defaults.exporters.js.module import to_module
from hpmkd_defaults.exporters.js.parity import answers_of, given, run_module
from hpmkd_defaults.exporters.parity_rows import probe_rows


def assert_same_bits(node, student, rows):
    answers = run_module(node, to_module(student), json.dumps(given(student, rows)))
    labels, probabilities = answers_of(student, answers)
    assert probabilities.tobytes() == student.predict_proba(rows).tobytes()
    assert labels.tolist() == student.predict(rows).tolist()


@pytest.mark.parametrize("family", WITH_ATTENTION)
@pytest.mark.parametrize("data", ["two", "three", "mixed two", "mixed three", "times", "days"])
def test_probe_rows_have_the_bits_of_the_student(node, family, data):
    if data in ("times", "days"):
        student = fitted_student(family, *dated(times=data == "times"))
    else:
        problem = "breast_cancer" if "two" in data else "wine"
        student = known_student(family, problem, mixed="mixed" in data)
    assert_same_bits(node, student, probe_rows(student))


def test_odd_names_have_them_too(node):
    table, target = odd_problem()
    taken = ("__proto__", "constructor", "hasOwnProperty", "<!--")
    names = dict(zip(ODD_NAMES[2:6], taken, strict=True))
    table = table.rename(columns=names)
    rng, levels = np.random.default_rng(1), ["__proto__", "constructor", "toString", *ODD_NAMES]
    table[ODD_NAMES[0]] = rng.choice(np.array(levels, dtype=object), len(table))
    student = fitted_student("pooled", table, target, __proto__="a fact", constructor=1)
    assert_same_bits(node, student, probe_rows(student))


def deep(depth, values):
    """One tree that asks at every level; all else is a leaf."""
    n = 2 * depth + 1
    features = np.full(n, -1, dtype=np.int32)
    features[0 : n - 1 : 2] = 0
    left, right = np.zeros(n, np.int32), np.zeros(n, np.int32)
    inner = np.arange(0, n - 1, 2)
    left[inner], right[inner] = inner + 1, inner + 2
    leaves = np.flatnonzero(features < 0)
    left[leaves] = np.arange(len(leaves))
    thresholds = np.where(features < 0, 0, np.arange(n) / 2).astype(np.float32)
    return {
        "roots": [0], "outputs": [0], "features": features, "thresholds": thresholds, "left": left,
        "right": right, "missing_left": np.arange(n) % 4 == 0,
        "leaf_values": np.random.default_rng(depth).random((len(leaves), values)),
    }  # fmt: skip


@pytest.mark.parametrize("values", [1, 2, 3])
@pytest.mark.parametrize("depth", [0, 1, 2, 3, 4, 5, 40])
def test_trees_of_any_depth(node, depth, values):
    frame = pd.DataFrame({"x": np.arange(50.0)})
    base = np.zeros(max(values, 1) if values > 1 else 1, dtype=np.float32)
    link = "sigmoid" if values == 1 else "identity"
    model = TreesModel(**deep(depth, values), base_margin=base, link=link)
    encoder = fit_encoder("tree", Schema.fit(frame), frame)
    student = Student(encoder, model, range(max(values, 2)))
    cells = [*np.arange(-1, 45, 0.25), np.nan, np.inf, -np.inf]
    assert_same_bits(node, student, pd.DataFrame({"x": cells}))


@pytest.fixture(scope="module")
def call(node):
    """Return a function that evaluates expressions about a student's module in Node.js."""

    def run(student, *expressions):
        cases = ", ".join(f"() => ({each})" for each in expressions)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "student.mjs").write_text(to_module(student))
            script = Path(folder, "call.mjs")
            script.write_text(
                'import student, * as named from "./student.mjs";\n'
                f"const found = [{cases}].map((f) => {{ try {{ return f(); }} "
                "catch (error) { return `${error.name}: ${error.message}`; } });\n"
                "console.log(JSON.stringify(found));"
            )
            done = subprocess.run([node, script], capture_output=True, encoding="utf-8", check=True)
        return json.loads(done.stdout)

    return run


def test_what_a_module_offers(call):
    student = known_student("boosted", "wine", mixed=True)
    names = student.encoder.schema.names
    row = dict.fromkeys(names)
    listed = json.dumps(list(row.values()))
    expected = student.predict_proba([row])[0].tolist()
    label = student.predict_one(row)
    assert call(
        student, "Object.keys(named).sort()", "named.predict === student.predict",
        f"named.predictProba({json.dumps(row)})", f"named.predictProba({listed})",
        f"named.predictProbaMany([{listed}, {listed}])", f"named.predict({json.dumps(row)})",
        "named.classes", "named.columns.map((each) => each.name)", "Object.isFrozen(student)",
    ) == [
        ["classes", "columns", "default", "facts", "predict", "predictProba", "predictProbaMany"],
        True, expected, expected, [expected, expected], label,
        student.classes.tolist(), list(names), True,
    ]  # fmt: skip


def test_rows_that_are_none_are_refused(call):
    frame = pd.DataFrame({"constructor": [1.0, 2.0], "b": ["x", "y"]})
    student = fitted_student("linear", frame, [0, 1])
    lacking = "TypeError: the row lacks the columns"
    found = call(
        student, "named.predict({})", "named.predict({ constructor: 1 })", "named.predict([1])",
        "named.predict(null)", "named.predict('x')", "named.predict({ constructor: 'x', b: 1 })",
        "named.predict({ constructor: null, b: {} })", "named.predict({ constructor: 1, b: 'x' })",
        "named.predictProbaMany(3)",
    )  # fmt: skip
    assert found == [
        f'{lacking} "constructor", "b": add them, with null where the value is not known',
        f'{lacking} "b": add them, with null where the value is not known',
        "TypeError: got a row of 1 cells, expected 2",
        *["TypeError: expected a row: an object of cells by column, or an array of cells"] * 2,
        'TypeError: column "constructor" holds "x", expected a number; null where the value is '
        "not known",
        'TypeError: column "b" holds [object Object], expected a text, a number, true or false; '
        "null where the value is not known",
        student.predict_one({"constructor": 1, "b": "x"}),
        [],
    ]


@pytest.mark.parametrize("classes", [("no", "yes"), (False, True), (0.5, 2.0), (2**53 + 1, 7)])
def test_thresholds_and_labels_of_every_type(call, classes):
    frame = pd.DataFrame({"x": np.arange(8.0)})
    target = np.array(classes)[np.arange(8) % 2]
    rarer = np.unique(target)[0].item()
    kept = {"class": rarer if rarer != 2**53 + 1 else 7, "best": 0.3}
    student = fitted_student("linear", frame, target, threshold=kept)
    given = ["undefined", '"best"', "0", "1", "0.5"]
    found = call(student, *(f"String(named.predict([3], {each}))" for each in given))
    python = [student.predict([{"x": 3}], t)[0] for t in (None, "best", 0.0, 1.0, 0.5)]
    spelt = [str(each.item()) for each in python]
    if isinstance(classes[0], bool):
        spelt = [each.lower() for each in spelt]
    assert found == [each.removesuffix(".0") for each in spelt]


def test_thresholds_that_are_none_are_refused(call):
    two, three = (known_student("tree", name, mixed=False) for name in ("breast_cancer", "wine"))
    row = json.dumps([1.0] * len(two.encoder.schema.columns))
    found = call(two, f"named.predict({row}, 'best')", f"named.predict({row}, 1.5)")
    assert found == [
        "TypeError: this student keeps no best threshold",
        "TypeError: expected a threshold from 0 to 1",
    ]
    row = json.dumps([1.0] * len(three.encoder.schema.columns))
    assert call(three, f"named.predict({row}, 0.5)") == [
        "TypeError: a threshold is for two classes"
    ]
