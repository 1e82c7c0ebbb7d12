from __future__ import annotations

import copy
import pickle
import warnings
import weakref

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.dataset import Dataset, separate_test, warn_of_rare_classes
from hpmkd.data.make_dataset import make_dataset
from hpmkd.errors import DataError, DataWarning

N = 12
X = np.random.default_rng(0).normal(size=(N, 3))
CODES = np.arange(N) % 2


def test_the_digest_sees_labels_and_rows():
    base = make_dataset(X, CODES)
    assert base.digest == make_dataset(X.copy(), CODES).digest
    assert base.digest != make_dataset(X, 1 - CODES).digest
    assert base.digest != make_dataset(X + 1, CODES).digest
    assert base.digest != make_dataset(X, CODES + 1).digest


def test_rows_are_taken_by_position(people):
    dataset = make_dataset(people, "bought")
    some = dataset.rows(np.array([5, 3]))
    assert isinstance(some, Dataset)
    assert len(some) == 2
    assert some.table["age"].tolist() == dataset.table["age"].iloc[[5, 3]].tolist()


def test_separate_test_parts_the_rows():
    dataset = make_dataset(X, CODES)
    train, test = separate_test(dataset, 0.25, 0)
    assert (len(train), len(test)) == (9, 3)


def test_separate_test_refuses_when_nothing_is_left_to_test():
    dataset = make_dataset(X, np.arange(N) % 6)
    with pytest.raises(DataError, match=r"too few to keep 1% for the test.*--test"):
        separate_test(dataset, 0.01, 0)


def test_rare_classes_are_named_with_their_counts():
    dataset = make_dataset(X, [*["common"] * 10, "rare", "rare"])
    with pytest.warns(DataWarning, match=r"fewer rows than the 5 folds: rare \(2\); .*merge"):
        warn_of_rare_classes(dataset, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_rare_classes(dataset, 2)


def test_labels_and_rows_cannot_be_written_into():
    mine, labels = X.copy(), CODES.copy()
    made = make_dataset(mine, labels)
    ready = Dataset(mine, labels, np.arange(2))
    for dataset in (made, ready, made.rows(np.arange(3))):
        for array in (dataset.table, dataset.labels, dataset.classes):
            with pytest.raises(ValueError, match="read-only"):
                array[:] = 0
        with pytest.raises(ValueError, match="WRITEABLE"):
            dataset.labels.flags.writeable = True
    assert mine.flags.writeable
    assert labels.flags.writeable
    labels[:] = 7
    assert set(ready.labels.tolist()) == {0, 1}


# ------------------------------------------------------------------- parts of a table


@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame])
def test_a_part_is_taken_out_when_it_is_asked_for_and_lives_as_long_as_it_is_used(kind):
    part = Dataset(kind(X), CODES, np.arange(2)).rows(np.arange(len(X))[::-3])
    table = part.table
    assert part.table is table
    assert np.array_equal(table, X[::-3])
    alive = weakref.ref(table)
    del table
    assert alive() is None
    assert np.array_equal(part.table, X[::-3])


def test_a_part_that_is_taken_out_stays():
    part = Dataset(X, CODES, np.arange(2)).rows(np.arange(3)).taken()
    alive = weakref.ref(part.table)
    assert part.table is alive()
    assert part.table.base is not X


def test_parts_of_parts_are_the_rows_that_they_would_be_of_the_whole():
    whole = Dataset(X, CODES, np.arange(2))
    part = whole.rows(np.array([5, 2, 8, 1])).rows(np.array([3, 0]))
    same = whole.rows(np.array([1, 5]))
    assert np.array_equal(part.table, X[[1, 5]])
    assert np.array_equal(part.labels, same.labels)
    assert part.digest == same.digest
    assert part.facts == same.facts


def test_blocks_are_all_rows_in_their_order():
    part = Dataset(X, CODES, np.arange(2)).rows(np.arange(len(X))[::-1])
    blocks = list(part.blocks(4))
    assert [len(each) for each in blocks[:-1]] == [4] * (len(blocks) - 1)
    assert np.array_equal(np.vstack([each.table for each in blocks]), X[::-1])
    assert np.array_equal(np.concatenate([each.labels for each in blocks]), CODES[::-1])


@pytest.mark.parametrize("again", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_part_that_is_in_use_can_be_copied_and_pickled(again):
    X = np.arange(12.0).reshape(6, 2)
    part = Dataset(X, np.array([0, 1] * 3), np.arange(2)).rows(np.array([4, 1]))
    table = part.table
    np.testing.assert_array_equal(again(part).table, table)
