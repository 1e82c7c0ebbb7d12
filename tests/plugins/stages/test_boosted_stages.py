"""The boosted stages: their objective, and XGBoost's own where both know the answer."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import xgboost

from hpmkd.kernels import soften
from hpmkd.values import Softening
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.boosting_parameters import common_parameters
from hpmkd_defaults.stages.boosting_rounds import first_target, start_margin
from hpmkd_defaults.stages.objective import HESSIAN_FLOOR, DistillationObjective
from hpmkd_defaults.stages.targets import mixed_target, smoothed_prior

STAGES = [GBMStage(), XGBoostStage()]
#: Two formulas of one loss differ in the last bits, which may turn a split between small leaves.
LARGE_LEAVES = {"min_child_weight": 1.0, "eta": 0.1}


@pytest.fixture(params=STAGES, ids=lambda stage: type(stage).__name__)
def stage(request):
    return request.param


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def loss_of_a_row(z, label, teacher, temperature, alpha):
    """``alpha T² KL(p_T || q_T) + (1 - alpha) CE(y, q)``, written to be read."""
    if z.size == 1:
        z = np.array([0.0, z.item()])
    p_t, q_t = soften(teacher[np.newaxis], temperature)[0], softmax(z / temperature)
    divergence = np.sum(np.where(p_t > 0, p_t * np.log(np.maximum(p_t, 1e-300) / q_t), 0.0))
    return alpha * temperature**2 * divergence - (1 - alpha) * np.log(softmax(z)[label])


@pytest.mark.parametrize("name", ["breast_cancer", "digits"])
@pytest.mark.parametrize(("temperature", "alpha"), [(1.0, 0.0), (1.0, 0.5), (3.0, 0.7), (0.5, 1.0)])
def test_objective_against_differences(problem, inputs_for, slope, name, temperature, alpha):
    given = problem(name)
    few = SimpleNamespace(
        X=given.X[:3], y=given.y[:3], teacher=given.teacher[:3], n_classes=given.n_classes
    )
    inputs = inputs_for(STAGES[0], few, alpha=alpha, temperature=temperature)
    shape = (3, given.n_classes) if given.n_classes > 2 else (3,)
    margins = np.random.default_rng(0).normal(size=shape)
    gradient, hessian = DistillationObjective(inputs, 10)(margins.copy(), None)
    twice = 2.0 if given.n_classes > 2 else 1.0
    for row in range(3):

        def loss(z, row=row):
            return loss_of_a_row(z, few.y[row], few.teacher[row], temperature, alpha)

        at = np.atleast_1d(margins[row])
        np.testing.assert_allclose(slope(loss, at), np.atleast_1d(gradient[row]), atol=1e-6)
        second = [
            (loss(at + e) - 2 * loss(at) + loss(at - e)) / 1e-8 for e in 1e-4 * np.eye(at.size)
        ]
        expected = np.maximum(twice * np.array(second), HESSIAN_FLOOR)
        np.testing.assert_allclose(np.atleast_1d(hessian[row]), expected, atol=1e-5)


def test_hessian_has_a_floor(problem, inputs_for):
    given = problem("digits")
    objective = DistillationObjective(inputs_for(STAGES[0], given, alpha=0.0), 1)
    margins = np.full((len(given.y), 10), -40.0)
    margins[np.arange(len(given.y)), given.y] = 40.0
    _, hessian = objective(margins, None)
    assert hessian.min() == HESSIAN_FLOOR


def built_in(stage, inputs, label):
    """Probabilities of XGBoost's own objective, started from the same margin."""
    settings = stage.settings(inputs)
    parameters = common_parameters(inputs, settings) | dict(stage.growth(settings))
    margin = start_margin(first_target(inputs))

    def matrix(X):
        rows = np.tile(margin, (len(X), 1)) if len(margin) > 1 else np.repeat(margin, len(X))
        return xgboost.QuantileDMatrix(
            X,
            label if X is inputs.matrix else None,
            base_margin=rows,
            nthread=1,
            # Rows to predict are not binned: there are fewer.
            max_bin=parameters["max_bin"] if X is inputs.matrix else 256,
        )

    booster = xgboost.train(parameters, matrix(inputs.matrix), settings["n_rounds"])
    return lambda X: booster.predict(matrix(X.astype(np.float32)))


