"""Rows without labels: taught by the teacher alone, with their weight, whatever alpha is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeRegressor

from hpmkd.errors import DataError
from hpmkd.kernels import soften
from hpmkd.values import ExtraRows, Softening
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.logistic import LogisticStage, TemperedLogistic
from hpmkd_defaults.stages.objective import DistillationObjective
from hpmkd_defaults.stages.row_loss import RowLoss, checked_extra
from hpmkd_defaults.stages.tree import TreeStage
from tests.kernels import reference

STAGES = [LogisticStage(), TreeStage(), GBMStage(), XGBoostStage()]
SETS = ["breast_cancer", "wine"]
N = 60  # rows of the problem that keep their label


@pytest.fixture(params=STAGES, ids=lambda stage: type(stage).__name__)
def stage(request):
    return request.param


@pytest.fixture
def split_inputs(problem, inputs_for):
    """``split_inputs(stage, name, weight=…, …)``: rows beyond the first N lose their label."""

    def make(stage, name, weight=0.5, **options):
        whole = inputs_for(stage, problem(name), **options)
        extra = ExtraRows(whole.matrix[N:], whole.soft_targets[N:], weight)
        return replace(
            whole,
            matrix=whole.matrix[:N],
            labels=whole.labels[:N],
            soft_targets=whole.soft_targets[:N],
            extra=extra,
        )

    return make


def quick(stage):
    """Few rounds, on all rows, columns and values: these tests compare sums over rows."""
    whole = {"subsample": 1.0, "colsample_bytree": 1.0, "max_bin": 256}
    boosted = isinstance(stage, GBMStage | XGBoostStage)
    return {"n_rounds": 10, "eta": 0.3, **whole} if boosted else {}


@pytest.mark.parametrize("name", SETS)
def test_at_alpha_0_they_teach_beside_hard_labels(stage, split_inputs, problem, name):
    inputs = split_inputs(stage, name, alpha=0.0, **quick(stage))
    wrong = replace(inputs.extra, soft_targets=np.roll(inputs.extra.soft_targets, 1, axis=1))
    right, contrary, alone = (
        stage.fit(replace(inputs, extra=extra)).predict_proba(problem(name).X_test)
        for extra in (inputs.extra, wrong, None)
    )
    for row_set in (right, alone):
        assert np.abs(contrary - row_set).max() > 0.05
    assert not np.array_equal(right, alone)


@pytest.mark.parametrize("name", SETS)
def test_at_alpha_0_no_temperature_softens_them(stage, split_inputs, name):
    cold, warm = (
        stage.fit(split_inputs(stage, name, alpha=0.0, temperature=t, **quick(stage))).to_bytes()
        for t in (1.0, 4.0)
    )
    assert cold == warm


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf])
def test_a_weight_that_is_none_is_refused(stage, split_inputs, weight):
    inputs = split_inputs(stage, "wine", weight=weight, **quick(stage))
    with pytest.raises(DataError, match=r"the weight .* expected one above 0 and up to 1e\+06"):
        stage.fit(inputs)


@pytest.mark.parametrize("part", ["matrix", "soft_targets"])
def test_other_columns_and_classes_are_refused(stage, split_inputs, part):
    inputs = split_inputs(stage, "wine", **quick(stage))
    fewer = replace(inputs.extra, **{part: getattr(inputs.extra, part)[:, 1:]})
    with pytest.raises(DataError, match=r"rows without labels have (columns|classes) of shape"):
        stage.fit(replace(inputs, extra=fewer))


def test_each_of_them_needs_a_target(stage, split_inputs):
    inputs = split_inputs(stage, "wine", **quick(stage))
    fewer = replace(inputs.extra, soft_targets=inputs.extra.soft_targets[1:])
    with pytest.raises(DataError, match="64 rows without labels, but soft targets for 63"):
        stage.fit(replace(inputs, extra=fewer))


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_of_weight_1_they_are_rows_at_alpha_1(
    stage, problem, inputs_for, split_inputs, name, temperature
):
    """At alpha = 1 no label counts, so a row without one is as good as a row with one."""
    options = {"alpha": 1.0, "temperature": temperature, **quick(stage)}
    whole = stage.fit(inputs_for(stage, problem(name), **options))
    split = stage.fit(split_inputs(stage, name, weight=1.0, **options))
    X = problem(name).X_test
    np.testing.assert_allclose(split.predict_proba(X), whole.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("stage", [STAGES[0], *STAGES[2:]], ids=lambda stage: type(stage).__name__)
def test_weight_2_is_every_row_twice(stage, split_inputs, problem, name, temperature):
    inputs = split_inputs(stage, name, weight=2.0, temperature=temperature, **quick(stage))
    # Few enough for a bin of the histogram per value: more copies would move the bins.
    matrix, teacher = inputs.extra.matrix[:90], inputs.extra.soft_targets[:90]
    twice = ExtraRows(np.tile(matrix, (2, 1)), np.tile(teacher, (2, 1)), 1.0)
    once = ExtraRows(matrix, teacher, 2.0)
    one, two = (
        stage.fit(replace(inputs, extra=extra)).predict_proba(problem(name).X_test)
        for extra in (once, twice)
    )
    np.testing.assert_allclose(one, two, atol=1e-4)


@pytest.mark.parametrize("stage", STAGES[1:], ids=lambda stage: type(stage).__name__)
def test_rows_without_labels_lower_the_loss_where_labels_are_few(stage, problem, split_inputs):
    given = problem("breast_cancer")
    inputs = split_inputs(stage, "breast_cancer", weight=1.0)
    losses = []
    for each in (replace(inputs, extra=None), inputs):
        predicted = stage.fit(each).predict_proba(given.X_test)
        losses.append(-np.log(predicted[np.arange(len(predicted)), given.y_test]).mean())
    assert losses[1] < losses[0]


@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.parametrize("stage", STAGES[2:], ids=lambda stage: type(stage).__name__)
def test_the_shortcut_of_two_classes_is_the_objective(
    stage, split_inputs, watched, problem, temperature
):
    inputs = split_inputs(stage, "breast_cancer", temperature=temperature, **quick(stage))
    straight = stage.fit(inputs)
    round_by_round = stage.fit(replace(inputs, scheduler=watched))
    X = problem("breast_cancer").X_test
    np.testing.assert_allclose(
        straight.predict_proba(X), round_by_round.predict_proba(X), atol=2e-5
    )


def twin(inputs, margins, softening):
    """The weighted mean loss and the derivatives by the naive twin, block by block."""
    n, extra = len(inputs.labels), inputs.extra
    temperature, alpha = softening.temperature, softening.alpha
    parts = [
        reference.distillation_loss(
            margins[:n], inputs.labels, soften(inputs.soft_targets, temperature), temperature, alpha
        ),
        reference.distillation_loss(
            margins[n:],
            np.zeros(len(extra.matrix), int),
            soften(extra.soft_targets, temperature),
            temperature,
            1.0,
        ),
    ]
    weights = [1.0, extra.weight]
    sums = [w * rows for w, rows in zip(weights, (n, len(extra.matrix)), strict=True)]
    loss = sum(s * part[0] for s, part in zip(sums, parts, strict=True)) / sum(sums)
    derivatives = [
        np.concatenate([w * part[at] for w, part in zip(weights, parts, strict=True)])
        for at in (1, 2)
    ]
    return loss, *derivatives


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(
    "softening", [Softening(1.0, 0.5), Softening(2.0, 0.3), Softening(0.5, 1.0), Softening(1.0, 0)]
)
def test_the_loss_equals_its_twin(split_inputs, name, softening):
    inputs = split_inputs(STAGES[0], name, weight=0.3, alpha=softening.alpha)
    row_loss = RowLoss(inputs, inputs.extra)
    margins = np.random.default_rng(0).normal(size=row_loss.shape)
    for _ in range(2):  # buffers are used again
        for predicted, expected in zip(
            row_loss(margins, softening), twin(inputs, margins, softening), strict=True
        ):
            np.testing.assert_allclose(predicted, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("softening", [Softening(1.0, 0.5), Softening(2.5, 0.6), Softening(0.5, 1)])
def test_gradient_against_differences(split_inputs, slope, name, softening):
    inputs = split_inputs(STAGES[0], name, weight=0.3, alpha=2 * softening.alpha / 3)
    objective = TemperedLogistic(inputs, softening, C=0.3)
    rng = np.random.default_rng(0)
    at = objective.start() + 0.3 * rng.normal(size=objective.start().size)
    _, gradient = objective(at)
    np.testing.assert_allclose(slope(lambda w: objective(w)[0], at), gradient, atol=1e-7)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("alpha", [0.25, 1.0])
def test_logistic_equals_scikit_learn_on_weighted_rows(problem, split_inputs, name, alpha):
    inputs = split_inputs(STAGES[0], name, weight=0.4, alpha=alpha, C=0.1)
    k = len(inputs.classes)
    real = alpha * inputs.soft_targets + (1 - alpha) * np.eye(k)[inputs.labels]
    weights = np.vstack([real, 0.4 * inputs.extra.soft_targets])
    matrix = np.vstack([inputs.matrix, inputs.extra.matrix])
    known = LogisticRegression(C=0.1, tol=1e-8, max_iter=5000)
    known.fit(np.repeat(matrix, k, axis=0), np.tile(np.arange(k), len(matrix)), weights.ravel())
    expected = known.predict_proba(inputs.encoder.transform(problem(name).X_test))
    predicted = STAGES[0].fit(inputs).predict_proba(problem(name).X_test)
    np.testing.assert_allclose(predicted, expected, atol=1e-3)


@pytest.mark.parametrize("name", SETS)
def test_leaves_of_a_tree_are_weighted_means(problem, split_inputs, name):
    inputs = split_inputs(STAGES[1], name, weight=0.4, alpha=0.5)
    k = len(inputs.classes)
    real = 0.5 * inputs.soft_targets + 0.5 * np.eye(k)[inputs.labels]
    target = np.vstack([real, inputs.extra.soft_targets])
    matrix = np.vstack([inputs.matrix, inputs.extra.matrix])
    weights = np.repeat([1.0, 0.4], [N, len(matrix) - N])
    tree = DecisionTreeRegressor(max_leaf_nodes=64, min_samples_leaf=5, random_state=0)
    tree.fit(matrix, target[:, 1:] if k == 2 else target, weights)
    prior = (weights @ target + 1 / k) / (weights.sum() + 1)
    at = tree.apply(matrix)
    expected = []
    for leaf in tree.apply(problem(name).X_test.astype(np.float32)):
        own = at == leaf
        expected.append((weights[own] @ target[own] + prior) / (weights[own].sum() + 1))
    predicted = STAGES[1].fit(inputs).predict_proba(problem(name).X_test)
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_a_schedule_does_not_move_their_weight(split_inputs, watched):
    class Late(type(watched)):
        def softening(self, configuration, state):
            return Softening(1.0, 0.0 if state.progress < 0.5 else 0.5)

    inputs = split_inputs(STAGES[3], "wine", scheduler=Late(), n_rounds=2)
    objective = DistillationObjective(inputs, 2, inputs.extra)
    margins = np.zeros((len(inputs.labels) + len(inputs.extra.matrix), 3))
    first, second = (np.array(objective(margins, None)[0]) for _ in range(2))
    assert first[N:].tobytes() == second[N:].tobytes()
    assert (first[:N] != second[:N]).any()


def test_they_are_left_alone(stage, split_inputs):
    inputs = split_inputs(stage, "wine", **quick(stage))
    before = inputs.extra.matrix.copy(), inputs.extra.soft_targets.copy()
    stage.fit(inputs)
    assert np.array_equal(inputs.extra.matrix, before[0])
    assert np.array_equal(inputs.extra.soft_targets, before[1])


def test_holes_in_them_are_routed(problem, split_inputs):
    for stage in STAGES[1:]:
        inputs = split_inputs(stage, "wine", **quick(stage))
        holes = inputs.extra.matrix.copy()
        holes[::3, 0] = np.nan
        holes.flags.writeable = False
        predicted = stage.fit(replace(inputs, extra=replace(inputs.extra, matrix=holes)))
        assert np.isfinite(predicted.predict_proba(problem("wine").X_test)).all()


def test_without_any_there_is_nothing_to_check(split_inputs):
    inputs = split_inputs(STAGES[0], "wine")
    assert checked_extra(inputs) is inputs.extra
    assert checked_extra(replace(inputs, extra=None)) is None
