"""The search of neighbours: right, for every kind of table, in bounded memory."""

from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import threadpoolctl

from hpmkd_defaults import neighbours
from hpmkd_defaults.neighbours import Neighbours, encode

BOTH = pytest.mark.parametrize("algorithm", ["auto", "brute"])


def rng(seed=0):
    return np.random.default_rng(seed)


def farness(z):
    """Return all squared distances (n, n) between standardised rows, the plain way."""
    return ((z[:, np.newaxis] - z[np.newaxis]) ** 2).sum(axis=2)


@BOTH
def test_nearest_are_the_nearest(algorithm):
    table = rng().normal(size=(300, 3))
    table /= table.std(axis=0)
    expected = np.argsort(farness(table), axis=1)
    fitted = Neighbours.fit(table, 5, algorithm)
    np.testing.assert_array_equal(fitted.nearest(table), expected[:, :5])
    own = np.arange(300)
    np.testing.assert_array_equal(fitted.others(table, own), expected[:, 1:6])


def test_rows_that_are_not_indexed_keep_their_nearest():
    table = rng().normal(size=(100, 2))
    fitted = Neighbours.fit(table, 3)
    new = rng(1).normal(size=(20, 2))
    np.testing.assert_array_equal(fitted.others(new, np.full(20, -1)), fitted.nearest(new))


@BOTH
def test_of_equal_rows_none_is_its_own_neighbour(algorithm):
    table = np.repeat(rng().normal(size=(40, 3)), 30, axis=0)
    found = Neighbours.fit(table, 5, algorithm).others(table, np.arange(1200))
    assert (found != np.arange(1200)[:, np.newaxis]).all()
    np.testing.assert_array_equal(table[found], np.repeat(table[:, np.newaxis], 5, axis=1))


def test_text_tells_rows_apart():
    table = pd.DataFrame({"job": ["clerk", "nurse"] * 50, "none": np.nan, "one": 1})
    found = Neighbours.fit(table, 3).nearest(pd.DataFrame({"job": ["nurse"], "none": 0, "one": 1}))
    assert set(table["job"].iloc[found[0]]) == {"nurse"}


@BOTH
@pytest.mark.parametrize(
    "table",
    [
        np.full((30, 2), np.nan),
        np.ones((30, 2)),
        pd.DataFrame({"a": [None] * 30, "b": [None] * 30}, dtype=object),
        pd.DataFrame({"a": ["same"] * 30}),
    ],
    ids=["missing numbers", "constant", "missing text", "one text"],
)
def test_rows_that_nothing_tells_apart_have_some_neighbours(table, algorithm):
    fitted = Neighbours.fit(table, 4, algorithm)
    found = fitted.others(table, np.arange(30))
    assert found.shape == (30, 4)
    assert (found != np.arange(30)[:, np.newaxis]).all()
    assert all(len(set(row)) == 4 for row in found)
    np.testing.assert_array_equal(found, fitted.others(table, np.arange(30)))


def test_a_row_without_a_known_cell_has_neighbours():
    numbers = rng().normal(size=200)
    table = pd.DataFrame({"a": numbers, "b": rng(1).choice(["x", "y"], 200)})
    (found,) = Neighbours.fit(table, 3).nearest(pd.DataFrame({"a": [np.nan], "b": [None]}))
    # It is imputed: it lies amid the others.
    assert np.abs(numbers[found] - np.median(numbers)).max() < 0.2


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows_have_fewer_neighbours(n):
    table = rng().normal(size=(n, 2))
    found = Neighbours.fit(table, 25).others(table, np.arange(n))
    for row in range(n):
        # A lone row is its own.
        assert set(found[row]) == (set(range(n)) - {row} or {0})


def test_no_rows_have_no_neighbours():
    assert Neighbours.fit(rng().normal(size=(9, 2)), 3).nearest(np.empty((0, 2))).shape == (0, 3)


def test_blocks_do_not_matter(monkeypatch):
    table = pd.DataFrame(rng().normal(size=(300, 2)), index=np.arange(300)[::-1])
    fitted = Neighbours.fit(table, 5)
    whole = fitted.others(table, np.arange(300))
    monkeypatch.setattr(neighbours, "BLOCK", 64)
    np.testing.assert_array_equal(fitted.others(table, np.arange(300)), whole)


def test_threads_do_not_matter():
    table = rng().integers(0, 2, size=(4000, 16)).astype(float)  # many are equally near
    fitted = Neighbours.fit(table, 5)
    found = []
    for threads in (1, 4):
        with threadpoolctl.threadpool_limits(threads):
            found.append(fitted.nearest(table[:500]))
    np.testing.assert_array_equal(*found)


def test_memory_does_not_grow_with_the_product():
    table = rng().normal(size=(60_000, 4))
    fitted = Neighbours.fit(table[:4000], 2, "brute")
    tracemalloc.start()
    fitted.nearest(table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6  # all distances at once would be 1.9 GB


def test_it_pickles():
    table = rng().normal(size=(50, 2))
    fitted = Neighbours.fit(table, 3)
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.nearest(table), fitted.nearest(table))


def test_a_row_without_place_is_refused():
    class Broken:
        def transform(self, table):
            return np.array([[0.0], [np.nan]])

    with pytest.raises(ValueError, match="row 1 has no finite encoding"):
        encode(Broken(), None)
    with pytest.raises(ValueError, match="row 4097 has no"):
        encode(Broken(), None, first=4096)
