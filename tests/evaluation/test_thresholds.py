"""The threshold that suits a rare class."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.evaluation.metrics.of_all_rows import F1
from hpmkd.evaluation.metrics.per_row import Cost
from hpmkd.evaluation.thresholds import best_threshold as of_classes


def best_threshold(labels, probabilities, metric, weights=None):
    classes = np.array([*"nyz"])[: probabilities.shape[1]]
    return of_classes(labels, probabilities, metric, classes, weights)


def problem(share=0.05, n=2000, seed=0, rare=1):
    rng = np.random.default_rng(seed)
    own = rng.random(n) < share
    margin = rng.normal(size=n) + 2.0 * own - 3.0
    p = 1 / (1 + np.exp(-margin))
    probabilities = np.column_stack([1 - p, p])
    return (own.astype(int), probabilities) if rare else (1 - own, probabilities[:, ::-1])


@pytest.mark.parametrize("rare", [0, 1])
def test_a_rare_class_has_the_threshold_of_highest_f1(rare):
    labels, probabilities = problem(n=600, rare=rare)
    found = best_threshold(labels, probabilities, LOG_LOSS)
    assert (found.label, found.score) == ("ny"[rare], "F1")
    assert found.share == pytest.approx((labels == rare).mean())
    own, p = labels == rare, probabilities[:, rare]
    for named, decisions in (
        (p >= found.best, found.at_best),
        (probabilities.argmax(axis=1) == rare, found.at_half),
    ):
        assert decisions.recall == pytest.approx(recall_score(own, named))
        assert decisions.precision == pytest.approx(precision_score(own, named))
        assert decisions.score == pytest.approx(f1_score(own, named))
    assert found.at_best.score == pytest.approx(max(f1_score(own, p >= t) for t in p))
    assert found.at_best.recall > found.at_half.recall


def test_costs_have_the_threshold_of_least_cost():
    labels, probabilities = problem(0.4)
    cost = Cost(((0.0, 1.0), (10.0, 0.0)))
    found = best_threshold(labels, probabilities, cost)
    paid = [
        np.where(labels == 1, 10 * (p < t), p >= t).mean()
        for p in [probabilities[:, 1]]
        for t in [*p, found.best]
    ]
    assert found.score == "cost"
    assert found.at_best.score == pytest.approx(min(paid)) == pytest.approx(paid[-1])


def test_where_each_alarm_is_too_dear_no_row_is_named():
    labels, probabilities = problem(0.1)
    labels[probabilities[:, 1].argmax()] = 0
    found = best_threshold(labels, probabilities, Cost(((0.0, 1e6), (1.0, 0.0))))
    assert (found.at_best.recall, found.at_best.precision) == (0, 0)
    assert probabilities[:, 1].max() < found.best <= 1


def test_a_weight_of_two_is_a_doubled_row():
    labels, probabilities = problem(n=300)
    weights = np.random.default_rng(0).integers(0, 3, 300)
    rows = np.repeat(np.arange(300), weights)
    weighted = best_threshold(labels, probabilities, LOG_LOSS, weights.astype(float))
    doubled = best_threshold(labels[rows], probabilities[rows], LOG_LOSS)
    assert weighted.at_best.score == pytest.approx(doubled.at_best.score)
    assert weighted.at_half.recall == pytest.approx(doubled.at_half.recall)
    assert weighted.share == pytest.approx(doubled.share)


def test_there_is_nothing_to_offer_for_common_or_many_classes():
    labels, probabilities = problem(0.3)
    assert best_threshold(labels, probabilities, LOG_LOSS) is None
    assert best_threshold(labels, probabilities, F1(1)) is not None
    assert best_threshold(labels, np.full((len(labels), 3), 1 / 3), F1(None)) is None
    assert best_threshold(0 * labels, probabilities, LOG_LOSS) is None
