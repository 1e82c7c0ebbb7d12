from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.data.splits import UNSEEN, folds, for_selection, holdout, number_of_folds
from hpmkd.recipe.settings import SplitSettings

labels_of_any_kind = st.lists(st.integers(0, 6), min_size=2, max_size=120).map(np.array)
seeds = st.integers(0, 2**31 - 1)


@given(labels_of_any_kind, st.floats(0.05, 0.95), seeds)
def test_holdout_parts_the_rows_and_every_class_keeps_one(labels, size, seed):
    stored, held_out = holdout(labels, size, seed)
    assert np.array_equal(np.sort(np.concatenate([stored, held_out])), np.arange(len(labels)))
    assert set(labels[stored]) == set(labels)
    assert (np.diff(stored) > 0).all()
    assert (np.diff(held_out) > 0).all()


@given(st.lists(st.integers(4, 40), min_size=2, max_size=6), st.floats(0.05, 0.7), seeds)
def test_holdout_holds_out_its_share_of_rows_and_of_every_class(counts, size, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    _, held_out = holdout(labels, size, seed)
    assert abs(len(held_out) - size * len(labels)) <= 0.5 + 1e-9
    for code, count in enumerate(counts):
        assert abs((labels[held_out] == code).sum() - size * count) <= 1 + 1e-9


@given(labels_of_any_kind, st.floats(0.05, 0.95), seeds)
def test_holdout_is_deterministic(labels, size, seed):
    first, second = holdout(labels, size, seed), holdout(labels, size, seed)
    assert all(map(np.array_equal, first, second))


def test_holdout_moves_with_the_seed():
    labels = np.arange(100) % 2
    assert not np.array_equal(holdout(labels, 0.2, 0)[1], holdout(labels, 0.2, 1)[1])


@pytest.mark.parametrize("n_singletons", [1, 3, 30])
def test_holdout_never_takes_the_only_row_of_a_class(n_singletons):
    labels = np.array([*range(n_singletons), *[n_singletons] * 60])
    stored, _ = holdout(labels, 0.5, 0)
    assert set(labels[stored]) == set(labels)


@given(labels_of_any_kind, st.integers(2, 8), seeds)
def test_folds_are_balanced_to_one_in_all_and_in_every_class(labels, n_folds, seed):
    fold = folds(labels, n_folds, seed)
    used = min(n_folds, len(labels))
    sizes = np.bincount(fold, minlength=used)
    assert len(sizes) == used
    assert sizes.min() >= 1
    assert np.ptp(sizes) <= 1
    for code in np.unique(labels):
        assert np.ptp(np.bincount(fold[labels == code], minlength=used)) <= 1


@given(labels_of_any_kind, st.integers(2, 8), seeds)
def test_folds_are_deterministic(labels, n_folds, seed):
    assert np.array_equal(folds(labels, n_folds, seed), folds(labels, n_folds, seed))


@given(st.integers(2, 5), seeds)
def test_two_rows_of_a_rare_class_are_never_in_the_same_fold(n_folds, seed):
    labels = np.array([0] * 50 + [1] * 2)
    first, second = folds(labels, n_folds, seed)[-2:]
    assert first != second


@given(labels_of_any_kind, st.integers(2, 6), seeds)
def test_every_row_is_a_selection_row_once(labels, n_folds, seed):
    fold = for_selection(labels, SplitSettings(folds=n_folds), seed)
    assert np.array_equal(fold, folds(labels, n_folds, seed))


@given(labels_of_any_kind, seeds)
def test_of_many_rows_one_holdout_chooses_which_no_fold_has(labels, seed):
    settings = SplitSettings(folds=3, once_above=1)
    fold = for_selection(labels, settings, seed)
    seen, held = holdout(labels, settings.selection_size, seed)
    assert np.array_equal(np.flatnonzero(fold == UNSEEN), held)
    assert np.array_equal(fold[seen], folds(labels[seen], 3, seed))


@pytest.mark.parametrize(
    ("n", "expected"), [(20_000, 5), (20_001, 3), (200_000, 3), (200_001, 2), (10**7, 2)]
)
def test_the_more_rows_the_fewer_folds(n, expected):
    assert number_of_folds(SplitSettings(), n) == expected
    assert number_of_folds(SplitSettings(folds=2), n) == 2
    assert number_of_folds(SplitSettings(folds_until=0), n) == 5
