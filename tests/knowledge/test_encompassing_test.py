"""Which way labels lean: is the test normal where it must be, and of the right sign elsewhere?"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import softmax

from hpmkd.knowledge.encompassing_test import lean


def truth(rng, n=600, k=3):
    return softmax(rng.normal(0, 1.5, (n, k)), axis=1)


def drawn(rng, probabilities):
    return (probabilities.cumsum(axis=1) < rng.random((len(probabilities), 1))).sum(axis=1)


def blurred(rng, probabilities, noise=1.0):
    return softmax(np.log(probabilities) + rng.normal(0, noise, probabilities.shape), axis=1)


def twin(given, reference, labels):
    """The same, row by row, with a root in place of a minimum and variances from definitions."""

    def at(power):
        return softmax(power * np.log(given), axis=1)

    def slope(power):
        p = at(power)
        of_label = np.log(given[np.arange(len(labels)), labels])
        return float((of_label - (p * np.log(given)).sum(axis=1)).sum())

    p = at(brentq(slope, 0.01, 20))
    g, r = np.log(given), np.log(reference)
    pairs = [np.cov(a, b, aweights=w, ddof=0) for a, b, w in zip(g, r, p, strict=True)]
    shared = sum(pair[0, 1] for pair in pairs) / sum(pair[0, 0] for pair in pairs)
    score = variance = 0.0
    for row, label in enumerate(labels):
        beside = r[row] - shared * g[row]
        mean = p[row] @ beside
        score += beside[label] - mean
        variance += p[row] @ (beside - mean) ** 2
    return score / np.sqrt(variance)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_it_is_what_its_definition_says(k):
    rng = np.random.default_rng(k)
    given = truth(rng, 80, k)
    reference, labels = blurred(rng, given), drawn(rng, blurred(rng, given, 0.5))
    assert lean(given, reference, labels) == pytest.approx(twin(given, reference, labels), abs=1e-3)


@pytest.mark.parametrize("power", [1.0, 0.6, 1.8])
def test_it_is_standard_normal_if_what_is_given_is_the_truth(power):
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        true = truth(rng)
        labels = drawn(rng, true)
        given = true**power / (true**power).sum(axis=1, keepdims=True)
        found.append(lean(given, blurred(rng, true), labels))
    assert abs(np.mean(found)) < 0.25
    assert 0.85 < np.std(found) < 1.15


def test_labels_lean_to_a_reference_that_knows_something():
    rng = np.random.default_rng(0)
    true = truth(rng)
    assert lean(blurred(rng, true), blurred(rng, true), drawn(rng, true)) > 3


def test_labels_lean_away_from_the_reference_of_one_that_has_read_them():
    rng = np.random.default_rng(0)
    true = truth(rng)
    labels = drawn(rng, true)
    moved = 0.8 * true + 0.2 * np.eye(3)[labels]
    assert lean(moved, blurred(rng, true, 0.3), labels) < -3


def test_where_nothing_is_in_doubt_nothing_leans():
    labels = np.arange(60) % 3
    assert lean(np.eye(3)[labels], np.full((60, 3), 1 / 3), labels) == pytest.approx(0, abs=0.1)
    assert lean(np.full((60, 3), 1 / 3), np.full((60, 3), 1 / 3), labels) == 0
