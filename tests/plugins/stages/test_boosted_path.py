"""One boosted fit is a student after every round: bit for bit what a fit of so many returns."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from hpmkd.errors import DataError
from hpmkd.values import Configuration, ExtraRows, HeldOutRows, Previous
from hpmkd_defaults.stages.boosted_path import as_half, exhausted, log_loss, patience_of
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.boosting_parameters import STRATEGIES
from hpmkd_defaults.stages.logistic import LogisticStage

ROUNDS = 9
N, N_EXTRA = 70, 20


@pytest.fixture
def inputs_of(problem, inputs_for):
    """What a stage gets: 70 rows, then, if wanted, 20 without a label; the rest is held out."""

    def make(name, stage=None, *, extra=False, start=False, held=True, **options):
        stage = stage or GBMStage()
        whole = inputs_for(stage, problem(name), **{"n_rounds": ROUNDS, **options})
        linear = inputs_for(LogisticStage(), problem(name))
        rows, more, rest = slice(N), slice(N, N + N_EXTRA), slice(N + N_EXTRA, None)
        inputs = replace(
            whole,
            matrix=whole.matrix[rows],
            labels=whole.labels[rows],
            soft_targets=whole.soft_targets[rows],
            extra=ExtraRows(whole.matrix[more], whole.soft_targets[more], 0.5) if extra else None,
            held=HeldOutRows(whole.matrix[rest], whole.labels[rest]) if held else None,
        )
        if start:
            before = replace(
                inputs,
                matrix=linear.matrix[rows],
                encoder=linear.encoder,
                extra=None,
                configuration=Configuration("logistic", 1.0, 0.0),
            )
            student = LogisticStage().fit(before)
            parts = [linear.matrix[rows], linear.matrix[more] if extra else None]
            held_matrix = linear.matrix[rest] if held else None
            inputs = replace(inputs, start=Previous(student, *parts, held_matrix=held_matrix))
        return inputs

    return make


def of_rounds(inputs, n_rounds):
    """The inputs of a fit of so many rounds, which sees no held-out rows."""
    settings = {**inputs.configuration.hyperparameters, "n_rounds": n_rounds}
    configuration = replace(inputs.configuration, hyperparameters=settings)
    return replace(inputs, configuration=configuration, held=None)


CASES = list(product(["breast_cancer", "wine"], STRATEGIES, [False, True], [False, True]))


@pytest.mark.parametrize(("name", "strategy", "extra", "start"), CASES)
@pytest.mark.parametrize(
    ("alpha", "temperature"), [(0.0, 1.0), (0.5, 2.0)], ids=["hard", "softened"]
)
@pytest.mark.parametrize(
    "stage", [GBMStage(), XGBoostStage(), GBMStage(refit_every=4)], ids=["gbm", "xgboost", "refit"]
)
def test_a_student_of_the_path_is_that_of_a_shorter_fit(
    inputs_of, stage, name, strategy, extra, start, alpha, temperature
):
    inputs = inputs_of(
        name,
        stage,
        extra=extra,
        start=start,
        alpha=alpha,
        temperature=temperature,
        multi_strategy=strategy,
        subsample=0.7,
        colsample_bynode=0.8,
    )
    path = stage.path(inputs)
    assert len(path.losses) == path.n_rounds == ROUNDS
    for n_rounds in (1, 4, 6, ROUNDS):
        student = path.student(n_rounds)
        assert student.to_bytes() == stage.fit(of_rounds(inputs, n_rounds)).to_bytes()
        matrix = inputs.held.matrix
        if start:
            matrix = np.hstack([inputs.start.held_matrix, matrix])
        right = np.arange(len(matrix)), inputs.held.labels
        loss = -np.log(student.model.probabilities(matrix)[right]).mean()
        assert path.losses[n_rounds - 1] == pytest.approx(loss, abs=1e-6)


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
def test_rows_that_are_held_out_change_no_tree(inputs_of, name):
    inputs = inputs_of(name)
    others = HeldOutRows(inputs.held.matrix[::-2], inputs.held.labels[::-2])
    students = [
        GBMStage().path(replace(inputs, held=held)).student(ROUNDS).to_bytes()
        for held in (inputs.held, others, None)
    ]
    assert students[0] == students[1] == students[2]


def test_without_held_out_rows_there_are_all_rounds_and_no_loss(inputs_of):
    path = GBMStage().path(inputs_of("wine", held=False, n_rounds=40, eta=0.5))
    assert path.n_rounds == 40
    assert path.losses.shape == (0,)


def test_it_ends_when_the_loss_no_longer_falls(inputs_of):
    inputs = inputs_of("breast_cancer", eta=0.5, n_rounds=400)
    # A third of the labels are wrong: confidence costs.
    wrong = np.arange(len(inputs.held.labels)) % 3 == 0
    held = replace(inputs.held, labels=np.where(wrong, 1 - inputs.held.labels, inputs.held.labels))
    losses = GBMStage().path(replace(inputs, held=held)).losses
    assert len(losses) < 400
    assert len(losses) - 1 - losses.argmin() == patience_of(0.5)


@pytest.mark.parametrize("n_rounds", [0, ROUNDS + 1])
def test_rounds_that_were_not_boosted_are_refused(inputs_of, n_rounds):
    with pytest.raises(ValueError, match=f"got n_rounds={n_rounds}, but the path has 1 … 9"):
        GBMStage().path(inputs_of("wine")).student(n_rounds)


def test_a_schedule_has_no_path(inputs_of, watched):
    inputs = replace(inputs_of("wine"), scheduler=watched)
    assert GBMStage().path(inputs) is None
    student = GBMStage().fit(inputs)
    assert student.model.n_trees == 3 * ROUNDS


def test_held_out_rows_need_their_linear_half(inputs_of):
    inputs = inputs_of("wine", start=True)
    lone = replace(inputs, start=replace(inputs.start, held_matrix=None))
    with pytest.raises(DataError, match=r"34 rows are held out, but .* has 0 of them"):
        GBMStage().path(lone)


def test_the_end_of_patience():
    assert not exhausted(list(np.linspace(1, 0, 30)), 9)
    assert not exhausted([], 9)
    assert not exhausted([0.5] * 9, 9)
    assert exhausted([0.5] * 10, 9)
    assert not exhausted([0.5, *[0.6] * 8, 0.4], 9)


def test_smaller_steps_have_more_patience():
    assert [patience_of(eta) for eta in (0.05, 0.12, 0.24, 0.5)] == [48, 20, 10, 10]


@pytest.mark.parametrize("n_classes", [2, 5])
def test_log_loss_is_that_of_the_probabilities(n_classes):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(40, n_classes)).astype(np.float32)
    labels = rng.integers(0, n_classes, 40)
    odds = np.exp(z.astype(float))
    expected = -np.log((odds / odds.sum(axis=1, keepdims=True))[np.arange(40), labels]).mean()
    given = z[:, 1] - z[:, 0] if n_classes == 2 else z
    held = HeldOutRows(z, labels)
    assert log_loss(given, held) == pytest.approx(expected, abs=1e-6)
    assert np.isfinite(log_loss(1e6 * given, held))


# ------------------------------------------------------------------- vectors in leaves


def vectors(inputs_of, stage=None, **options):
    return (stage or GBMStage()).fit(
        inputs_of("wine", multi_strategy="multi_output_tree", held=False, **options)
    )


def test_a_tree_of_vectors_replaces_one_per_class(inputs_of):
    model = vectors(inputs_of).model
    assert model.n_trees == ROUNDS
    assert model.leaf_values.shape[1] == 3
    assert GBMStage().fit(inputs_of("wine", held=False)).model.n_trees == 3 * ROUNDS


def test_losses_of_vectors_are_those_of_their_students(inputs_of):
    inputs = inputs_of("wine", multi_strategy="multi_output_tree", colsample_bynode=0.5)
    path, held = GBMStage().path(inputs), inputs.held
    for n_rounds in (1, path.n_rounds):
        margins = path.student(n_rounds).model.margins(held.matrix)
        assert log_loss(margins, held) == path.losses[n_rounds - 1]


def test_two_classes_are_one_margin_whatever_the_strategy(inputs_of):
    inputs = [
        inputs_of("breast_cancer", multi_strategy=strategy, held=False) for strategy in STRATEGIES
    ]
    one, vector = (GBMStage().fit(each).to_bytes() for each in inputs)
    assert one == vector


def test_halves_are_what_float16_holds_and_hardly_differ(inputs_of):
    exact, halved = (vectors(inputs_of, GBMStage(half_leaves=half)).model for half in (False, True))
    values = halved.leaf_values
    assert (values == values.astype(np.float16)).all()
    np.testing.assert_allclose(values, exact.leaf_values, rtol=2**-11, atol=1e-7)
    np.testing.assert_array_equal(values, as_half(exact.leaf_values))
    assert np.isfinite(as_half(np.array([1e30, -1e30]))).all()


def test_halves_are_for_vectors_alone(inputs_of):
    inputs = inputs_of("wine", held=False)
    assert GBMStage(half_leaves=True).fit(inputs).to_bytes() == GBMStage().fit(inputs).to_bytes()
