"""Trees as functions: what a person reads, and that Python can read it."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.student import Schema, Student, TreeEncoder, TreesModel
from hpmkd.student.columns.column import Column
from hpmkd_defaults.exporters.python.parity import check_parity, run_source
from hpmkd_defaults.exporters.python.source import to_python
from hpmkd_defaults.exporters.python.trees import DEEPEST, tree_source
from hpmkd_defaults.exporters.python.variables import variables_of

SCHEMA = Schema((Column("age", "number"), Column("job", "category", ("a", "b", "c"))), named=True)


def lines(**node):
    root = {"yes": {"add": 0.5}, "no": {"add": [0.1, 2]}} | node
    return tree_source(root, variables_of(SCHEMA, {})).lines


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"column": "age", "below": 37.5, "missing": "no"}, "if age < 37.5:"),
        ({"column": "age", "below": 37.5, "missing": "yes"}, "if not age >= 37.5:  # or missing"),
        ({"column": "job", "in": ["a"], "missing": "no"}, "if job < 1:  # 'a'"),
        ({"column": "job", "not_in": ["c"], "missing": "no"}, "if job < 2:  # all but 'c'"),
        (
            {"column": "job", "in": [], "missing": "yes"},
            "if not job >= 0:  # no category, or missing",
        ),
        ({"column": "age", "below": "Infinity", "missing": "no"}, "if age < 1e999:"),
        (
            {"column": "age", "below": "-Infinity", "missing": "yes"},
            "if not age >= -1e999:  # or missing",
        ),
    ],
)
def test_a_condition_says_what_it_asks(node, expected):
    assert lines(**node) == [*(expected, "    return 0.5", "return (0.10000000149011612, 2.0)")]


def test_long_lists_of_categories_are_cut():
    levels = tuple(f"level {at}" for at in range(1000))
    cells = variables_of(Schema((Column("job", "category", levels),), named=True), {})
    node = {"column": "job", "in": list(levels[:500]), "missing": "no", "yes": {"add": 0.0}}
    comment = tree_source(node | {"no": {"add": 1.0}}, cells).lines[0].split("#")[1]
    assert comment == " 'level 0', 'level 1', 'level 2', 'level 3', … 496 more"


def chain(sides):
    """A tree of two columns that goes down on one side of each node; half of them take missing."""
    depth = len(sides)
    inner, leaves = np.arange(depth), np.arange(depth, 2 * depth + 1)
    after = np.append(inner[1:], leaves[-1])
    left = np.where(sides, after, leaves[:depth])
    right = np.where(sides, leaves[:depth], after)
    none = np.zeros(depth + 1)
    return TreesModel(
        roots=[0],
        features=np.append(inner % 2, none - 1),
        thresholds=np.append(np.where(sides, -1, 1) * inner[::1] / 8, none),
        left=np.append(left, np.arange(depth + 1)),
        right=np.append(right, none),
        missing_left=np.append(inner % 3 == 0, none),
        leaf_values=np.linspace(-3, 3, depth + 1)[:, np.newaxis],
        outputs=[0],
        base_margin=[0.25],
        link="sigmoid",
    )


@pytest.mark.parametrize("kind", ["left", "right", "both"])
def test_deep_trees_are_no_deeper_in_source(kind):
    depth = 180
    sides = {"left": np.ones(depth), "right": np.zeros(depth), "both": np.arange(depth) % 2}[kind]
    schema = Schema.fit({"a": [1.0, 2.0], "b": [1.0, None]})
    student = Student(TreeEncoder(schema, [0.0, 0.0]), chain(sides.astype(bool)), ["no", "yes"])
    source = to_python(student)
    check_parity(student, source)
    tree = source[source.index("def tree_1") : source.index("def margins")].splitlines()
    assert max(len(line) - len(line.lstrip()) for line in tree) <= 4 * (DEEPEST + 3)


def test_a_column_cannot_hide_what_the_source_calls():
    names = [
        "tree_1",
        "array",
        "clipped",
        "m",
        "x",
        "numpy",
        "if",
        "None",
        "print",
        "START",
        "added",
    ]
    rng = np.random.default_rng(0)
    table = {name: rng.normal(size=80) for name in names}
    from hpmkd.testing.students import fitted_student

    student = fitted_student("boosted", table, sum(table.values()) > 0)
    check_parity(student, to_python(student))


def test_trees_that_are_leaves():
    model = TreesModel([0, 1], [-1, -1], [0, 0], [0, 1], [0, 0], [0, 0], [[0.5], [0.25]], [0, 1],
                       [0.0, 0.5], "softmax")  # fmt: skip
    student = Student(TreeEncoder(SCHEMA, [0.0, 0.0]), model, ["no", "yes"])
    check_parity(student, to_python(student))
    found = run_source(to_python(student))["predict_proba"]({"age": 1, "job": "a"})
    assert found == pytest.approx([0.43782349911420193, 0.562176500885798])
