"""The stage meets the contract of hpmkd's own stages, and has the exact loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.errors import DataError, RecipeError
from hpmkd.student import AdditiveModel, LinearModel, Schema, Student, fit_encoder
from hpmkd.testing import StageSuite
from hpmkd.testing.datasets import real_problem
from hpmkd.testing.stage_inputs import AsConfigured, heavy_rows, repeated
from hpmkd.values import ExtraRows, HeldOutRows, Previous, Softening
from hpmkd_lightgbm.path import PATIENCE
from hpmkd_lightgbm.rows import Rows
from hpmkd_lightgbm.stage import LightGBMStage


class TestLightGBM(StageSuite):
    @pytest.fixture
    def stage(self):
        return LightGBMStage()

    @pytest.fixture
    def hyperparameters(self):
        return {"n_rounds": 20, "num_leaves": 4, "learning_rate": 0.2}

    @pytest.mark.parametrize("alpha", [0.0, 0.5])
    @pytest.mark.parametrize("temperature", [1.0, 2.0])
    def test_a_row_of_weight_three_is_three_rows(self, stage, name, given, alpha, temperature):
        """Where counts of rows decide nothing: LightGBM cuts columns, and leaves, by these."""
        coarse = np.floor(given.matrix.argsort(axis=0).argsort(axis=0) / 10).astype(np.float32)
        settings = {**given.configuration.hyperparameters, "min_data_in_leaf": 1}
        configuration = replace(
            given.configuration, alpha=alpha, temperature=temperature, hyperparameters=settings
        )
        weighed = heavy_rows(replace(given, matrix=coarse, configuration=configuration), 3)
        one, other, without = (
            stage.fit(each).model.probabilities(coarse)
            for each in (weighed, repeated(weighed), replace(weighed, weights=None))
        )
        assert np.abs(one - other).mean() <= 1e-4
        assert np.abs(without - other).mean() > 1e-3


class Falling(AsConfigured):
    """Alpha falls to 0; keeps the states that it saw."""

    varies = True

    def __init__(self):
        self.states = []

    def softening(self, configuration, state):
        self.states.append(state)
        return Softening(configuration.temperature, configuration.alpha * (1 - state.progress))


def test_own_objective_and_lightgbms_grow_the_same_at_temperature_1(inputs_of):
    # All rows and columns: LightGBM draws others where the objective is not its own.
    inputs = inputs_of("breast_cancer", bagging_fraction=1.0, feature_fraction=1.0)
    own = LightGBMStage().fit(replace(inputs, scheduler=Unmoved()))
    theirs = LightGBMStage().fit(inputs)
    matrix = inputs.matrix
    np.testing.assert_allclose(own.model.margins(matrix), theirs.model.margins(matrix), atol=1e-3)


class Unmoved(AsConfigured):
    """As configured, but asked in every round."""

    varies = True


def test_a_round_lowers_the_loss_at_every_temperature(inputs_of, name):
    for temperature in (0.5, 1.0, 4.0):
        inputs = inputs_of(name, alpha=0.7, temperature=temperature)
        rows = Rows.of(inputs)
        softening = Softening(temperature, 0.7)
        students = [
            LightGBMStage().fit(
                replace(
                    inputs,
                    configuration=replace(
                        inputs.configuration,
                        hyperparameters={"n_rounds": n, "num_leaves": 4, "learning_rate": 0.1},
                    ),
                )
            )
            for n in (1, 5, 20)
        ]
        margins = [student.model.margins(inputs.matrix).astype(float) for student in students]
        shaped = [each[:, 0] if each.shape[1] == 1 else each for each in margins]
        losses = [rows.derivatives(each, softening)[0] for each in shaped]
        assert losses[0] > losses[1] > losses[2]


def test_a_scheduler_that_varies_is_asked_in_every_round_and_told(inputs_of, name):
    scheduler = Falling()
    LightGBMStage().fit(inputs_of(name, scheduler=scheduler))
    states = scheduler.states[1:]  # the first question is what the fit starts from
    assert [state.progress for state in states] == [i / 20 for i in range(20)]
    assert states[0].loss is None
    assert all(state.loss > 0 for state in states[1:])


def test_rows_without_labels_are_learnt_from_by_their_weight(inputs_of, loss, name):
    inputs = inputs_of(name, alpha=0.5)
    contrary = np.roll(inputs.soft_targets, 1, axis=1)

    def disagreement(weight, alpha=0.5):
        extra = ExtraRows(inputs.matrix, contrary, weight)
        configuration = replace(inputs.configuration, alpha=alpha)
        student = LightGBMStage().fit(replace(inputs, extra=extra, configuration=configuration))
        return loss(contrary, student.predict_proba(real_problem(name, mixed=True).table))

    assert disagreement(10.0) < disagreement(1.0) < disagreement(0.01)
    assert disagreement(10.0, alpha=0.0) < disagreement(0.01, alpha=0.0)


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf])
def test_a_weight_that_is_none_is_refused(inputs_of, weight):
    inputs = inputs_of("wine")
    extra = ExtraRows(inputs.matrix[:30], inputs.soft_targets[:30], weight)
    with pytest.raises(DataError, match="expected a finite one above 0"):
        LightGBMStage().fit(replace(inputs, extra=extra))


def test_extra_rows_of_other_columns_are_refused(inputs_of):
    inputs = inputs_of("wine")
    extra = ExtraRows(inputs.matrix[:30, 1:], inputs.soft_targets[:30], 1.0)
    with pytest.raises(DataError, match="columns and classes, expected"):
        LightGBMStage().fit(replace(inputs, extra=extra))


@pytest.mark.parametrize("share", ["bagging_fraction", "feature_fraction"])
@pytest.mark.parametrize("value", [0.0, 1.5, float("nan")])
def test_shares_outside_0_to_1_are_refused(inputs_of, share, value):
    with pytest.raises(RecipeError, match=rf"got {share}=.*, expected a share in \(0, 1\]"):
        LightGBMStage().fit(inputs_of("wine", **{share: value}))


@pytest.mark.parametrize("share", ["bagging_fraction", "feature_fraction"])
def test_shares_change_the_trees(inputs_of, share, name):
    some, whole = (
        LightGBMStage().fit(inputs_of(name, **{share: value})).to_bytes() for value in (0.5, 1.0)
    )
    assert some != whole


@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("with_start", [False, True])
def test_a_student_of_the_path_is_that_of_a_shorter_fit(inputs_of, name, temperature, with_start):
    inputs, table = inputs_of(name, temperature=temperature), real_problem(name, mixed=True).table
    held = HeldOutRows(inputs.matrix[::3], inputs.labels[::3])
    extra = ExtraRows(inputs.matrix[:40], inputs.soft_targets[:40], 0.5)
    inputs = replace(inputs, held=held, extra=extra)
    if with_start:
        encoder = fit_encoder("linear", Schema.fit(table), table)
        matrix = encoder.transform(table)
        n_margins = 1 if name == "breast_cancer" else 3
        weights = 0.1 * np.random.default_rng(0).normal(size=(matrix.shape[1], n_margins))
        start = Student(encoder, LinearModel(weights, np.zeros(n_margins)), inputs.classes)
        previous = Previous(start, matrix, matrix[:40], held_matrix=matrix[::3])
        inputs = replace(inputs, start=previous)
    path = LightGBMStage().path(inputs)
    assert len(path.losses) == path.n_rounds == 20
    for rounds in (1, 7, 20):
        settings = {**inputs.configuration.hyperparameters, "n_rounds": rounds}
        shorter = replace(inputs.configuration, hyperparameters=settings)
        fitted = LightGBMStage().fit(replace(inputs, configuration=shorter, held=None))
        assert path.student(rounds).to_bytes() == fitted.to_bytes()
        predicted = fitted.predict_proba(table.iloc[::3])
        loss = -np.log(predicted[np.arange(len(predicted)), held.labels]).mean()
        assert path.losses[rounds - 1] == pytest.approx(loss, abs=1e-5)


def test_a_schedule_has_no_path(inputs_of):
    assert LightGBMStage().path(inputs_of("wine", scheduler=Falling())) is None


def test_a_path_ends_when_the_loss_no_longer_falls(inputs_of):
    inputs = inputs_of("wine", n_rounds=2_000, learning_rate=0.5, alpha=0.0)
    path = LightGBMStage().path(
        replace(inputs, held=HeldOutRows(inputs.matrix[:30], np.roll(inputs.labels, 9)[:30]))
    )
    assert PATIENCE < path.n_rounds < 2_000


@pytest.mark.parametrize("with_extra", [False, True])
def test_it_starts_from_a_linear_student(inputs_of, name, with_extra):
    inputs, table = inputs_of(name), real_problem(name, mixed=True).table
    encoder = fit_encoder("linear", Schema.fit(table), table)
    matrix = encoder.transform(table)
    n_margins = 1 if name == "breast_cancer" else 3
    weights = np.random.default_rng(0).normal(size=(matrix.shape[1], n_margins))
    start = Student(encoder, LinearModel(weights, np.zeros(n_margins)), inputs.classes)
    extra = ExtraRows(inputs.matrix[:40], inputs.soft_targets[:40], 0.5) if with_extra else None
    previous = Previous(start, matrix, matrix[:40] if with_extra else None)
    student = LightGBMStage().fit(replace(inputs, start=previous, extra=extra))
    assert isinstance(student.model, AdditiveModel)
    assert np.array_equal(student.model.linear.coefficients, weights)
    true = np.arange(len(table)), inputs.labels
    before, after = (-np.log(s.predict_proba(table)[true]).mean() for s in (start, student))
    assert after < before


def test_one_row_is_answered_as_among_others(inputs_of, name):
    student, table = LightGBMStage().fit(inputs_of(name)), real_problem(name, mixed=True).table
    hollow = table.assign(**{"column 0": None, "column 4": np.nan})
    for rows in (table.head(40), hollow.head(10)):
        margins = student.model.margins(student.encoder.transform(rows))
        for at, row in enumerate(rows.to_dict("records")):
            assert student.predict_one(row) == student.predict(rows)[at]
            packed = student.packed.margins(student.packed.encode_row(row))
            assert (packed == margins[at]).all()


def test_it_starts_from_no_other_student(inputs_of):
    inputs = inputs_of("wine")
    trees = LightGBMStage().fit(inputs)
    with pytest.raises(RecipeError, match='write after = "logistic"'):
        LightGBMStage().fit(replace(inputs, start=Previous(trees, inputs.matrix)))
