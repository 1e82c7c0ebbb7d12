"""Predictions put together from those of fold models, against a naive twin."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.knowledge.crossfit import FoldPredictions
from hpmkd.knowledge.predictions import CrossFittedPredictions, stack

K = 2


def said(teacher, held, row):
    """What the model of a teacher that was fitted without some folds predicts of a row."""
    first = ((teacher + 1) * 0.37 + 0.11 * row + sum(0.013 * 3**fold for fold in held)) % 1.0
    return [first, 1 - first]


def of_rows(teacher, held, rows):
    return np.array([said(teacher, held, row) for row in rows]).reshape(-1, K)


TEST, EXTRA = [1000, 1001, 1002], [2000, 2001]


def made_without(fold):
    return [3000 + 10 * fold + at for at in range(fold + 1)]


def model(teacher, held, fold_of_row):
    return FoldPredictions(
        held={fold: of_rows(teacher, held, np.flatnonzero(fold_of_row == fold)) for fold in held},
        unseen=of_rows(teacher, held, np.flatnonzero(fold_of_row < 0)),
        test=of_rows(teacher, held, TEST),
        extra=of_rows(teacher, held, EXTRA),
        made=of_rows(teacher, held, made_without(held[0])) if len(held) == 1 else None,
    )


def predictions(fold_of_row, n_teachers, size=1):
    every = combinations(range(int(fold_of_row.max()) + 1), size)
    folds = list(every)
    # The order in which models finish does not matter.
    folds = folds[::-1]
    by_teacher = [
        {held: model(at, held, fold_of_row) for held in folds} for at in range(n_teachers)
    ]
    names = tuple(f"t{at}" for at in range(n_teachers))
    return CrossFittedPredictions(names, by_teacher, fold_of_row)


def fold_numbers(least):
    """Folds of rows, each with one at least; -1 for rows that no model sees, if `least` is -1."""
    return st.integers(2, 5).flatmap(
        lambda n: st.lists(st.integers(least, n - 1), max_size=30).map(
            lambda more: np.array([*range(n), *more])
        )
    )


@given(fold_numbers(-1), st.integers(1, 3))
def test_each_row_is_predicted_by_models_that_have_not_seen_it(fold_of_row, n_teachers):
    found = predictions(fold_of_row, n_teachers)
    n_folds = int(fold_of_row.max()) + 1
    assert np.array_equal(found.rows, np.arange(len(fold_of_row)))
    whole = found.out_of_fold()
    assert whole.shape == (n_teachers, len(fold_of_row), K)
    for teacher in range(n_teachers):
        for row, fold in enumerate(fold_of_row):
            models = [fold] if fold >= 0 else range(n_folds)
            expected = np.mean([said(teacher, (each,), row) for each in models], axis=0)
            np.testing.assert_allclose(whole[teacher, row], expected)
        bag = [of_rows(teacher, (fold,), TEST) for fold in range(n_folds)]
        np.testing.assert_allclose(found.test()[teacher], np.mean(bag, axis=0))
        own = [of_rows(teacher, (fold,), EXTRA) for fold in range(n_folds)]
        np.testing.assert_allclose(found.extra()[teacher], np.mean(own, axis=0))
        for fold in range(n_folds):
            np.testing.assert_array_equal(found.extra(fold)[teacher], own[fold])
            made = of_rows(teacher, (fold,), made_without(fold))
            np.testing.assert_array_equal(found.made(fold)[teacher], made)


@given(fold_numbers(0), st.integers(1, 3))
def test_outside_a_fold_each_row_is_predicted_without_both(fold_of_row, n_teachers):
    found = predictions(fold_of_row, n_teachers, size=2)
    for held in range(int(fold_of_row.max()) + 1):
        outside = np.flatnonzero(fold_of_row != held)
        whole = found.out_of_fold(held)
        assert whole.shape == (n_teachers, len(outside), K)
        for teacher in range(n_teachers):
            for at, row in enumerate(outside):
                pair = tuple(sorted((held, int(fold_of_row[row]))))
                np.testing.assert_array_equal(whole[teacher, at], said(teacher, pair, row))


@given(fold_numbers(-1))
def test_one_fold_predicts_its_own_rows_and_those_of_none(fold_of_row):
    whole = predictions(fold_of_row, 2)
    first = [{(0,): own[0,]} for own in whole.by_teacher]
    rest = [{held: own[held] for held in own if held != (0,)} for own in whole.by_teacher]
    found = CrossFittedPredictions(whole.names, first, fold_of_row)
    assert np.array_equal(found.rows, np.flatnonzero(fold_of_row <= 0))
    expected = [of_rows(at, (0,), found.rows) for at in range(2)]
    np.testing.assert_allclose(found.out_of_fold(), expected)
    assert np.array_equal(found.with_folds(rest).out_of_fold(), whole.out_of_fold())


def test_teachers_are_taken_by_name_and_put_beside_each_other():
    fold_of_row = np.arange(9) % 3
    found = predictions(fold_of_row, 3)
    whole = found.out_of_fold()
    chosen = found.of(["t2", "t0"])
    assert chosen.names == ("t2", "t0")
    assert np.array_equal(chosen.out_of_fold(), whole[[2, 0]])
    both = found.of(["t1"]).beside(chosen)
    assert both.names == ("t1", "t2", "t0")
    assert np.array_equal(both.out_of_fold(), whole[[1, 2, 0]])


@pytest.mark.parametrize("name", ["test", "extra", "made"])
def test_what_one_teacher_cannot_predict_is_not_known_of_all(name):
    fold_of_row = np.arange(6) % 2
    found = predictions(fold_of_row, 2)
    for held, part in found.by_teacher[1].items():
        found.by_teacher[1][held] = replace(part, **{name: None})
    if name == "test":
        known, unknown = found.test()
        assert known is not None
        assert unknown is None
    elif name == "extra":
        assert found.extra() is None
        assert found.extra(1) is None
    else:
        assert found.made(0) is None


def test_a_stack_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        stack([np.zeros((2, 2))])[0, 0, 0] = 1
