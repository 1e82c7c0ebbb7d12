"""Log loss, Brier, accuracy and cost, beside scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

from hpmkd.evaluation.metrics.per_row import LOG_LOSS, Accuracy, Brier, Cost


@pytest.fixture(params=[2, 4])
def problem(request):
    rng = np.random.default_rng(request.param)
    labels = rng.integers(0, request.param, 100)
    return labels, rng.dirichlet(np.ones(request.param), 100), rng.random(100)


def test_losses_are_those_of_scikit_learn(problem):
    labels, probabilities, weights = problem
    codes = np.arange(probabilities.shape[1])
    of_brier = probabilities[:, 1] if len(codes) == 2 else probabilities
    for given in (None, weights):
        assert LOG_LOSS.loss(labels, probabilities, given) == pytest.approx(
            log_loss(labels, probabilities, labels=codes, sample_weight=given)
        )
        assert Brier().loss(labels, probabilities, given) == pytest.approx(
            brier_score_loss(labels, of_brier, labels=codes, sample_weight=given)
        )
        assert Accuracy().loss(labels, probabilities, given) == pytest.approx(
            1 - accuracy_score(labels, probabilities.argmax(axis=1), sample_weight=given)
        )


def test_a_cost_of_one_for_each_mistake_is_the_error_rate(problem):
    labels, probabilities, weights = problem
    n_classes = probabilities.shape[1]
    cost = Cost(tuple(map(tuple, 1 - np.eye(n_classes))))
    assert cost.loss(labels, probabilities, weights) == pytest.approx(
        Accuracy().loss(labels, probabilities, weights)
    )


def test_the_decision_is_that_of_least_expected_cost():
    # To miss the second class costs ten: it is named from a probability of 1/11 on.
    cost, probabilities = Cost(((0.0, 1.0), (10.0, 0.0))), np.array([[0.92, 0.08], [0.9, 0.1]])
    assert cost.row_losses(np.array([0, 0]), probabilities).tolist() == [0, 1]
    assert cost.row_losses(np.array([1, 1]), probabilities).tolist() == [10, 0]


def test_scores_are_read_as_people_write_them():
    assert Accuracy().shown(0.25) == "accuracy 0.7500"
    assert LOG_LOSS.shown(0.25) == "log loss 0.2500"
