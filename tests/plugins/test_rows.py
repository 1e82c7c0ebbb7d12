"""Rows of raw tables: chosen by class, taken by position."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hpmkd_defaults.rows import stratified, take

EITHER = pytest.mark.parametrize("seed", [None, 1])


@EITHER
@pytest.mark.parametrize("count", [5, 9])
def test_all_rows_if_few(seed, count):
    np.testing.assert_array_equal(stratified(np.zeros(5, int), count, seed), np.arange(5))


@EITHER
@pytest.mark.parametrize("count", [1, 7, 99])
def test_each_row_once_and_rising(seed, count):
    rows = stratified(np.arange(100) % 4, count, seed)
    assert len(rows) == count
    assert (np.diff(rows) > 0).all()
    assert 0 <= rows[0] <= rows[-1] < 100


@EITHER
def test_the_shares_of_the_classes_are_kept(seed):
    codes = np.random.default_rng(0).choice(3, size=5000, p=[0.7, 0.25, 0.05])
    shares = np.bincount(codes[stratified(codes, 1000, seed)]) / 1000
    np.testing.assert_allclose(shares, np.bincount(codes) / 5000, atol=0.002)


@EITHER
def test_a_class_of_one_row_is_no_trouble(seed):
    codes = np.r_[np.zeros(99, int), 1]
    assert len(stratified(codes, 10, seed)) == 10


def test_a_seed_decides_which_rows_of_a_class():
    codes = np.zeros(1000, int)
    one, other = stratified(codes, 50, 1), stratified(codes, 50, 2)
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(one, stratified(codes, 50, 1))
    # Without one they are evenly spaced, from the first to the last.
    np.testing.assert_array_equal(stratified(codes, 4), [0, 333, 666, 999])


@pytest.mark.parametrize("rows", [np.array([2, 0]), slice(1, 3)], ids=["numbers", "range"])
def test_take_reads_frames_and_arrays(rows):
    table = np.arange(12).reshape(4, 3)
    frame = pd.DataFrame(table, index=list("wxyz"))
    np.testing.assert_array_equal(take(table, rows), table[rows])
    np.testing.assert_array_equal(take(frame, rows).to_numpy(), table[rows])
