"""What a scheduler receives of a boosted fit, against a plain computation in NumPy."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import softmax

from hpmkd.values import ExtraRows
from hpmkd_defaults.stages import leaf_refit
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.objective import TREND_ROUNDS, DistillationObjective, FitLog


def plainly(margins, labels, teacher):
    """Gap and KL, as the formulas are written."""
    z = margins if margins.ndim == 2 else np.column_stack([np.zeros_like(margins), margins])
    student = softmax(z, axis=1)
    at = np.arange(len(labels))
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(teacher > 0, teacher * np.log(teacher / student), 0.0)
    right = np.maximum(teacher[at, labels], 1e-15)
    return np.mean(np.log(right) - np.log(student[at, labels])), np.mean(terms.sum(axis=1))


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_gap_and_kl_are_those_of_the_margins(problem, inputs_for, watched, name):
    given = problem(name)
    fit_log = FitLog(inputs_for(XGBoostStage(), given, scheduler=watched), 10)
    shape = (len(given.y), given.n_classes) if given.n_classes > 2 else (len(given.y),)
    margins = np.random.default_rng(0).normal(size=shape)
    first = fit_log.look(margins)
    assert (first.progress, first.loss, first.kl, first.gap, first.trend) == (0, *[None] * 4)
    fit_log.write(0.7)
    second = fit_log.look(margins)
    gap, kl = plainly(margins, given.y, given.teacher)
    assert second.progress == 0.1
    assert (second.gap, second.kl) == (pytest.approx(gap), pytest.approx(kl))
    assert (second.loss, second.trend) == (0.7, None)


def test_a_student_who_says_what_the_teacher_says(inputs_for, watched):
    rng = np.random.default_rng(1)
    teacher, labels = rng.dirichlet(np.ones(3), 40), rng.integers(0, 3, 40)
    given = SimpleNamespace(X=rng.normal(size=(40, 2)), y=labels, teacher=teacher, n_classes=3)
    fit_log = FitLog(inputs_for(XGBoostStage(), given, scheduler=watched), 10)
    fit_log.write(1.0)
    state = fit_log.look(np.log(teacher))
    assert state.kl == pytest.approx(0.0, abs=1e-9)
    assert state.kl >= 0
    assert state.gap == pytest.approx(0.0, abs=1e-9)


def test_the_trend_is_the_mean_step_of_the_last_rounds(problem, inputs_for, watched):
    given = problem("wine")
    fit_log = FitLog(inputs_for(XGBoostStage(), given, scheduler=watched), 100)
    losses = list(np.random.default_rng(2).normal(size=12))
    for at, loss in enumerate(losses):
        steps = np.diff(losses[:at])[-TREND_ROUNDS:]
        found = fit_log.at(at / 100).trend
        assert found is None if at < 2 else found == pytest.approx(steps.mean())
        fit_log.write(loss)


@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
@pytest.mark.parametrize("stage", [GBMStage(), XGBoostStage()], ids=["gbm", "xgboost"])
def test_every_round_of_a_fit_is_told(problem, inputs_for, watched, monkeypatch, stage, name):
    given, margins = problem(name), []
    call = DistillationObjective.__call__

    def listening(self, at, matrix):
        margins.append(np.array(at).reshape(len(given.y), -1).squeeze())
        return call(self, at, matrix)

    monkeypatch.setattr(DistillationObjective, "__call__", listening)
    stage.fit(inputs_for(stage, given, n_rounds=6, scheduler=watched))
    found = watched.states[-6:]
    assert (found[0].kl, found[0].gap, found[0].trend) == (None, None, None)
    for state, at in zip(found[1:], margins[1:], strict=True):
        gap, kl = plainly(at, given.y, given.teacher)
        assert (state.gap, state.kl) == (pytest.approx(gap, abs=1e-6), pytest.approx(kl, abs=1e-6))
    assert found[1].trend is None
    assert all(state.trend < 0 for state in found[2:])
    assert found[-1].gap < found[1].gap


def test_rows_without_a_label_are_not_looked_at(problem, inputs_for, watched):
    given, stage = problem("wine"), XGBoostStage()
    inputs = inputs_for(stage, given, scheduler=watched)
    extra = ExtraRows(inputs.matrix[:50], inputs.soft_targets[:50], 1.0)
    objective = DistillationObjective(replace(inputs, extra=extra), 5, extra)
    margins = np.random.default_rng(3).normal(size=(len(given.y) + 50, 3))
    for _ in range(2):
        objective(margins, None)
    gap, kl = plainly(margins[: len(given.y)], given.y, given.teacher)
    assert watched.states[-1].gap == pytest.approx(gap)
    assert watched.states[-1].kl == pytest.approx(kl)


def test_refits_are_told_what_the_last_round_was(problem, inputs_for, watched, monkeypatch):
    given, stage = problem("wine"), GBMStage(refit_every=2)
    before = []
    refit = leaf_refit.refit_jointly

    def listening(*arguments):
        before.append(watched.states[-2:])
        return refit(*arguments)

    monkeypatch.setattr(leaf_refit, "refit_jointly", listening)
    stage.fit(inputs_for(stage, given, n_rounds=12, scheduler=watched))
    for last_round, found in before:
        assert found == replace(
            last_round, progress=found.progress, loss=found.loss, trend=found.trend
        )
        assert found.progress >= last_round.progress
        assert found.loss is not None
        assert found.kl is not None


def test_a_scheduler_that_stands_still_is_told_no_more_than_before(problem, inputs_for, watched):
    watched.varies = False
    given, stage = problem("wine"), XGBoostStage()
    stage.fit(inputs_for(stage, given, n_rounds=4, scheduler=watched))
    assert all(state.kl is None and state.gap is None for state in watched.states)
