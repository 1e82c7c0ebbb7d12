"""The stage keeps every promise that hpmkd's own stages keep, and says the exact loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.errors import RecipeError
from hpmkd.student import AdditiveModel, LinearModel, Schema, Student, fit_encoder
from hpmkd.testing import StageSuite
from hpmkd.testing.datasets import real_problem
from hpmkd.testing.stage_inputs import AsConfigured
from hpmkd.values import ExtraRows, Previous, Softening
from hpmkd_lightgbm import stage as module
from hpmkd_lightgbm.stage import LightGBMStage


class TestLightGBM(StageSuite):
    @pytest.fixture
    def stage(self):
        return LightGBMStage()

    @pytest.fixture
    def hyperparameters(self):
        return {"n_rounds": 20, "num_leaves": 4}


class Falling(AsConfigured):
    """Alpha falls to 0; keeps the states that it saw."""

    varies = True

    def __init__(self):
        self.states = []

    def softening(self, configuration, state):
        self.states.append(state)
        return Softening(configuration.temperature, configuration.alpha * (1 - state.progress))


def test_own_objective_and_lightgbms_grow_the_same_at_temperature_1(inputs_of):
    inputs = inputs_of("breast_cancer")
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
        rows = module.Rows.with_extra(inputs, 0.7, 1.0)
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
    assert disagreement(10.0, alpha=0.0) == disagreement(0.01, alpha=0.0)


def test_extra_weight_0_is_without_those_rows(inputs_of, name):
    inputs = inputs_of(name, extra_weight=0.0)
    extra = ExtraRows(inputs.matrix[:30], inputs.soft_targets[:30], 0.5)
    fit = LightGBMStage().fit
    assert fit(replace(inputs, extra=extra)).to_bytes() == fit(inputs).to_bytes()


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
