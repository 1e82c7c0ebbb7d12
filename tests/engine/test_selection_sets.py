"""The rows of each fold: encoded once, numbered as the training rows are."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hpmkd.data import splits
from hpmkd.data.dataset import Dataset
from hpmkd.data.unlabeled import PseudoLabelledRows
from hpmkd.engine.selection_sets import selection_sets, trial_rows, with_knowledge
from hpmkd.engine.split import RunRows
from hpmkd.recipe.settings import SplitSettings
from hpmkd.training.datasets import selection_rows

N, CLASSES = 60, np.arange(2)


def context(cache, **settings):
    return SimpleNamespace(
        recipe=SimpleNamespace(split=SplitSettings(**settings)),
        seeds=SimpleNamespace(selection=7),
        cache=cache,
        trainer=SimpleNamespace(fitting=SimpleNamespace(encodings={"tree", "linear"})),
    )


def rows_of(settings):
    """Training rows that are a part of a larger table, in another order than there."""
    rng = np.random.default_rng(1)
    whole = Dataset(np.arange(3.0 * 2 * N).reshape(2 * N, 3), np.arange(2 * N) % 2, CLASSES)
    training = whole.rows(rng.permutation(2 * N)[:N])
    return RunRows(
        training=training,
        test=whole.rows(np.arange(5)),
        unlabeled=None,
        fold_of_row=splits.for_selection(training.labels, settings, 0),
    )


def prepared(cache, **settings):
    ctx = context(cache, **settings)
    rows = rows_of(ctx.recipe.split)
    return ctx, rows, selection_sets(ctx, rows)


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_every_row_judges_once_and_is_fitted_on_in_all_other_folds(dict_cache, folds):
    _, rows, sets = prepared(dict_cache, folds=folds)
    assert len(sets) == folds
    assert np.array_equal(selection_rows(sets), np.arange(N))
    table = rows.training.table
    for each in sets:
        others = np.setdiff1d(np.arange(N), each.held_rows)
        assert np.array_equal(each.held.table, table[each.held_rows])
        assert np.array_equal(each.held.labels, rows.training.labels[each.held_rows])
        assert np.array_equal(each.training.raw.table, table[others])
        assert np.array_equal(each.training.encoded["tree"][1], table[others])
        # Until a teacher has predicted, the labels stand for what it says.
        assert np.array_equal(each.training.soft_targets.argmax(axis=1), each.training.labels)
        assert not each.is_part


def test_one_holdout_judges_what_is_fitted_on_the_other_rows(dict_cache):
    _, rows, (only,) = prepared(dict_cache, once_above=1)
    assert np.array_equal(only.held_rows, np.flatnonzero(rows.fold_of_row < 0))
    assert len(only.training) == N - len(only.held_rows)


@pytest.mark.parametrize("once_above", [0, 1])
def test_trials_see_a_part_of_many_rows_by_their_numbers(dict_cache, once_above):
    ctx, rows, sets = prepared(dict_cache, folds=3, once_above=once_above, trial_rows=20)
    for fold, each in zip(rows.held_folds, sets, strict=True):
        at = trial_rows(ctx, rows, fold)
        assert len(at) == len(each.training) == 20
        assert each.is_part
        assert each.available == N - len(each.held_rows)
        assert not set(at) & set(each.held_rows)
        assert np.array_equal(each.training.raw.table, rows.training.table[at])


def test_what_teachers_know_is_put_beside_the_same_encoded_rows(dict_cache):
    ctx, _, (first, *_) = prepared(dict_cache)
    encoded = first.held_out("tree")
    n = len(first.training)
    soft_targets = np.full((n, 2), 0.5)
    extra = PseudoLabelledRows(np.ones((4, 3)), np.full((4, 2), 0.5), real=True)
    after = with_knowledge(ctx, first, soft_targets, extra)
    assert after.training.encoded is first.training.encoded
    assert after.held_out("tree") is encoded
    assert np.array_equal(after.training.soft_targets, soft_targets)
    assert np.array_equal(after.training.encoded_extra["tree"].matrix, extra.table)
    assert np.array_equal(after.training.encoded_extra["linear"].soft_targets, extra.soft_targets)
    assert np.array_equal(after.held_rows, first.held_rows)
    # Hard students have none of it.
    assert first.training.extra is None
    again = with_knowledge(ctx, first, None, None)
    assert again.training.soft_targets is first.training.soft_targets
    assert again.training.encoded_extra == {}
