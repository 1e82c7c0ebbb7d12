"""Trials are ranked by the limits first, then by log loss on the selection rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.evaluation.ranking import NO_LIMITS, TrialRanking
from hpmkd.recipe.limits import Limits
from hpmkd.values import Configuration, Trial


def trial(number, loss, n_bytes=100, row_us=1.0, *, accuracy=0.9, alpha=0.0, share=1.0, why=None):
    configuration = Configuration("tree", 1.0, alpha, {"leaves": number}, share=share)
    losses = np.full(4, float(loss))
    return Trial(
        number, configuration, losses, accuracy, 1, 0.0, why, n_bytes=n_bytes, row_us=row_us
    )


def ranked(ranking, *trials):
    return [each.number for each in sorted(trials, key=ranking.sort_key)]


def test_limits_come_first_then_the_loss_then_the_control_then_the_order():
    large, small, soft, later = (
        trial(0, 0.1, 5000),
        trial(2, 0.3),
        trial(1, 0.3, alpha=0.5),
        trial(3, 0.3),
    )
    assert ranked(TrialRanking(Limits(max_size=1000)), large, later, soft, small) == [2, 3, 1, 0]
    assert ranked(NO_LIMITS, large, later, soft, small) == [0, 2, 3, 1]


def test_retention_is_measured_against_the_teacher_on_the_same_rows():
    soft_targets = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    ranking = TrialRanking.beside_teacher(
        soft_targets, np.array([0, 0, 1, 1]), Limits(min_retention=1.1)
    )
    assert ranking.teacher_accuracy == 0.75
    assert ranking.retention(trial(0, 0.1, accuracy=0.9)) == pytest.approx(1.2)
    assert not ranking.violates_limits(trial(0, 0.1, accuracy=0.9))
    assert ranking.violates_limits(trial(0, 0.1, accuracy=0.8))


def test_a_teacher_that_is_never_right_leaves_nothing_to_retain():
    assert TrialRanking(Limits(), 0.0).retention(trial(0, 0.1, accuracy=0.0)) == 1.0


def test_what_cannot_be_written_keeps_no_limit_and_has_no_figures():
    unknown, failed = trial(0, 0.1, None), trial(1, 0.1, why="plugin 'x': broke")
    for each in (unknown, failed):
        assert NO_LIMITS.metrics(each) is None
        assert not NO_LIMITS.violates_limits(each)
        assert TrialRanking(Limits(max_size=10**9)).violates_limits(each)


def test_a_trial_that_was_not_timed_has_figures_and_keeps_the_limits():
    untimed = trial(0, 0.1, row_us=None)
    assert NO_LIMITS.metrics(untimed).n_bytes == 100
    assert not TrialRanking(Limits(max_size=100, min_retention=0.5)).violates_limits(untimed)
    assert TrialRanking(Limits(max_size=99)).violates_limits(untimed)


class TestPenalised:
    def test_without_limits_the_sampler_hears_what_is(self):
        each = trial(0, 0.1)
        assert NO_LIMITS.penalised(each) is each

    def test_beyond_a_limit_a_trial_is_worse_the_further_it_is(self):
        ranking = TrialRanking(Limits(max_size=1000))
        within, beyond, far = trial(0, 2.0), trial(1, 0.1, 1001), trial(2, 0.1, 4000)
        losses = [ranking.penalised(each).log_loss for each in (within, beyond, far)]
        assert losses == pytest.approx([2.0, 1.1, 3.1], abs=0.01)
        # Only the sampler receives that: the trial stays as it is.
        assert beyond.log_loss == pytest.approx(0.1)

    def test_on_a_part_of_the_rows_nothing_is_said_of_retention(self):
        ranking = TrialRanking(Limits(max_size=1000, min_retention=0.95))
        part = trial(0, 0.1, accuracy=0.5, share=0.3)
        assert ranking.penalised(part) is part
        assert ranking.penalised(trial(1, 0.1, 4000, share=0.3)).log_loss == pytest.approx(3.1)
        assert ranking.penalised(trial(2, 0.1, accuracy=0.5)).log_loss > 2.0

    def test_a_failed_trial_stays_failed(self):
        failed = trial(0, 0.1, why="plugin 'x': broke")
        assert TrialRanking(Limits(max_size=1)).penalised(failed) is failed


def test_another_metric_ranks_and_samplers_hear_of_log_loss():
    by_log_loss = replace(trial(0, 0.1), metric_losses=np.full(4, 0.3))
    by_metric = replace(trial(1, 0.2), metric_losses=np.full(4, 0.2))
    assert ranked(NO_LIMITS, by_log_loss, by_metric) == [1, 0]
    assert NO_LIMITS.metrics(by_metric).loss == pytest.approx(0.2)
    assert NO_LIMITS.penalised(by_log_loss).log_loss == pytest.approx(0.1)
