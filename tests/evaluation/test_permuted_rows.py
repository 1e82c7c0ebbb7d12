"""Rows of which one column after the other is permuted, and what that costs a model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.make_dataset import make_dataset
from hpmkd.evaluation import permuted_rows
from hpmkd.evaluation.importance import Increase, importances, increases
from hpmkd.evaluation.permuted_rows import PermutedRows


def dataset(table, labels=None):
    n = len(table)
    return make_dataset(table, np.arange(n) % 2 if labels is None else labels)


@pytest.fixture(autouse=True)
def all_rows(monkeypatch):
    monkeypatch.setattr(permuted_rows, "MOST_ROWS", 200)


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": rng.normal(size=40),
            "b": pd.Categorical(rng.choice(["x", "y"], 40)),
            "c": pd.Series(rng.choice([1, 2, None], 40), dtype="Int64"),
        },
        index=np.arange(40) + 7,
    )


@pytest.mark.parametrize("as_array", [False, True])
def test_each_block_has_one_column_permuted(frame, as_array, monkeypatch):
    monkeypatch.setattr(permuted_rows, "MOST_ROWS", 30)
    table = frame[["a"]].assign(b=frame["a"] * 2, c=-frame["a"]).to_numpy() if as_array else frame
    rows = PermutedRows.draw(dataset(table), dataset(table))
    assert rows.columns == (("x0", "x1", "x2") if as_array else ("a", "b", "c"))
    whole = pd.DataFrame(rows.table)
    if not as_array:
        assert list(whole.dtypes) == list(frame.dtypes)
    first, *blocks = (whole.iloc[at : at + 30].reset_index(drop=True) for at in range(0, 120, 30))
    for at, block in enumerate(blocks):
        for j, name in enumerate(whole.columns):
            assert block[name].equals(first[name]) == (at != j)
            # The same cells, in another order.
            assert sorted(map(str, block[name])) == sorted(map(str, first[name]))


def test_the_same_rows_are_permuted_alike(frame):
    one, other = (PermutedRows.draw(dataset(frame), dataset(frame)) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, other.table)


def test_of_many_columns_those_that_tell_the_classes_apart_are_taken(monkeypatch):
    monkeypatch.setattr(permuted_rows, "MOST_COLUMNS", 2)
    rng = np.random.default_rng(0)
    table = rng.normal(size=(200, 6))
    table[::7, 1] = np.nan
    labels = (table[:, 4] + table[:, 2] > 0).astype(int)
    rows = PermutedRows.draw(dataset(table, labels), dataset(table, labels))
    assert rows.columns == ("x2", "x4")


def test_a_column_that_is_used_costs_and_another_does_not():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(200, 2))
    labels = (table[:, 0] > 0).astype(int)
    rows = PermutedRows.draw(dataset(table, labels), dataset(table, labels))
    second = 1 / (1 + np.exp(-3 * rows.table[:, 0]))
    used, unused = increases(rows, np.column_stack([1 - second, second]))
    assert used.mean > 5 * used.error > 0
    assert unused == Increase(0.0, 0.0)


def test_what_matters_most_to_either_comes_first():
    small, large = Increase(0.1, 0.0), Increase(0.9, 0.0)
    found = importances(["a", "b"], [small, small], [small, large])
    assert [each.column for each in found] == ["b", "a"]
    assert importances(["a", "b"], [small, large], None)[0].teacher is None
