"""What every built-in stage must do, whatever it grows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import optuna
import pytest

from hpmkd.contracts import Stage
from hpmkd.values import Configuration
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.network import NetworkStage
from hpmkd_defaults.stages.tree import TreeStage

STAGES = [LogisticStage(), TreeStage(), GBMStage(), XGBoostStage(), NetworkStage()]
BOOSTED = STAGES[2:4]
TREES = STAGES[1:4]
SETS = ["breast_cancer", "digits", "wine"]

pytestmark = pytest.mark.filterwarnings("error")


def quick(stage):
    """Few rounds where there are rounds: these tests ask what, not how well."""
    return {"n_rounds": 5} if stage in BOOSTED else {}


def some(stage):
    """Enough rounds to learn."""
    return {"n_rounds": 40} if stage in BOOSTED else {}


def named(stage):
    return type(stage).__name__


@pytest.fixture(params=STAGES, ids=named)
def stage(request):
    return request.param


def test_the_order_is_from_simple_to_complex():
    assert [stage.complexity for stage in STAGES] == [0, 1, 2, 3, 2]
    assert all(isinstance(stage, Stage) for stage in STAGES)


def test_defaults_are_a_point_of_the_search_space(stage):
    drawn = stage.space(optuna.trial.FixedTrial(dict(stage.defaults)))
    assert drawn == dict(stage.defaults)
    for each in getattr(stage, "portfolio", ()):
        assert stage.space(optuna.trial.FixedTrial(dict(each))) == dict(each)


@pytest.mark.parametrize("name", SETS)
def test_a_student_says_probabilities_and_learns(stage, problem, inputs_for, name):
    given = problem(name)
    student = stage.fit(inputs_for(stage, given, **some(stage)))
    predicted = student.predict_proba(given.X_test)
    assert predicted.shape == (len(given.X_test), given.n_classes)
    assert predicted.min() > 0.0
    np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-6)
    assert (predicted.argmax(axis=1) == given.y_test).mean() > (0.8 if name == "digits" else 0.88)


@pytest.mark.parametrize("name", SETS)
def test_alpha_zero_is_the_hard_label_fit(stage, problem, inputs_for, name):
    given = problem(name)
    wild = np.random.default_rng(0).dirichlet(np.ones(given.n_classes), len(given.y))
    wild[:7] = np.eye(given.n_classes)[0]
    inputs = inputs_for(stage, given, alpha=0.0, **quick(stage))
    other = replace(
        inputs,
        soft_targets=wild,
        configuration=replace(inputs.configuration, temperature=3.0),
    )
    assert stage.fit(inputs).to_bytes() == stage.fit(other).to_bytes()


def test_the_teacher_is_heard(stage, problem, inputs_for):
    given = problem("wine")
    predicted = [
        stage.fit(inputs_for(stage, given, alpha=alpha, **some(stage))).predict_proba(given.X_test)
        for alpha in (0.0, 1.0)
    ]
    assert np.abs(predicted[0] - predicted[1]).max() > 0.01


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
def test_same_inputs_same_bytes(stage, problem, inputs_for, name, temperature):
    inputs = inputs_for(stage, problem(name), temperature=temperature, seed=2**40, **quick(stage))
    assert stage.fit(inputs).to_bytes() == stage.fit(inputs).to_bytes()


def test_inputs_are_left_alone(stage, problem, inputs_for):
    inputs = inputs_for(stage, problem("wine"), temperature=2.0, **quick(stage))
    before = [np.array(a) for a in (inputs.matrix, inputs.labels, inputs.soft_targets)]
    stage.fit(inputs)
    after = (inputs.matrix, inputs.labels, inputs.soft_targets)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert not any(array.flags.writeable for array in after)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_a_class_without_rows_keeps_its_column(stage, problem, inputs_for, alpha, temperature):
    given = problem("wine")
    stored = given.y != 1
    fewer = SimpleNamespace(
        X=given.X[stored], y=given.y[stored], teacher=given.teacher[stored], n_classes=3
    )
    student = stage.fit(
        inputs_for(stage, fewer, alpha=alpha, temperature=temperature, **some(stage))
    )
    predicted = student.predict_proba(given.X_test)
    assert predicted.shape[1] == 3
    assert np.isfinite(predicted).all()
    if alpha == 0.0:
        assert predicted[:, 1].max() < 0.05


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_labels_of_one_class_do_not_break_it(stage, problem, inputs_for, name, alpha):
    given = problem(name)
    only = given.y == 0
    lone = SimpleNamespace(
        X=given.X[only], y=given.y[only], teacher=given.teacher[only], n_classes=given.n_classes
    )
    predicted = stage.fit(inputs_for(stage, lone, alpha=alpha, **some(stage))).predict_proba(
        given.X[only]
    )
    assert predicted[:, 0].mean() > 0.85


@pytest.mark.parametrize("stage", TREES, ids=named)
@pytest.mark.parametrize("name", ["breast_cancer", "digits"])
def test_missing_cells_are_routed_not_refused(stage, problem, inputs_for, name):
    given = problem(name)
    rng = np.random.default_rng(0)
    holes = SimpleNamespace(**vars(given))
    holes.X = np.where(rng.random(given.X.shape) < 0.2, np.nan, given.X)
    X_test = np.where(rng.random(given.X_test.shape) < 0.2, np.nan, given.X_test)
    predicted = stage.fit(inputs_for(stage, holes, **quick(stage))).predict_proba(X_test)
    assert np.isfinite(predicted).all()
    assert (predicted.argmax(axis=1) == given.y_test).mean() > (0.55 if name == "digits" else 0.85)


@pytest.mark.parametrize("n", [2, 30])
def test_few_rows(stage, problem, inputs_for, n):
    given = problem("wine")
    few = SimpleNamespace(X=given.X[:n], y=given.y[:n], teacher=given.teacher[:n], n_classes=3)
    predicted = stage.fit(inputs_for(stage, few, **some(stage))).predict_proba(given.X_test)
    assert np.isfinite(predicted).all()


def test_a_stage_keeps_no_state(stage, problem, inputs_for):
    inputs = inputs_for(stage, problem("wine"), **quick(stage))
    first = stage.fit(inputs).to_bytes()
    stage.fit(inputs_for(stage, problem("breast_cancer"), alpha=1.0, **quick(stage)))
    assert stage.fit(inputs).to_bytes() == first


def test_untold_hyperparameters_are_the_defaults(stage, problem, inputs_for):
    bare = inputs_for(stage, problem("wine"), **quick(stage))
    settings = {**stage.defaults, **quick(stage)}
    full = replace(bare, configuration=Configuration("stage", 1.0, 0.5, settings))
    assert stage.fit(bare).to_bytes() == stage.fit(full).to_bytes()