@pytest.mark.parametrize("name", ["digits", "wine"])
def test_hard_labels_are_multi_softprob(stage, problem, inputs_for, name):
    given = problem(name)
    inputs = inputs_for(stage, given, alpha=0.0, n_rounds=20, **LARGE_LEAVES)
    expected = built_in(stage, inputs, given.y)(given.X_test)
    predicted = stage.fit(inputs).predict_proba(given.X_test)
    np.testing.assert_allclose(predicted, expected, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_two_classes_are_binary_logistic_on_soft_labels(stage, problem, inputs_for, watched, alpha):
    given = problem("breast_cancer")
    straight = inputs_for(stage, given, alpha=alpha, n_rounds=40, **LARGE_LEAVES)
    label = mixed_target(given.teacher, given.y, alpha)[:, 1]
    expected = built_in(stage, straight, label)(given.X_test)
    round_by_round = replace(straight, scheduler=watched)
    for inputs in (straight, round_by_round):
        predicted = stage.fit(inputs).predict_proba(given.X_test)
        np.testing.assert_allclose(predicted[:, 1], expected, atol=1e-6)


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
def test_missing_cells_go_where_xgboost_sends_them(stage, problem, inputs_for, name):
    given = problem(name)
    rng = np.random.default_rng(1)
    holes = type(given)(**vars(given))
    holes.X = np.where(rng.random(given.X.shape) < 0.3, np.nan, given.X)
    X_test = np.where(rng.random(given.X_test.shape) < 0.3, np.nan, given.X_test)
    inputs = inputs_for(stage, holes, alpha=0.0, n_rounds=15, **LARGE_LEAVES)
    expected = built_in(stage, inputs, given.y)(X_test)
    predicted = stage.fit(inputs).predict_proba(X_test)
    np.testing.assert_allclose(
        predicted if predicted.shape[1] > 2 else predicted[:, 1], expected, atol=1e-6
    )


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
def test_the_scheduler_is_asked_every_round(stage, problem, inputs_for, watched, name):
    stage.fit(inputs_for(stage, problem(name), n_rounds=8, scheduler=watched))
    rounds = watched.states[-8:]
    np.testing.assert_allclose([state.progress for state in rounds], np.arange(8) / 8)
    losses = [state.loss for state in rounds]
    assert losses[0] is None
    assert all(later < sooner for sooner, later in pairwise(losses[1:]))


def test_a_schedule_is_obeyed(stage, problem, inputs_for):
    class Late:
        """Hard labels at first, the teacher at T = 2 for the second half."""

        varies = True

        def softening(self, configuration, state):
            return Softening(2.0, 1.0) if state.progress >= 0.5 else Softening(3.0, 0.0)

    given = problem("wine")
    late = stage.fit(inputs_for(stage, given, n_rounds=10, scheduler=Late()))
    hard = stage.fit(inputs_for(stage, given, n_rounds=10, alpha=0.0))
    assert late.to_bytes() != hard.to_bytes()


def test_the_teacher_is_softened_once_per_temperature(problem, inputs_for, monkeypatch):
    requested = []

    def counted(probabilities, temperature):
        requested.append(temperature)
        return soften(probabilities, temperature)

    monkeypatch.setattr("hpmkd_defaults.stages.row_loss.soften", counted)
    STAGES[1].fit(inputs_for(STAGES[1], problem("wine"), temperature=2.0, n_rounds=10))
    assert requested == [2.0]


def test_large_steps_are_capped_with_many_classes(stage, problem, inputs_for):
    for name, same in (("wine", True), ("breast_cancer", False)):
        capped, large = (
            stage.fit(inputs_for(stage, problem(name), n_rounds=5, eta=eta)).to_bytes()
            for eta in (0.5, 0.8)
        )
        assert (capped == large) is same


def test_no_rounds_to_speak_of_leave_the_prior(stage, problem, inputs_for):
    given = problem("digits")
    inputs = inputs_for(stage, given, n_rounds=1, eta=1e-9)
    predicted = stage.fit(inputs).predict_proba(given.X_test)
    prior = smoothed_prior(mixed_target(given.teacher, given.y, 0.5))
    np.testing.assert_allclose(predicted, np.tile(prior, (len(predicted), 1)), atol=1e-6)


def test_trees_have_the_shape_that_was_asked_for(problem, inputs_for):
    given = problem("breast_cancer")
    sizes = [
        len(stage.fit(inputs_for(stage, given, n_rounds=20, **small)).to_bytes())
        < len(stage.fit(inputs_for(stage, given, n_rounds=20, **large)).to_bytes())
        for stage, small, large in [
            (STAGES[0], {"max_leaves": 4}, {"max_leaves": 16}),
            (STAGES[1], {"max_depth": 2}, {"max_depth": 5}),
        ]
    ]
    assert all(sizes)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_retention_on_digits(stage, problem, inputs_for, temperature):
    given = problem("digits")
    predicted = stage.fit(
        inputs_for(stage, given, alpha=0.25, temperature=temperature, n_rounds=60)
    ).predict_proba(given.X_test)
    assert (predicted.argmax(axis=1) == given.y_test).mean() >= 0.94
