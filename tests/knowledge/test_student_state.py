"""The current student is shown row by row, each by a model that is new to its label."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hpmkd.knowledge.crossfit import FoldPredictions
from hpmkd.knowledge.predictions import CrossFittedPredictions
from hpmkd.knowledge.student_state import StudentState

FOLD_OF_ROW = np.array([0, 1, 0, 1, 1])


def of_fold(fold, rows):
    """The model without a fold gives the first class the number of the fold, in tenths."""

    def saying(n):
        return np.tile([fold / 10, 1 - fold / 10], (n, 1))

    own = {fold: saying(rows)}
    return FoldPredictions(own, np.empty((0, 2)), saying(3), saying(4), saying(2 + fold))


@pytest.fixture
def student():
    parts = {(0,): of_fold(0, 2), (1,): of_fold(1, 3)}
    predictions = CrossFittedPredictions(("tree student",), [parts], FOLD_OF_ROW)
    return StudentState(predictions, {0: np.full((3, 2), 0.5), 1: np.full((2, 2), 0.5)})


def test_each_row_is_predicted_out_of_fold(student):
    rows = np.array([0, 1, 4])
    np.testing.assert_array_equal(student.of(rows)[:, 0], FOLD_OF_ROW[rows] / 10)
    assert not student.of(rows).flags.writeable


def test_rows_beside_a_fold_are_predicted_without_it_where_that_is_needed(student):
    assert student.of(np.flatnonzero(FOLD_OF_ROW != 0), held=0) is student.outside[0]


def test_rows_without_labels_are_predicted_as_teachers_predict_them(student):
    np.testing.assert_allclose(student.extra()[:, 0], np.full(4, 0.05))
    np.testing.assert_allclose(student.extra(1)[:, 0], np.full(4, 0.1))
    np.testing.assert_allclose(student.made(1)[:, 0], np.full(3, 0.1))
    np.testing.assert_allclose(student.test()[:, 0], np.full(3, 0.05))


def test_an_empty_student_state_has_no_predictions():
    nobody = StudentState()
    told = [nobody.of(np.arange(5)), nobody.of(np.arange(5), 0), nobody.extra(), nobody.extra(1)]
    assert [*told, nobody.made(0), nobody.test()] == [None] * 6


def test_without_further_rows_the_student_state_has_none():
    nothing = SimpleNamespace(extra=lambda held=None: None, made=lambda held: None)
    assert StudentState(nothing).extra() is None
    assert StudentState(nothing).made(0) is None
