from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.data.splits import folds, for_selection, holdout
from hpmkd.recipe.recipe import Recipe

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


@pytest.mark.parametrize(("n_rows", "n_splits"), [(90, 3), (120, 1)])
def test_few_rows_are_all_selection_rows_in_their_turn(n_rows, n_splits):
    settings = Recipe.load("hpm").override({"split.cross_validate_below": 100}).split
    labels = np.arange(n_rows) % 3
    found = for_selection(labels, settings, seed=0)
    assert len(found) == n_splits
    for fitted, held_out in found:
        assert np.array_equal(np.sort(np.concatenate([fitted, held_out])), np.arange(n_rows))
    share = 1.0 if n_splits > 1 else settings.selection_size
    requested = np.concatenate([held_out for _, held_out in found])
    assert len(set(requested)) == len(requested) == round(share * n_rows)
