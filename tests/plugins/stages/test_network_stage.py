"""The network stage: its path, its rows without labels, and what may go wrong."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from hpmkd.errors import DataError, RecipeError
from hpmkd.student import Student
from hpmkd.values import DataFacts, ExtraRows, HeldOutRows
from hpmkd_defaults.stages import network
from hpmkd_defaults.stages.network import NetworkStage

STAGE = NetworkStage()
QUICK = {"n_epochs": 6, "width": 16}


@pytest.fixture
def held_inputs(problem, inputs_for):
    """``held_inputs(name, …)``: the test rows of a problem end the path."""

    def make(name, **options):
        given = problem(name)
        inputs = inputs_for(STAGE, given, **options)
        matrix = inputs.encoder.transform(given.X_test)
        return replace(inputs, held=HeldOutRows(matrix, given.y_test)), given

    return make


def log_loss(student, X, y):
    predicted = student.predict_proba(X)[np.arange(len(y)), y]
    return float(-np.log(np.maximum(predicted, 1e-15)).mean())


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_each_round_of_the_path_is_the_fit_of_so_many_epochs(held_inputs, name, temperature):
    inputs, given = held_inputs(name, temperature=temperature, **{**QUICK, "layers": 1})
    path = STAGE.path(inputs)
    assert len(path.losses) == 6
    for n_epochs in (1, 3, 6):
        settings = {**inputs.configuration.hyperparameters, "n_epochs": n_epochs}
        configuration = replace(inputs.configuration, hyperparameters=settings)
        fitted = STAGE.fit(replace(inputs, held=None, configuration=configuration))
        student = path.student(n_epochs)
        assert student.to_bytes() == fitted.to_bytes()
        expected = log_loss(student, given.X_test, given.y_test)
        assert path.losses[n_epochs - 1] == pytest.approx(expected, rel=1e-6)
    for beyond in (0, 7):
        with pytest.raises(ValueError, match="expected 1 to 6"):
            path.student(beyond)


def test_the_path_ends_when_the_held_out_rows_no_longer_gain(held_inputs, monkeypatch):
    monkeypatch.setattr(network, "PATIENCE", 4)
    inputs, given = held_inputs("wine", learning_rate=0.01)
    noise = np.random.default_rng(0).integers(0, 3, len(given.y_test))
    path = STAGE.path(replace(inputs, held=replace(inputs.held, labels=noise)))
    assert len(path.losses) == path.losses.argmin() + 1 + 4 < network.LONGEST_PATH
    alone = STAGE.path(replace(inputs, held=None))
    assert len(alone.losses) == 0
    assert alone.student(network.EPOCHS).to_bytes() == STAGE.fit(inputs).to_bytes()


def test_a_schedule_has_no_path_and_sets_the_softening_of_each_epoch(held_inputs, watched):
    inputs, _ = held_inputs("wine", scheduler=watched, **QUICK)
    assert STAGE.path(inputs) is None
    varied = STAGE.fit(inputs)
    progress = [state.progress for state in watched.states]
    assert sorted(set(progress)) == pytest.approx(np.arange(6) / 6)
    first, *_, last = watched.states
    assert first.loss is None
    assert min(last.loss, last.kl, last.gap) > 0 > last.trend
    constant, _ = held_inputs("wine", **QUICK)
    assert varied.to_bytes() == STAGE.fit(constant).to_bytes()


def with_extra(inputs, weight, n=60):
    """Let the rows beyond the first n lose their label."""
    return replace(
        inputs,
        matrix=inputs.matrix[:n],
        labels=inputs.labels[:n],
        soft_targets=inputs.soft_targets[:n],
        extra=ExtraRows(inputs.matrix[n:], inputs.soft_targets[n:], weight),
    )


def test_rows_without_labels_are_learnt_at_alpha_0_too(problem, inputs_for):
    given = problem("wine")
    inputs = with_extra(inputs_for(STAGE, given, alpha=0.0, **QUICK), weight=0.5)
    alone = STAGE.fit(replace(inputs, extra=None))
    students = [STAGE.fit(replace(inputs, extra=replace(inputs.extra, weight=w))) for w in (0.5, 2)]
    answers = [each.predict_proba(given.X_test) for each in (alone, *students)]
    assert np.abs(answers[0] - answers[1]).max() > 0.01
    assert np.abs(answers[1] - answers[2]).max() > 0.001
    hotter = replace(inputs.configuration, temperature=3.0)
    assert STAGE.fit(replace(inputs, configuration=hotter)).to_bytes() == students[0].to_bytes()


def test_of_weight_1_they_are_rows_at_alpha_1(problem, inputs_for):
    whole = inputs_for(STAGE, problem("wine"), alpha=1.0, temperature=2.0, **QUICK)
    parted = STAGE.fit(with_extra(whole, weight=1.0))
    assert parted.to_bytes() == STAGE.fit(whole).to_bytes()


def test_a_linear_teacher_is_found_at_any_temperature(problem, inputs_for):
    """Both sides are softened: where p can be reached, the optimum does not depend on T."""
    given = problem("wine")
    z = given.X @ np.random.default_rng(0).normal(scale=0.3, size=(given.X.shape[1], 3))
    linear = SimpleNamespace(**vars(given))
    linear.teacher = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    for temperature in (0.7, 1.0, 3.0):
        settings = {"n_epochs": 150, "weight_decay": 0.01}
        inputs = inputs_for(STAGE, linear, alpha=1.0, temperature=temperature, **settings)
        predicted = STAGE.fit(inputs).predict_proba(given.X)
        assert np.abs(predicted - linear.teacher).mean() < 0.02


@pytest.mark.parametrize("changes", [{"n": 3}, {"columns": 1}, {"constant": True}, {"lone": True}])
def test_little_to_learn_from(problem, inputs_for, changes):
    given = SimpleNamespace(**vars(problem("wine")))
    if "n" in changes:
        given.X, given.y, given.teacher = given.X[:3], given.y[:3], given.teacher[:3]
    if "columns" in changes:
        given.X, given.X_test = given.X[:, :1], given.X_test[:, :1]
    if "constant" in changes:
        given.X, given.X_test = np.full_like(given.X, 7.0), given.X_test
    if "lone" in changes:
        keep = (given.y != 1) | (np.cumsum(given.y == 1) == 1)
        given.X, given.y, given.teacher = given.X[keep], given.y[keep], given.teacher[keep]
    student = STAGE.fit(inputs_for(STAGE, given, **QUICK))
    predicted = student.predict_proba(given.X_test)
    assert predicted.shape[1] == 3
    assert np.isfinite(predicted).all()
    np.testing.assert_allclose(predicted.sum(axis=1), 1.0)


def test_a_training_that_diverges_is_one_clear_error(problem, inputs_for):
    inputs = inputs_for(STAGE, problem("wine"), **{**QUICK, "learning_rate": 1e5})
    with pytest.raises(RecipeError, match=r"diverged in epoch 1 at learning_rate=100000: lower it"):
        STAGE.fit(inputs)
    with pytest.raises(RecipeError, match="n_epochs is 0: expected a whole number from 1"):
        STAGE.fit(inputs_for(STAGE, problem("wine"), n_epochs=0))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", -1.0),
        ("learning_rate", float("nan")),
        ("weight_decay", -5.0),
        ("width", 1.5),
        ("layers", 3),
        ("n_epochs", 2.5),
        ("wdith", 8),
    ],
)
def test_what_no_network_has_is_refused_before_it_is_trained(problem, inputs_for, name, value):
    with pytest.raises(RecipeError, match=name):
        STAGE.fit(inputs_for(STAGE, problem("wine"), **{name: value}))


def test_held_rows_that_do_not_fit_are_refused(problem, inputs_for):
    inputs = inputs_for(STAGE, problem("wine"))
    for rows, labels in ((0, 0), (3, 2)):
        held = HeldOutRows(inputs.matrix[:rows], inputs.labels[:labels])
        with pytest.raises(DataError, match="labels are held out"):
            STAGE.path(replace(inputs, held=held))


def test_a_cap_on_the_rows(problem, inputs_for):
    given = problem("wine")
    capped = NetworkStage(rows=60).fit(inputs_for(STAGE, given))
    assert capped.to_bytes() != STAGE.fit(inputs_for(STAGE, given)).to_bytes()
    assert (capped.predict(given.X_test) == given.y_test).mean() > 0.8
    facts = DataFacts(n_rows=100, n_columns=13, n_classes=3)
    assert "60 of 100 rows" in NetworkStage(rows=60).caps(facts)["rows"]
    assert not NetworkStage(rows=0).caps(facts)


def test_a_student_of_two_classes_has_one_margin(problem, inputs_for):
    student = STAGE.fit(inputs_for(STAGE, problem("breast_cancer"), **QUICK))
    assert isinstance(student, Student)
    assert student.model.n_margins == 1
    assert student.model.family == "network of 16-16 units"


def test_weights_that_float16_holds_take_half_the_bytes(held_inputs):
    inputs, given = held_inputs("wine", **{**QUICK, "width": 64})
    whole = STAGE.fit(inputs)
    halved = NetworkStage(half_weights=True)
    student = halved.fit(inputs)
    assert len(student.to_bytes()) < 0.6 * len(whole.to_bytes())
    again = Student.from_bytes(student.to_bytes())
    expected = student.predict_proba(given.X_test)
    assert again.predict_proba(given.X_test).tobytes() == expected.tobytes()
    np.testing.assert_allclose(expected, whole.predict_proba(given.X_test), atol=0.01)
    assert halved.path(inputs).student(6).to_bytes() == student.to_bytes()
