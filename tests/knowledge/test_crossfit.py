"""Teachers without pairs of folds: a fit serves both folds of its pair."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from hpmkd.data.make_dataset import make_dataset
from hpmkd.execution.counters import Counts
from hpmkd.knowledge.crossfit import CrossFitter, Queries
from hpmkd.knowledge.predictions import CrossFittedPredictions
from hpmkd.knowledge.teachers import CloneableTeacher

N, FOLDS = 120, 4
RNG = np.random.default_rng(0)
TRAINING = make_dataset(RNG.normal(size=(N, 3)), RNG.integers(0, 2, N))
FOLD_OF_ROW = RNG.permutation(N) % FOLDS
SINGLE = [(fold,) for fold in range(FOLDS)]
PAIRS = list(combinations(range(FOLDS), 2))
NEAREST = CloneableTeacher("nearest", KNeighborsClassifier(1))


@pytest.fixture
def fitter(dict_cache, in_process):
    finished = []
    made = CrossFitter(
        TRAINING,
        dict_cache,
        in_process(),
        FOLD_OF_ROW,
        seed=0,
        counts=Counts(),
        on_fold=lambda: finished.append(1),
    )
    made.finished = finished
    return made


def predicted(fitter, held, queries=None):
    found = fitter.predict([(NEAREST, "nearest")], held, queries or Queries())
    return CrossFittedPredictions(("nearest",), [found["nearest"]], FOLD_OF_ROW)


def by_hand(held):
    """The model without some folds."""
    seen = ~np.isin(FOLD_OF_ROW, held)
    return KNeighborsClassifier(1).fit(TRAINING.table[seen], TRAINING.labels[seen])


def test_a_fit_without_a_pair_serves_both_of_its_folds(fitter):
    found = predicted(fitter, PAIRS)
    assert fitter.counts.teacher_fits == len(PAIRS) == FOLDS * (FOLDS - 1) // 2
    assert len(fitter.finished) == len(PAIRS)
    for held in range(FOLDS):
        outside = np.flatnonzero(held != FOLD_OF_ROW)
        expected = np.empty((len(outside), 2))
        for fold in range(FOLDS):
            own = FOLD_OF_ROW[outside] == fold
            if own.any():
                expected[own] = by_hand([held, fold]).predict_proba(TRAINING.table[outside[own]])
        np.testing.assert_array_equal(found.out_of_fold(held)[0], expected)
    # All folds took no further fit.
    assert fitter.counts.teacher_fits == len(PAIRS)


def test_pairs_and_single_folds_are_kept_apart_and_each_once(fitter):
    for _ in range(2):
        predicted(fitter, SINGLE)
        predicted(fitter, PAIRS)
        predicted(fitter, [*PAIRS[2:], *SINGLE[1:]])
    assert fitter.counts.teacher_fits == len(SINGLE) + len(PAIRS)


def test_a_memory_never_meets_the_rows_that_it_is_asked_about(fitter):
    """The nearest row of a row that was seen is the row itself, and right for sure."""
    found = predicted(fitter, SINGLE)
    wrong = found.out_of_fold()[0].argmax(axis=1) != TRAINING.labels
    assert abs(wrong.mean() - 0.5) < 4 * 0.5 / N**0.5
    extra = Queries(extra=TRAINING.table)
    copies = predicted(fitter, SINGLE, extra)
    for fold in range(FOLDS):
        of_all = copies.extra(fold)[0].argmax(axis=1)
        inside = fold == FOLD_OF_ROW
        assert (of_all == TRAINING.labels)[~inside].all()
        assert np.array_equal(of_all[inside] != TRAINING.labels[inside], wrong[inside])


def test_no_teachers_cost_no_fits(fitter):
    assert fitter.predict([], SINGLE, Queries()) == {}
    assert fitter.counts.teacher_fits == 0
