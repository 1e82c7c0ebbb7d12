"""The metric that a recipe names."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.errors import RecipeError
from hpmkd.evaluation.metrics import LOG_LOSS, make_metric
from hpmkd.evaluation.metrics.choice import rarer_class
from hpmkd.recipe.metric import METRICS, MetricSettings

LABELS = np.array([0] * 90 + [1] * 10)


@pytest.mark.parametrize("name", METRICS[:-1])
def test_every_name_has_its_metric(name):
    metric = make_metric(MetricSettings(name), np.array(["no", "yes"]), LABELS)
    assert metric.name == name


def test_log_loss_is_the_default():
    assert make_metric(MetricSettings(), np.array(["no", "yes"]), LABELS) == LOG_LOSS


def test_the_rarer_of_two_classes_is_the_one_of_interest():
    assert rarer_class(LABELS) == 1
    assert rarer_class(1 - LABELS) == 0
    assert rarer_class(np.array([0, 1])) == 1
    f1 = make_metric(MetricSettings("f1"), np.array(["no", "yes"]), 1 - LABELS)
    assert f1.positive == 0
    assert make_metric(MetricSettings("f1"), np.array([1, 2, 3]), LABELS).positive is None


def test_costs_follow_the_order_of_the_classes():
    settings = MetricSettings("cost", ("2", "1"), ((0.0, 5.0), (3.0, 0.0)))
    metric = make_metric(settings, np.array([1, 2]), LABELS)
    assert metric.costs == ((0.0, 3.0), (5.0, 0.0))


def test_costs_of_other_classes_are_refused():
    settings = MetricSettings("cost", ("a", "b"), ((0.0, 5.0), (3.0, 0.0)))
    with pytest.raises(RecipeError, match=r"it lacks 'c'; there is no class 'b'"):
        make_metric(settings, np.array(["a", "c"]), LABELS)
