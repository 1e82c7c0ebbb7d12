"""Reliability curves: a probability against how often it happened."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.evaluation.reliability import Bin, Reliability


def test_of_two_classes_it_is_the_second_that_happens_or_not():
    matrix = np.array([[0.85, 0.15], [0.88, 0.12], [0.3, 0.7], [0.1, 0.9], [0.08, 0.92]])
    found = Reliability.measure("student", matrix, np.array([1, 0, 1, 1, 0]))
    assert found.of == "second class"
    assert found.bins == (
        Bin(0.1, 0.2, 2, 0.135, 0.5),
        Bin(0.6, 0.7, 1, 0.7, 1.0),
        Bin(0.8, 0.9, 1, 0.9, 1.0),
        Bin(0.9, 1.0, 1, 0.92, 0.0),
    )
    assert found.error == pytest.approx((2 * 0.365 + 0.3 + 0.1 + 0.92) / 5)


def test_of_more_classes_it_is_the_confidence_in_the_one_that_is_named():
    matrix = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.0, 0.0, 1.0]])
    found = Reliability.measure("teacher", matrix, np.array([1, 2, 2]))
    assert found.of == "predicted class"
    assert found.bins == (
        Bin(0.4, 0.5, 1, 0.5, 0.0),
        Bin(0.7, 0.8, 1, 0.8, 1.0),
        Bin(0.9, 1.0, 1, 1.0, 1.0),
    )
    assert found.error == pytest.approx((0.5 + 0.2) / 3, abs=1e-6)


def test_certainty_lies_in_the_outer_bins():
    matrix = np.array([[1.0, 0.0], [0.0, 1.0], [1 - 1e-17, 1e-17]])
    found = Reliability.measure("control", matrix, np.array([0, 1, 0]))
    assert [(each.low, each.rows) for each in found.bins] == [(0.0, 2), (0.9, 1)]
    assert found.error == 0


def test_a_hair_above_one_is_one():
    found = Reliability.measure("student", np.array([[0.0, 1 + 1e-9]]), np.array([1]))
    assert found.bins == (Bin(0.9, 1.0, 1, 1.0, 1.0),)


@given(st.integers(1, 300), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_bins_part_the_rows_and_their_means_are_those_of_all(n, k, seed):
    rng = np.random.default_rng(seed)
    matrix, labels = rng.dirichlet(np.ones(k), n), rng.integers(0, k, n)
    found = Reliability.measure("student", matrix, labels)
    rows = np.array([each.rows for each in found.bins])
    assert rows.sum() == n
    assert all(each.low <= each.predicted <= each.high for each in found.bins)
    probability = matrix[:, 1] if k == 2 else matrix.max(axis=1)
    happened = labels == 1 if k == 2 else labels == matrix.argmax(axis=1)
    predicted = sum(each.rows * each.predicted for each in found.bins) / n
    observed = sum(each.rows * each.observed for each in found.bins) / n
    assert predicted == pytest.approx(probability.mean(), abs=1e-5)
    assert observed == pytest.approx(happened.mean(), abs=1e-5)
    # No binning hides a bias of the whole.
    assert abs(predicted - observed) - 1e-5 <= found.error <= 1
    assert Reliability.from_mapping(json.loads(json.dumps(found.to_mapping()))) == found
