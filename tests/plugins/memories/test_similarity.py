"""Which data is alike."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hpmkd.values import DataFacts
from hpmkd_defaults.memories.similarity import BALANCE, distance, may_be_the_same, weight

FACTS = DataFacts(1000, 10, 2, 0.9, 0.1, "self", "0" * 64)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, 0.0),
        ({"digest": "1" * 64, "regime": "external"}, 0.0),
        ({"n_rows": 10_000}, 1.0),
        ({"n_rows": 100}, 1.0),
        ({"n_columns": 100}, 1.0),
        ({"n_classes": 20}, 1.0),
        ({"balance": 0.4}, 0.5),
        ({"noise": 0.35}, 1.0),
        ({"noise": None}, 0.0),
        ({"n_rows": 10**6, "n_columns": 10**5}, 5.0),
    ],
)
def test_the_distance_is_that_of_its_docstring(change, expected):
    other = replace(FACTS, **change)
    assert distance(FACTS, other) == pytest.approx(expected, abs=1e-12)
    assert distance(other, FACTS) == pytest.approx(expected, abs=1e-12)


def test_the_weight_falls_with_the_distance():
    other = replace(FACTS, n_rows=10_000)
    assert (weight(FACTS, FACTS), weight(FACTS, other)) == (1.0, pytest.approx(math.exp(-1)))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"n_rows": 7, "digest": "other", "noise": None, "regime": "external"}, True),
        ({"balance": FACTS.balance - 0.9 * BALANCE}, True),
        ({"balance": FACTS.balance - 1.1 * BALANCE}, False),
        ({"n_columns": 11}, False),
        ({"n_classes": 3}, False),
    ],
)
def test_what_may_be_the_same_is_told_by_columns_classes_and_balance(change, same):
    other = replace(FACTS, **change)
    assert may_be_the_same(other, FACTS) is may_be_the_same(FACTS, other) is same
