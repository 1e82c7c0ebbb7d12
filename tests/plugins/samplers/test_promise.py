"""The most promising first, and no two alike as long as others promise as much."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.values import Configuration
from hpmkd_defaults.samplers.promise import Promise
from hpmkd_defaults.samplers.surrogate import Posterior

GRID = [Configuration("a", 1.0, alpha) for alpha in (0.1, 0.2, 0.3, 0.4)]


def taken(mean, covariance, n=4, noise=0.01):
    left = list(GRID)
    promise = Promise(GRID, Posterior(np.array(mean), np.array(covariance), noise))
    order = []
    for _ in range(n):
        best = promise.take(left)
        left.remove(best)
        order.append(GRID.index(best))
    return order


def test_the_lowest_bound_first():
    assert taken([0.4, 0.3, 0.2, 0.1], np.eye(4)) == [3, 2, 1, 0]
    # A wide one may be better than the best mean.
    assert taken([0.4, 0.3, 0.2, 0.1], np.diag([1.0, 0.01, 0.01, 0.01]), n=1) == [0]


def test_what_is_like_a_taken_one_waits():
    """The first two are the same but for a little, the others not so good and different."""
    alike = np.eye(4)
    alike[0, 1] = alike[1, 0] = 0.99
    assert taken([0.0, 0.01, 0.2, 0.3], alike) == [0, 2, 3, 1]
    assert taken([0.0, 0.01, 0.2, 0.3], np.eye(4)) == [0, 1, 2, 3]


def test_it_is_the_posterior_with_the_mean_as_a_result():
    """GP-BUCB: the deviation is that of a process which was told the mean at what was taken."""
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 6))
    covariance, noise = root @ root.T / 6, 0.1
    promise = Promise(GRID, Posterior(np.array([0.0, 9.0, 9.0, 9.0]), covariance, noise))
    assert promise.take(GRID) is GRID[0]
    gain = covariance[:, 0] / (covariance[0, 0] + noise)
    expected = covariance - np.outer(gain, covariance[0])
    assert promise._covariance == pytest.approx(expected)


def test_among_some_alone():
    promise = Promise(GRID, Posterior(np.arange(4.0), np.eye(4), 0.01))
    assert promise.take(GRID[2:]) is GRID[2]


def test_without_knowledge_the_order_stays():
    promise = Promise(GRID, None)
    assert promise.take(GRID[1:]) is GRID[1]
