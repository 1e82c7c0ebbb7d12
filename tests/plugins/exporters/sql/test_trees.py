from __future__ import annotations

import numpy as np
import pytest

from hpmkd.student import Schema, Student, TreesModel, fit_encoder
from hpmkd.testing.students import known_student
from hpmkd_defaults.exporters.sql.parity import check_parity
from hpmkd_defaults.exporters.sql.query import query_of


def chain(depth, zigzag):
    """A student of one tree, each node of which has a leaf: on the right, or on both in turn."""
    encoder = fit_encoder("tree", Schema.fit(np.eye(2)), np.eye(2))
    inner, leaves = np.arange(depth), np.arange(depth) + depth + 1
    on = np.append(inner[1:], depth)
    swapped = (inner % 2 == 1) & zigzag
    model = TreesModel(
        roots=[0],
        features=[*np.zeros(depth, int), *np.full(depth + 1, -1)],
        thresholds=np.linspace(-1, 1, 2 * depth + 1),
        left=[*np.where(swapped, leaves, on), *np.arange(depth + 1)],
        right=[*np.where(swapped, on, leaves), *np.zeros(depth + 1, int)],
        missing_left=np.arange(2 * depth + 1) % 3 == 0,
        leaf_values=np.linspace(-1, 1, depth + 1)[:, np.newaxis],
        outputs=[0],
        base_margin=[0.0],
        link="sigmoid",
    )
    return Student(encoder, model, [0, 1])


@pytest.mark.parametrize("zigzag", [False, True])
def test_deep_trees_are_not_nested(dialect, zigzag):
    student = chain(1500, zigzag)
    assert nesting(query_of(student, dialect, ["t"]).text) <= 2
    check_parity(student, dialect, 200)


def test_full_trees_are_nested_as_deep_as_they_are(dialect):
    student = known_student("boosted", "wine", False)
    assert nesting(query_of(student, dialect, ["t"]).text) <= 3


def nesting(query):
    depth = deepest = 0
    for word in query.split():
        depth += word.count("CASE") - word.rstrip("),;").endswith("END")
        deepest = max(deepest, depth)
    return deepest
