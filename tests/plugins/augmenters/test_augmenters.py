"""Augmenters: near the data, and nothing else than what the columns may hold."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import scale

from hpmkd.testing import AugmenterSuite
from hpmkd.testing.augmenters import mixed_table
from hpmkd_defaults.augmenters.columns import measure
from hpmkd_defaults.augmenters.mixup import Mixup
from hpmkd_defaults.augmenters.munge import Munge
from hpmkd_defaults.augmenters.nearest import nearest_other
from hpmkd_defaults.augmenters.none import NoRows

CANCER = load_breast_cancer(return_X_y=True)[0]
BOTH = pytest.mark.parametrize("augmenter", [Munge(), Mixup()], ids=["munge", "mixup"])


def rng(seed=0):
    return np.random.default_rng(seed)


class TestMunge(AugmenterSuite):
    @pytest.fixture
    def augmenter(self):
        return Munge()


class TestMixup(AugmenterSuite):
    @pytest.fixture
    def augmenter(self):
        return Mixup()


def test_none_makes_no_rows():
    for table in (mixed_table(), CANCER):
        made = NoRows().rows(table, 100, rng())
        assert made.shape == (0, table.shape[1])
    assert NoRows().rows(mixed_table(), 9, rng()).dtypes.equals(mixed_table().dtypes)


RANDOM = rng(1).normal(size=1000)


@pytest.mark.parametrize(
    ("cells", "continuous"),
    [
        (RANDOM, True),
        (RANDOM.astype(np.float32), True),
        (np.where(RANDOM > 0.5, np.nan, RANDOM), True),
        (pd.Series(RANDOM, dtype="Float64"), True),
        (np.round(RANDOM * 100), False),  # whole numbers
        (pd.Series(np.where(RANDOM > 0, np.nan, np.round(RANDOM))), False),
        (np.round(RANDOM, 1)[:0], False),
        (np.full(1000, np.nan), False),
        (np.where(np.arange(1000) < 210, 0.5, RANDOM), False),  # a spike
        (np.where(np.arange(1000) < 190, 0.5, RANDOM), True),
        (rng().choice(np.linspace(0, 1, 29), 1000), False),  # few distinct values
        (rng().choice(np.linspace(0, 1, 40), 1000), True),
        (np.arange(1000), False),
        (pd.Series(RANDOM.astype(str)), False),
        (RANDOM.astype(object), False),
        (pd.Series(RANDOM > 0), False),
    ],
)
def test_what_is_a_measure(cells, continuous):
    assert (measure(cells) is not None) == continuous


@BOTH
@pytest.mark.parametrize("table", [CANCER, CANCER.astype(np.float32), CANCER.astype(object)])
def test_arrays_stay_arrays(augmenter, table):
    made = augmenter.rows(table, 700, rng())
    assert isinstance(made, np.ndarray)
    assert made.dtype == table.dtype
    assert made.shape == (700, 30)
    assert (made.min(axis=0) >= table.min(axis=0)).all()
    assert (made.max(axis=0) <= table.max(axis=0)).all()


@BOTH
def test_cells_that_are_no_measures_are_copied_pairwise(augmenter):
    table = rng().integers(0, 50, (300, 4))
    made = augmenter.rows(table, 500, rng())
    for column in range(4):
        assert set(made[:, column]) <= set(table[:, column])


@BOTH
@pytest.mark.parametrize("n", [1, 2])
def test_few_rows(augmenter, n):
    table = mixed_table(80).iloc[:n]
    made = augmenter.rows(table, 5, rng())
    assert made.dtypes.equals(table.dtypes)
    assert set(made["count"]) <= set(table["count"])


@BOTH
def test_nullable_columns_and_dates(augmenter):
    table = pd.DataFrame(
        {
            "float": pd.array(np.where(RANDOM > 1, np.nan, RANDOM), dtype="Float64"),
            "int": pd.array([1, None] * 500, dtype="Int64"),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(1000), "D"),
        }
    )
    made = augmenter.rows(table, 200, rng())
    assert made.dtypes.equals(table.dtypes)
    assert 0 < made["float"].isna().sum() < 200
    assert set(made["day"]) <= set(table["day"])


def test_munge_at_p_0_is_the_rows_and_uses_each_equally():
    made = Munge(p=0.0).rows(CANCER, 2 * len(CANCER), rng())
    _, counts = np.unique(made, axis=0, return_counts=True)
    assert set(counts) == {2}


def test_munge_at_p_1_and_large_s_is_the_neighbour():
    made = Munge(p=1.0, s=1e12).rows(CANCER, len(CANCER), rng())
    starts = rng().permutation(len(CANCER))
    near = nearest_other(CANCER, starts, rng())
    np.testing.assert_allclose(made, CANCER[near], rtol=1e-6, atol=1e-9)


def test_munge_moves_about_half_of_the_cells():
    table = CANCER[:, :5]
    made = Munge(p=0.5).rows(table, len(table), rng())
    moved = made != table[rng().permutation(len(table))]
    assert 0.45 < moved.mean() < 0.55


def test_mixup_is_between_two_rows():
    table = np.column_stack([RANDOM, 2 * RANDOM])
    made = Mixup().rows(table, 300, rng())
    np.testing.assert_allclose(made[:, 1], 2 * made[:, 0])  # one share for the whole row


def test_nearest_other_is_scikit_learns():
    z = scale(CANCER)
    expected = NearestNeighbors(n_neighbors=2).fit(z).kneighbors(z, return_distance=False)[:, 1]
    found = nearest_other(CANCER, np.arange(len(CANCER)), rng())
    assert (found == expected).mean() > 0.97  # the encoder clips the odd outlier
    assert (found != np.arange(len(CANCER))).all()


def test_copies_of_a_row_are_neighbours_of_each_other():
    table = np.repeat(CANCER[:40], 3, axis=0)
    found = nearest_other(table, np.arange(120), rng())
    assert (found != np.arange(120)).all()
    assert np.array_equal(table[found], table)


def test_the_pool_is_capped():
    found = nearest_other(CANCER, np.arange(len(CANCER)), rng(), 100)
    assert len(found) == len(CANCER)
    assert len(set(found)) <= 100
    assert (found != np.arange(len(CANCER))).all()


def test_memory_grows_with_the_rows_not_with_their_square():
    table = rng().normal(size=(60_000, 4))
    tracemalloc.start()
    Munge().rows(table, 60_000, rng())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 60 000 distances to a pool of 4 000 would be 1.9 GB at once.
    assert peak < 60e6


@pytest.mark.parametrize("cell", [None, np.nan, "same"], ids=["none", "nan", "same"])
def test_rows_that_nothing_tells_apart(cell):
    """Of object columns without a value nothing can be encoded; rows are made all the same."""
    table = pd.DataFrame({"a": [cell] * 30, "b": [cell] * 30}, dtype=object)
    found = nearest_other(table, np.arange(30), rng())
    assert (found != np.arange(30)).all()
    made = Munge().rows(table, 50, rng())
    pd.testing.assert_frame_equal(made, table.iloc[np.zeros(50, int)].reset_index(drop=True))


def test_a_lone_row_is_its_own_neighbour():
    table = pd.DataFrame({"a": [None], "b": [1.5]})
    np.testing.assert_array_equal(nearest_other(table, np.array([0, 0]), rng()), [0, 0])
