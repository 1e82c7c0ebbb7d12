"""Rows as they were handed in, and how they are divided."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.given_rows import GivenRows
from hpmkd.errors import DataError, DataWarning

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(RNG.normal(size=(50, 2)), columns=["a", "b"]).assign(
    y=np.arange(50) % 2, w=RNG.integers(0, 4, 50)
)
KEPT = FRAME[FRAME.w > 0]
#: Other rows, of the same labels and weights.
TEST = FRAME.assign(a=FRAME.a + 1.0)


def test_a_share_is_kept_to_measure_on_with_its_weights():
    training, test = GivenRows(FRAME, "y", sample_weight="w").divided(0.2, 0)
    assert len(training) + len(test) == len(KEPT)
    for rows in (training, test):
        np.testing.assert_allclose(rows.weights, FRAME.w.to_numpy()[rows.at] / KEPT.w.mean())
        assert list(rows.table.columns) == ["a", "b"]


def test_weights_of_classes_are_for_training_alone():
    training, test = GivenRows(FRAME, "y", class_weight={1: 3}).divided(0.2, 0)
    assert (
        training.weights[training.labels == 1].min() > training.weights[training.labels == 0].max()
    )
    assert test.weights is None


def test_test_rows_of_their_own_have_the_column_too():
    given = GivenRows(FRAME, "y", TEST, sample_weight="w")
    training, test = given.divided(0.2, 0)
    np.testing.assert_array_equal(training.weights, test.weights)
    np.testing.assert_array_equal(training.at, test.at)
    assert list(test.table.columns) == ["a", "b"]


def test_test_rows_without_the_column_count_the_same_with_a_warning():
    given = GivenRows(FRAME, "y", TEST.drop(columns="w"), sample_weight="w")
    with pytest.warns(DataWarning, match="the test rows have no column 'w' with weights"):
        test = given.divided(0.2, 0)[1]
    assert test.weights is None
    assert len(test) == 50


def test_test_rows_may_have_weights_of_their_own():
    X = FRAME[["a", "b"]]
    given = GivenRows(X, FRAME.y, TEST[["a", "b"]], FRAME.y, sample_weight_test=FRAME.w)
    training, test = given.divided(0.2, 0)
    assert training.weights is None
    assert len(test) == len(KEPT)


@pytest.mark.parametrize("name", ["y_test", "sample_weight_test"])
def test_what_belongs_to_test_rows_needs_test_rows(name):
    with pytest.raises(DataError, match=f"got {name} without X_test"):
        GivenRows(FRAME, "y", **{name: FRAME.w}).divided(0.2, 0)
