"""Intervals of accuracy and log loss, of all models from the same resamples."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.evaluation import bootstrap
from hpmkd.evaluation.bootstrap import interval_of_mean, intervals_of_means
from hpmkd.evaluation.intervals import model_intervals


@pytest.fixture
def values():
    return np.random.default_rng(0).gamma(0.5, size=(150, 3))


@pytest.mark.parametrize("weighted", [False, True])
def test_they_are_those_of_each_column_alone(values, weighted):
    weights = np.random.default_rng(1).uniform(0.5, 2, 150) if weighted else None
    found = intervals_of_means(values, 0, weights)
    for own, column in zip(found, values.T, strict=True):
        assert own == pytest.approx(interval_of_mean(column, 0, weights), rel=0.02)


def test_they_do_not_follow_from_how_many_are_drawn_at_a_time(values, monkeypatch):
    found = intervals_of_means(values, 0)
    monkeypatch.setattr(bootstrap, "CELLS_AT_ONCE", 1000)
    assert intervals_of_means(values, 0) == pytest.approx(found, rel=1e-12)


def test_of_many_rows_they_are_normal_and_of_one_row_a_point(values, monkeypatch):
    assert intervals_of_means(values[:1], 0).tolist() == [[each] * 2 for each in values[0]]
    resampled = intervals_of_means(values, 0)
    monkeypatch.setattr(bootstrap, "MOST_RESAMPLED", 100)
    normal = intervals_of_means(values, 0)
    assert normal == pytest.approx(resampled, rel=0.1)
    assert not np.array_equal(normal, resampled)


def test_each_model_has_both():
    labels = np.array([0, 1] * 20)
    sure = np.where(np.eye(2)[labels] == 1, 0.9, 0.1)
    torn = np.full((40, 2), 0.5)
    one, other = model_intervals([("teacher", "a", sure), ("student", "b", torn)], labels, 0)
    assert (one.role, one.name) == ("teacher", "a")
    assert one.accuracy == (1 - 3 / 40, 1.0), "the rule of three"
    assert one.log_loss == pytest.approx([-np.log(0.9)] * 2)
    assert other.accuracy[0] < 0.5 < other.accuracy[1]
