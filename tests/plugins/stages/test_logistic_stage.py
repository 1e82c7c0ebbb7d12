"""The logistic stage: exact at every temperature, and equal to what is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hpmkd.kernels import soften
from hpmkd.values import Softening
from hpmkd_defaults.stages.logistic import LogisticStage, TemperedLogistic

STAGE = LogisticStage()


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
@pytest.mark.parametrize("softening", [Softening(1.0, 0.0), Softening(2.5, 0.6), Softening(0.5, 1)])
def test_gradient_against_differences(problem, inputs_for, slope, name, softening):
    objective = TemperedLogistic(inputs_for(STAGE, problem(name)), softening, C=0.3)
    rng = np.random.default_rng(0)
    at = objective.start() + 0.3 * rng.normal(size=objective.start().size)
    _, gradient = objective(at)
    np.testing.assert_allclose(slope(lambda w: objective(w)[0], at), gradient, atol=1e-7)


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "digits"])
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_equals_scikit_learn_on_duplicated_weighted_rows(problem, inputs_for, name, alpha):
    given = problem(name)
    n, k = given.teacher.shape
    mixed = alpha * given.teacher + (1 - alpha) * np.eye(k)[given.y]
    known = LogisticRegression(C=0.1, tol=1e-7, max_iter=2000)
    inputs = inputs_for(STAGE, given, alpha=alpha, C=0.1)
    known.fit(np.repeat(inputs.matrix, k, axis=0), np.tile(np.arange(k), n), mixed.ravel())
    student = STAGE.fit(inputs)
    expected = known.predict_proba(inputs.encoder.transform(given.X_test))
    np.testing.assert_allclose(student.predict_proba(given.X_test), expected, atol=1e-3)


def test_high_temperature_compares_centred_logits(problem, inputs_for):
    """T (q_T - p_T) → (centred z - centred v) / K as T → ∞ (Hinton et al. 2015, section 2.1)."""
    given = problem("wine")
    inputs = inputs_for(STAGE, given)
    object.__setattr__(inputs, "soft_targets", soften(given.teacher + 1e-3, 1.0))
    objective = TemperedLogistic(inputs, Softening(1e5, 1.0), C=1e9)
    at = np.random.default_rng(0).normal(size=objective.start().size)
    weights, intercept = objective.unpack(at)
    z, v = inputs.matrix @ weights + intercept, np.log(inputs.soft_targets)
    centred = (z - z.mean(axis=1, keepdims=True)) - (v - v.mean(axis=1, keepdims=True))
    expected = np.vstack([inputs.matrix.T @ centred, centred.sum(axis=0)]).ravel() / 3 / len(z)
    np.testing.assert_allclose(objective(at)[1], expected, rtol=1e-3, atol=1e-4)


def test_temperature_matters_where_the_teacher_is_heard(problem, inputs_for):
    given = problem("wine")
    cold, hot = (
        STAGE.fit(inputs_for(STAGE, given, alpha=1.0, temperature=t)).predict_proba(given.X_test)
        for t in (1.0, 4.0)
    )
    assert np.abs(cold - hot).max() > 0.01


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
def test_a_student_finds_a_linear_teacher_at_any_temperature(problem, inputs_for, name):
    """Both sides are softened: where p can be reached, the optimum does not depend on T."""
    given = problem(name)
    rng = np.random.default_rng(0)
    design = inputs_for(STAGE, given).matrix
    z = design @ rng.normal(scale=0.3, size=(design.shape[1], given.n_classes))
    teacher = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    for temperature in (0.7, 1.0, 3.0):
        inputs = inputs_for(STAGE, given, alpha=1.0, temperature=temperature, C=1e2)
        object.__setattr__(inputs, "soft_targets", teacher)
        predicted = STAGE.fit(inputs).predict_proba(given.X)
        assert np.abs(predicted - teacher).max() < 0.03


def test_a_strong_ridge_leaves_the_prior(problem, inputs_for):
    given = problem("wine")
    predicted = STAGE.fit(inputs_for(STAGE, given, alpha=0.0, C=1e-9)).predict_proba(given.X_test)
    np.testing.assert_allclose(
        predicted, np.tile(np.bincount(given.y) / len(given.y), (len(predicted), 1)), atol=1e-3
    )
