"""AUC, average precision and F1: scikit-learn's, and the values of single rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from hpmkd.evaluation.gates import compare
from hpmkd.evaluation.metrics.of_all_rows import F1, Auc, AveragePrecision

METRICS = [Auc(1), AveragePrecision(1), F1(1), Auc(None), AveragePrecision(None), F1(None)]


def problem(n=200, n_classes=2, seed=0, decimals=1):
    """Labels, probabilities with ties, and weights."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(n_classes, n, p=[0.8, *[0.2 / (n_classes - 1)] * (n_classes - 1)])
    scores = rng.random((n, n_classes)) + 0.4 * np.eye(n_classes)[labels]
    probabilities = np.round(scores / scores.sum(axis=1, keepdims=True), decimals) + 1e-6
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return labels, probabilities, rng.integers(0, 4, n).astype(float)


def test_two_classes_are_scored_as_by_scikit_learn():
    labels, probabilities, weights = problem()
    second = probabilities[:, 1]
    for given in (None, weights):
        assert Auc(1).loss(labels, probabilities, given) == pytest.approx(
            1 - roc_auc_score(labels, second, sample_weight=given)
        )
        assert AveragePrecision(1).loss(labels, probabilities, given) == pytest.approx(
            1 - average_precision_score(labels, second, sample_weight=given)
        )
        assert F1(1).loss(labels, probabilities, given) == pytest.approx(
            1 - f1_score(labels, probabilities.argmax(axis=1), sample_weight=given)
        )


def test_many_classes_are_the_mean_of_one_versus_the_rest():
    labels, probabilities, _ = problem(n_classes=4, decimals=3)
    assert Auc().loss(labels, probabilities) == pytest.approx(
        1 - roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    )
    assert AveragePrecision().loss(labels, probabilities) == pytest.approx(
        1 - average_precision_score(labels, probabilities, average="macro")
    )
    assert F1().loss(labels, probabilities) == pytest.approx(
        1 - f1_score(labels, probabilities.argmax(axis=1), average="macro")
    )


@pytest.mark.parametrize("metric", METRICS, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_row_losses_have_the_loss_as_their_mean_and_its_slope_in_each_weight(metric, weighted):
    labels, probabilities, weights = problem(n_classes=2 if metric.positive else 3)
    weights = weights + 0.5 if weighted else np.ones(len(labels))
    rows = metric.row_losses(labels, probabilities, weights if weighted else None)
    loss = metric.loss(labels, probabilities, weights)
    assert np.average(rows, weights=weights) == pytest.approx(loss, abs=1e-12)
    for at in range(0, len(labels), 17):
        step = np.zeros(len(labels))
        step[at] = 1e-5
        rise = metric.loss(labels, probabilities, weights + step) - metric.loss(
            labels, probabilities, weights - step
        )
        slope = rise / 2e-5 * weights.sum()
        assert rows[at] - loss == pytest.approx(slope, abs=1e-5)


@pytest.mark.parametrize("metric", METRICS, ids=repr)
def test_a_weight_of_two_is_a_doubled_row(metric):
    labels, probabilities, weights = problem(n_classes=2 if metric.positive else 3, seed=3)
    rows = np.repeat(np.arange(len(labels)), weights.astype(int))
    assert metric.loss(labels, probabilities, weights) == pytest.approx(
        metric.loss(labels[rows], probabilities[rows])
    )
    assert metric.row_losses(labels, probabilities, weights)[rows] == pytest.approx(
        metric.row_losses(labels[rows], probabilities[rows])
    )


@pytest.mark.parametrize("metric", METRICS, ids=repr)
def test_the_standard_error_of_row_losses_is_that_of_resampling(metric):
    labels, one, _ = problem(1000, 2 if metric.positive else 3, decimals=4)
    _, other, _ = problem(1000, 2 if metric.positive else 3, decimals=4)
    other = 0.9 * other + 0.1 * np.random.default_rng(5).dirichlet(np.ones(one.shape[1]), len(one))
    error = compare(metric.row_losses(labels, one), metric.row_losses(labels, other)).standard_error
    rng, gains = np.random.default_rng(1), []
    for _ in range(100):
        rows = rng.integers(0, len(labels), len(labels))
        gains.append(metric.loss(labels[rows], one[rows]) - metric.loss(labels[rows], other[rows]))
    assert error == pytest.approx(np.std(gains), rel=0.2)


@pytest.mark.parametrize(
    "metric", [Auc(1), AveragePrecision(1), Auc(), AveragePrecision()], ids=repr
)
def test_rows_of_one_class_say_nothing(metric):
    labels, probabilities = np.zeros(5, int), np.full((5, 2), 0.5)
    assert metric.loss(labels, probabilities) == 0.5
    assert metric.row_losses(labels, probabilities).tolist() == [0.5] * 5


def test_f1_of_a_class_that_is_neither_there_nor_named_is_zero():
    labels, probabilities = np.zeros(3, int), np.tile([0.9, 0.1], (3, 1))
    assert F1(1).loss(labels, probabilities) == 1
    assert F1(1).row_losses(labels, probabilities).tolist() == [1.0] * 3
