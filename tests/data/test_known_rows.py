"""Rows that stand among the training rows: rows without labels, and test rows."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.dataset import Dataset
from hpmkd.data.known_rows import warn_of_known_rows, warn_of_tested_rows

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "whole": RNG.integers(0, 1000, 200),
        "real": RNG.normal(size=200).round(3),
        "word": pd.Categorical(RNG.choice(["x", "y", None], 200)),
    }
)


def dataset(table):
    return Dataset(table, np.arange(len(table)) % 2, np.array([0, 1]))


def messages(warn, *given):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn(*given)
    return [str(each.message) for each in caught]


def problem(unlabeled, training, test):
    return messages(warn_of_known_rows, unlabeled, dataset(training), dataset(test))


def count_tested(training, test):
    return messages(warn_of_tested_rows, dataset(training), dataset(test))


def test_new_rows_are_nothing_to_warn_of():
    assert problem(FRAME[:50], FRAME[50:150], FRAME[150:]) == []


def test_training_rows_are_counted_by_cells_whatever_their_types():
    rows = FRAME[:100].astype({"whole": float, "word": object}).sample(frac=1, random_state=0)
    (warning,) = problem(rows, FRAME[:100], FRAME[100:])
    assert "100% of them are training rows" in warning
    assert problem(rows.assign(real=rows["real"] + 1), FRAME[:100], FRAME[100:]) == []
    mixed = pd.concat([FRAME[:60], FRAME[150:190]])
    (warning,) = problem(mixed, FRAME[:100], FRAME[100:150])
    assert "60% of them are training rows" in warning


def test_few_twins_are_nothing_to_warn_of():
    assert problem(FRAME[95:195], FRAME[:100], FRAME[195:]) == []


def test_test_rows_count_by_their_own_number():
    # 20 of 25 test rows, among 100 that are new otherwise.
    rows = pd.concat([FRAME[:100].assign(real=7.5), FRAME[175:195]])
    (warning,) = problem(rows, FRAME[:100], FRAME[175:])
    assert "80% of the test rows are among them" in warning
    assert "transductive" in warning


def test_arrays_too():
    X = RNG.normal(size=(60, 2))
    X[:30, 0] = np.nan
    (warning,) = problem(X[:40], X[:40], X[40:])
    assert "100% of them are training rows" in warning


def test_zero_has_one_sign():
    X = RNG.normal(size=(20, 1)) * [[1, 0]]
    (warning,) = problem(X * [1, -1], X, X + 1)
    assert "100%" in warning


@pytest.mark.parametrize("seed", range(5))
def test_rows_that_repeat_by_nature_are_no_warning(seed):
    coarse = np.random.default_rng(seed).integers(0, 4, size=(600, 3))
    assert problem(coarse[:200], coarse[200:500], coarse[500:]) == []


class TestTestRows:
    def test_new_rows_are_nothing_to_warn_of(self):
        assert count_tested(FRAME[:150], FRAME[150:]) == []

    def test_training_rows_among_them_are_warned_of_by_their_share(self):
        mixed = pd.concat([FRAME[:10], FRAME[150:190]]).astype({"whole": float})
        (warning,) = count_tested(FRAME[:150], mixed)
        assert "test rows: 20% of them are training rows" in warning
        assert "not how new ones are predicted" in warning

    def test_blocks_are_counted_together(self, monkeypatch):
        monkeypatch.setattr("hpmkd.data.tables.ROWS_AT_ONCE", 7)
        (warning,) = count_tested(FRAME, FRAME[:33])
        assert "100%" in warning

    def test_few_twins_are_nothing_to_warn_of(self):
        assert count_tested(FRAME[:150], pd.concat([FRAME[:4], FRAME[150:]])) == []

    def test_rows_that_repeat_by_nature_are_no_warning(self):
        coarse = np.random.default_rng(0).integers(0, 4, size=(600, 3))
        assert count_tested(coarse[:300], coarse[300:]) == []
