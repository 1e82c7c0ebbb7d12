"""Means over rows that need not all weigh the same."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.values import standard_error, weighted_mean

VALUES = np.array([1.0, 2.0, 4.0, 8.0])


def test_a_row_of_weight_two_counts_as_two():
    weights = np.array([1.0, 2.0, 1.0, 3.0])
    assert weighted_mean(VALUES, weights) == pytest.approx(VALUES.repeat([1, 2, 1, 3]).mean())


def test_without_weights_they_are_the_plain_ones():
    assert weighted_mean(VALUES) == VALUES.mean()
    assert standard_error(VALUES) == VALUES.std(ddof=1) / 2
    assert standard_error(VALUES, np.full(4, 0.3)) == pytest.approx(standard_error(VALUES))


def test_an_error_does_not_depend_on_the_scale_of_the_weights():
    weights = np.array([1.0, 2.0, 1.0, 3.0])
    assert standard_error(VALUES, 1000 * weights) == pytest.approx(standard_error(VALUES, weights))


def test_a_heavy_row_is_no_more_evidence_than_a_row():
    """One that weighs nearly all leaves little that the others could tell."""
    weights = np.array([1.0, 1.0, 1.0, 1000.0])
    assert standard_error(VALUES, weights) < 0.1
    assert standard_error(VALUES[:1], weights[:1]) == np.inf


def test_an_error_is_the_spread_of_repeated_samples():
    rng = np.random.default_rng(0)
    means, errors = [], []
    for _ in range(400):
        values, weights = rng.normal(size=200), rng.exponential(size=200)
        means.append(weighted_mean(values, weights))
        errors.append(standard_error(values, weights))
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.1)
