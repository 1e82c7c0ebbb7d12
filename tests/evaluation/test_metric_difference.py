"""Two models by the metric of a run, with an interval."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.data.probabilities import row_losses
from hpmkd.evaluation.bootstrap import difference
from hpmkd.evaluation.metric_difference import by_rows, metric_difference
from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.evaluation.metrics.of_all_rows import F1, Auc, AveragePrecision

OF_ALL_ROWS = [Auc(1), AveragePrecision(1), F1(1)]


def models(n=600, seed=0):
    """Labels, a good model's probabilities and a worse one's."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.2).astype(int)
    margin = rng.normal(size=n) + 2 * labels - 1
    p, q = (1 / (1 + np.exp(-each)) for each in (margin, 0.7 * margin + rng.normal(size=n)))
    return labels, np.column_stack([1 - p, p]), np.column_stack([1 - q, q])


def test_log_loss_is_compared_as_ever():
    labels, one, other = models()
    expected = difference(row_losses(one, labels), row_losses(other, labels), 3)
    found = metric_difference(LOG_LOSS, labels, one, other, 3)
    assert (found.outcome, found.delta, found.interval) == (
        expected.outcome,
        expected.delta_log_loss,
        expected.interval,
    )
    assert str(found) == str(expected)


@pytest.mark.parametrize("metric", OF_ALL_ROWS, ids=repr)
def test_a_better_model_pays_and_the_interval_is_that_of_its_resamples(metric):
    labels, one, other = models()
    found = metric_difference(metric, labels, one, other, 0)
    assert found.outcome == "pays"
    assert found.delta == metric.loss(labels, one) - metric.loss(labels, other)
    assert found.interval[0] < found.delta < found.interval[1] < 0
    rough = by_rows(metric, labels, one, other, 0)
    assert found.delta == pytest.approx(rough.delta)
    assert found.interval == pytest.approx(rough.interval, abs=0.02)
    worse = metric_difference(metric, labels, other, one, 0)
    assert worse.outcome == "hurts"


def test_scores_are_shown_as_people_read_them():
    labels, one, other = models()
    found = metric_difference(Auc(1), labels, one, other, 0)
    change, low, high = found.shown
    assert 0 < low < change < high
    assert str(found) == f"{change:+.4f}, 95 % interval [{low:+.4f}, {high:+.4f}]"


@pytest.mark.parametrize("metric", OF_ALL_ROWS, ids=repr)
def test_a_model_is_as_good_as_itself(metric):
    labels, one, _ = models()
    found = metric_difference(metric, labels, one, one, 0)
    assert (found.outcome, found.delta, found.interval) == ("no difference", 0, (0, 0))


def test_the_same_seed_gives_the_same_interval():
    labels, one, other = models()
    results = [metric_difference(F1(1), labels, one, other, seed) for seed in (4, 4, 5)]
    assert results[0] == results[1] != results[2]
