"""Where rows have weights, whatever is measured or chosen is that of repeated rows."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.evaluation.gates import compare
from hpmkd.evaluation.metric_difference import by_rows, metric_difference
from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.evaluation.metrics.of_all_rows import F1, Auc, AveragePrecision
from hpmkd.evaluation.metrics.per_row import Brier
from hpmkd.evaluation.near_ties import smaller_of_near_ties
from hpmkd.evaluation.ranking import TrialRanking
from hpmkd.evaluation.reliability import Reliability
from hpmkd.evaluation.repeated_selection import repeated_gain
from hpmkd.evaluation.row_details import RowDetails
from hpmkd.evaluation.scores import best_temperature, fidelity, score
from hpmkd.evaluation.verdict import HARD, STUDENT, TEACHER, Searched, judge
from hpmkd.recipe.limits import Limits
from hpmkd.training.judging import results
from hpmkd.values import Configuration, Trial

RNG = np.random.default_rng(0)
N = 300
TIMES = RNG.integers(1, 5, N)
WEIGHTS = TIMES.astype(float)


def drawn(n_classes, seed=0):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(n_classes), N), rng.integers(0, n_classes, N)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_scores(n_classes):
    predicted, labels = drawn(n_classes)
    found = vars(score(predicted, labels, WEIGHTS))
    expected = vars(score(predicted.repeat(TIMES, axis=0), labels.repeat(TIMES)))
    assert found == pytest.approx(expected)
    other = drawn(n_classes, 1)[0]
    closeness = vars(fidelity(predicted, other, WEIGHTS))
    repeated = (each.repeat(TIMES, axis=0) for each in (predicted, other))
    assert closeness == pytest.approx(vars(fidelity(*repeated)))
    temperature = best_temperature(predicted, labels, WEIGHTS)
    expected = best_temperature(predicted.repeat(TIMES, axis=0), labels.repeat(TIMES))
    assert temperature == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_reliability_and_recall(n_classes):
    predicted, labels = drawn(n_classes)
    found = Reliability.measure("student", predicted, labels, WEIGHTS)
    expected = Reliability.measure("student", predicted.repeat(TIMES, axis=0), labels.repeat(TIMES))
    assert found.error == pytest.approx(expected.error, abs=2e-6)
    for one, other in zip(found.bins, expected.bins, strict=True):
        assert (one.predicted, one.observed) == pytest.approx((other.predicted, other.observed))
    details = RowDetails.gather({"student": predicted}, labels, (), np.empty((0, 0)), 0, WEIGHTS)
    right = predicted.argmax(axis=1) == labels
    for code, own in enumerate(details.by_class):
        at = labels == code
        assert own.rows == at.sum()
        assert own.student == pytest.approx(np.average(right[at], weights=WEIGHTS[at]), abs=1e-6)


def test_the_gain_of_a_step():
    before, after = RNG.exponential(size=(2, N))
    found = compare(before, after, WEIGHTS)
    expected = compare(before.repeat(TIMES), after.repeat(TIMES))
    assert found.gain == pytest.approx(expected.gain)
    assert found.standard_error > expected.standard_error  # weight is no number of rows


def test_near_ties():
    """Where the smaller one is worse, rows may count little, or much."""
    best = np.full(N, 0.5)
    small = best + np.where(np.arange(N) < 20, 1.0, -0.05) + RNG.normal(0, 0.01, N)
    losses, sizes = {"large": best, "small": small}, {"large": 2, "small": 1}
    light, heavy = (np.where(np.arange(N) < 20, each, 1.0) for each in (0.1, 10.0))
    assert smaller_of_near_ties("large", losses, sizes, weights=light)[0] == "small"
    assert smaller_of_near_ties("large", losses, sizes, weights=heavy)[0] == "large"


def test_repeated_selection():
    losses = np.stack([np.full(N, 0.5), 0.5 + np.where(np.arange(N) % 2, 0.2, -0.2)])
    losses += RNG.normal(0, 0.02, losses.shape)
    hard = np.array([True, False])
    even = np.where(np.arange(N) % 2, 0.2, 3.0)
    assert repeated_gain(losses, hard, 0, even).gain > 0.1
    assert repeated_gain(losses, hard, 0, even[::-1]).gain == 0.0
    same = repeated_gain(losses, hard, 0, np.ones(N))
    assert same.gain == pytest.approx(repeated_gain(losses, hard, 0).gain)


def test_the_accuracy_of_the_teacher():
    predicted, labels = drawn(3)
    found = TrialRanking.beside_teacher(
        predicted, labels, Limits(), weights=WEIGHTS
    ).teacher_accuracy
    right = predicted.argmax(axis=1) == labels
    assert found == pytest.approx(right.repeat(TIMES).mean())


def test_the_verdict():
    predicted, labels = drawn(3)
    good = 0.7 * predicted + 0.3 * np.eye(3)[labels]
    # Better where rows are light, worse where they are heavy.
    heavy = np.arange(N) % 4 == 0
    student = np.where(heavy[:, None], 0.8 * predicted + 0.2 / 3, good)
    control = np.where(heavy[:, None], good, predicted)

    def judged(weights):
        return judge(
            {STUDENT: student, HARD: control},
            labels,
            shipped="gbm",
            control="tree",
            is_control=False,
            regime="self",
            repeated=None,
            searched=Searched(3, 3, 5),
            rivals={TEACHER: good},
            sizes={},
            seed=0,
            weights=weights,
        )

    plain, weighted = judged(None), judged(np.where(heavy, 20.0, 1.0))
    assert plain.delta_log_loss < 0
    assert weighted.outcome == "hurts"
    own = -np.log(student[np.arange(N), labels])
    expected = np.average(own, weights=np.where(heavy, 20.0, 1.0))
    assert weighted.arms[0].log_loss == pytest.approx(expected)


@pytest.mark.parametrize("metric", [Brier(), Auc(), AveragePrecision(), F1()])
def test_the_verdict_by_another_metric(metric):
    predicted, labels = drawn(3)
    other = drawn(3, 1)[0]
    found = metric_difference(metric, labels, predicted, other, 0, WEIGHTS)
    repeated = (each.repeat(TIMES, axis=0) for each in (labels, predicted, other))
    assert found.delta == pytest.approx(metric_difference(metric, *repeated, 0).delta)
    own = by_rows(metric, labels, predicted, other, 0, WEIGHTS)
    assert own.delta == pytest.approx(found.delta)
    np.testing.assert_allclose(own.interval, found.interval, atol=0.03)


@pytest.mark.parametrize("metric", [LOG_LOSS, Auc(), F1(1)])
def test_what_selection_rows_say_of_a_trial(metric):
    rng = np.random.default_rng(0)
    labels = (rng.random(N) < 0.1).astype(int)
    predicted = rng.dirichlet([5.0, 1.0], N)
    found = results(metric, labels, predicted, np.array(["no", "yes"]), WEIGHTS)
    both = labels.repeat(TIMES), predicted.repeat(TIMES, axis=0)
    repeated = results(metric, *both, np.array(["no", "yes"]))
    trial, other = (
        Trial(0, Configuration("tree", 1.0, 0.0), models_trained=1, seconds=0.0, **each)
        for each in (found, repeated)
    )
    for name in ("log_loss", "loss", "accuracy"):
        assert getattr(trial, name) == pytest.approx(getattr(other, name))
    assert trial.threshold.best == pytest.approx(other.threshold.best)
    assert trial.threshold.at_best.score == pytest.approx(other.threshold.at_best.score)
