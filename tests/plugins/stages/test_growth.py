"""Trees in parts, refitted in between, from nothing or from a linear student's margins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xgboost
from scipy.special import xlogy

from hpmkd.errors import RecipeError
from hpmkd.student import Schema, Student, fit_encoder
from hpmkd.training.datasets import TrainingSet
from hpmkd.training.fit import ActiveStage, FitContext
from hpmkd.values import After, Configuration, ExtraRows, Previous, Softening, StageInputs
from hpmkd_defaults.stages import leaf_refit
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.boosting_parameters import STRATEGIES, common_parameters
from hpmkd_defaults.stages.boosting_rounds import XGBoosting, first_target, start_margin
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.objective import DistillationObjective
from hpmkd_defaults.stages.refit import JointLoss, refit_jointly
from hpmkd_defaults.stages.tree import TreeStage
from hpmkd_defaults.transfers.residual import Residual

STAGES = [GBMStage(), XGBoostStage()]
QUICK = {"n_rounds": 12}
N_EXTRA = 40


class Constant:
    varies = False

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha)


@pytest.fixture(params=STAGES, ids=lambda stage: type(stage).__name__)
def stage(request):
    return request.param


@pytest.fixture(params=[2, 4], ids=["two classes", "four classes"])
def given(request, people):
    """Words, categories and holes, with the last 40 rows robbed of their label."""
    target = people["bought"] if request.param == 2 else people["children"]
    return people.drop(columns="bought"), np.unique(target, return_inverse=True)[1]


def inputs_of(given, encoding, *, extra=False, alpha=0.5, temperature=1.0, seed=0, **settings):
    table, codes = given
    n_classes = codes.max() + 1
    rows = table.iloc[:-N_EXTRA]
    encoder = fit_encoder(encoding, Schema.fit(rows), rows)
    rng = np.random.default_rng(1)
    soft = 0.6 * np.eye(n_classes)[codes] + 0.4 * rng.dirichlet(np.ones(n_classes), len(codes))
    further = ExtraRows(encoder.transform(table.iloc[-N_EXTRA:]), soft[-N_EXTRA:], 0.5)
    return StageInputs(
        matrix=encoder.transform(rows),
        encoder=encoder,
        labels=codes[:-N_EXTRA],
        soft_targets=soft[:-N_EXTRA],
        classes=np.arange(n_classes),
        configuration=Configuration("stage", temperature, alpha, settings),
        scheduler=Constant(),
        seed=seed,
        extra=further if extra else None,
    )


def linear_before(given, **options):
    """Return the logistic student of some inputs, as it is handed on."""
    inputs = inputs_of(given, "linear", **options)
    extra = None if inputs.extra is None else inputs.extra.matrix
    return Previous(LogisticStage().fit(inputs), inputs.matrix, extra)


def started(given, **options):
    named = {"extra": options.get("extra", False)}
    return replace(inputs_of(given, "tree", **options), start=linear_before(given, **named))


def xgboost_alone(stage, inputs, margins):
    """Return a booster of the inputs' own loss that begins at margins (n, C)."""
    settings = stage.settings(inputs)
    parameters = common_parameters(inputs, settings) | dict(stage.growth(settings))
    matrix = xgboost.QuantileDMatrix(inputs.matrix, nthread=1, max_bin=parameters["max_bin"])
    matrix.set_base_margin(margins if margins.shape[1] > 1 else margins[:, 0])
    rounds = settings["n_rounds"]
    if len(inputs.classes) > 2:
        return xgboost.train(parameters, matrix, rounds, obj=DistillationObjective(inputs, rounds))
    matrix.set_label(first_target(inputs)[:, 1].clip(0, 1))
    return xgboost.train(parameters, matrix, rounds)


def margins_of(booster, matrix, margins):
    data = xgboost.DMatrix(matrix, nthread=1)
    data.set_base_margin(margins if margins.shape[1] > 1 else margins[:, 0])
    return booster.predict(data, output_margin=True).reshape(margins.shape)


def awkward(table):
    """The rows, and rows as no training has seen them."""
    late = table.head(30).copy()
    late["city"] = np.where(np.arange(30) % 3 == 0, "Quito", late["city"])
    late.loc[late.index % 5 == 0, "age"] = 1e9
    late.loc[late.index % 7 == 0, "age"] = np.nan
    return late


def cross_entropy(student, inputs, rows):
    """Mean cross entropy of the mixed target at T = 1."""
    predicted = np.maximum(student.predict_proba(rows), 1e-300)
    return -xlogy(first_target(inputs), predicted).sum(axis=1).mean()


# --------------------------------------------------------------- without a refit


def test_without_refits_it_is_the_plain_booster_bit_for_bit(stage, given):
    inputs = inputs_of(given, "tree", **QUICK)
    student = stage.fit(inputs)
    prior = np.tile(start_margin(first_target(inputs)), (len(inputs.labels), 1))
    booster = xgboost_alone(stage, inputs, prior)
    for matrix in (inputs.matrix, inputs.encoder.transform(awkward(given[0]))):
        expected = margins_of(booster, matrix, prior[: len(matrix)])
        assert student.model.margins(matrix).tobytes() == expected.tobytes()


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_margins_are_the_clipped_linear_ones_and_the_booster_on_top(
    stage, given, temperature, monkeypatch
):
    boosters = []
    begin = XGBoosting.booster

    def stored(self, margins, held_margins):
        boosters.append(begin(self, margins, held_margins))
        return boosters[-1]

    monkeypatch.setattr(XGBoosting, "booster", stored)
    inputs = started(given, temperature=temperature, **QUICK)
    student = stage.fit(inputs)
    (booster,) = boosters
    linear = inputs.start.student
    seen = linear.model.margins(inputs.start.matrix).astype(np.float32)
    for rows in (given[0].iloc[:-N_EXTRA], awkward(given[0])):
        margins = linear.model.margins(linear.encoder.transform(rows)).astype(np.float32)
        start = np.clip(margins, seen.min(axis=0), seen.max(axis=0))
        expected = margins_of(booster, inputs.encoder.transform(rows), start)
        predicted = student.model.margins(student.encoder.transform(rows))
        assert predicted.tobytes() == expected.tobytes()
    # Beyond what training saw, the linear part stands still.
    assert (margins != start).any()


def test_a_start_is_learnt_from_and_not_thrown_away(stage, given):
    rows = given[0].iloc[:-N_EXTRA]
    inputs = started(given, **QUICK)
    plain = replace(inputs, start=None)
    few = replace(inputs, configuration=Configuration("s", 1.0, 0.5, {"n_rounds": 1, "eta": 1e-9}))
    losses = [cross_entropy(stage.fit(each), inputs, rows) for each in (inputs, plain)]
    assert losses[0] != losses[1]
    # A booster that learns nothing leaves the linear student as it was.
    alone = stage.fit(few).predict_proba(rows)
    np.testing.assert_allclose(alone, inputs.start.student.predict_proba(rows), atol=1e-6)
    assert losses[0] < cross_entropy(inputs.start.student, inputs, rows)


@pytest.mark.parametrize("refit_every", [0, 4])
@pytest.mark.parametrize("kind", [GBMStage, XGBoostStage])
def test_extra_rows_start_from_their_own_margins(kind, given, refit_every):
    stage, inputs = kind(refit_every), started(given, extra=True, **QUICK)
    student = stage.fit(inputs)
    deaf = stage.fit(replace(inputs, extra=None))
    assert student.to_bytes() != deaf.to_bytes()
    swapped = replace(inputs.start, extra_matrix=inputs.start.extra_matrix[::-1].copy())
    assert stage.fit(replace(inputs, start=swapped)).to_bytes() != student.to_bytes()


# ------------------------------------------------------------------ with refits


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("begin", [inputs_of, started], ids=["alone", "started"])
def test_one_refit_keeps_the_trees_and_lowers_the_loss(given, begin, strategy):
    options = {"encoding": "tree"} if begin is inputs_of else {}
    rows = given[0].iloc[:-N_EXTRA]
    inputs = begin(given, multi_strategy=strategy, **options, **QUICK)
    before, after = (GBMStage(refit_every).fit(inputs) for refit_every in (0, 12))
    trees = [getattr(student.model, "trees", student.model) for student in (before, after)]
    for name in ("roots", "features", "thresholds", "left", "right", "missing_left", "outputs"):
        np.testing.assert_array_equal(getattr(trees[0], name), getattr(trees[1], name))
    assert (trees[0].leaf_values != trees[1].leaf_values).any()
    losses = [cross_entropy(student, inputs, rows) for student in (before, after)]
    assert losses[1] < losses[0]


@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("extra", [False, True])
def test_refits_never_raise_what_they_minimise(given, temperature, extra, monkeypatch):
    changes = []

    def watched(model, trees, target, weights, design):
        after = refit_jointly(model, trees, target, weights, design)
        loss = JointLoss(model, trees, target, weights, design, 0.0)
        flat = np.concatenate([after.values, after.coefficients.ravel(), after.intercept])
        changes.append((loss(loss.start)[0], loss(flat.astype(np.float64))[0]))
        return after

    monkeypatch.setattr(leaf_refit, "refit_jointly", watched)
    GBMStage(refit_every=2).fit(started(given, temperature=temperature, extra=extra, **QUICK))
    assert len(changes) == 6
    assert all(after <= before for before, after in changes)
    assert changes[-1][1] < changes[0][1]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_a_refit_reads_are_the_margins_of_the_student(given, monkeypatch, strategy):
    stored = []

    def watched(model, trees, target, weights, design):
        stored.append((refit_jointly(model, trees, target, weights, design), trees, design))
        return stored[-1][0]

    monkeypatch.setattr(leaf_refit, "refit_jointly", watched)
    inputs = started(given, multi_strategy=strategy, **QUICK)
    student = GBMStage(refit_every=3).fit(inputs)
    model, trees, design = stored[-1]
    margins = design @ model.coefficients + model.intercept
    first = np.cumsum(trees.n_leaves) - trees.n_leaves
    for ids, at, output in zip(trees.leaf_ids, first, trees.outputs, strict=True):
        margins[:, output] += model.values[at + ids]
    predicted = student.model.margins(student.encoder.transform(given[0].iloc[:-N_EXTRA]))
    np.testing.assert_allclose(predicted, margins, atol=1e-4)


@pytest.mark.parametrize("begin", [inputs_of, started], ids=["alone", "started"])
def test_fewer_rounds_than_a_refit_takes_are_as_they_grew(given, begin):
    options = {"encoding": "tree"} if begin is inputs_of else {}
    inputs = begin(given, **options, **QUICK)
    assert GBMStage(13).fit(inputs).to_bytes() == GBMStage(0).fit(inputs).to_bytes()


def test_trees_grow_on_mended_margins(given):
    inputs = inputs_of(given, "tree", **QUICK)
    once, often = (GBMStage(refit_every).fit(inputs) for refit_every in (12, 3))
    assert len(once.model.features) != len(often.model.features) or (
        (once.model.features != often.model.features).any()
    )


# ------------------------------------------------------------- as any other student


@pytest.mark.parametrize("refit_every", [0, 3])
@pytest.mark.parametrize("begin", [inputs_of, started], ids=["alone", "started"])
def test_the_same_seed_gives_the_same_bytes_and_a_file_the_same_bits(given, begin, refit_every):
    options = {"encoding": "tree"} if begin is inputs_of else {}
    students = [
        GBMStage(refit_every).fit(begin(given, extra=True, **options, **QUICK)) for _ in range(2)
    ]
    content = students[0].to_bytes()
    assert students[1].to_bytes() == content
    again = Student.from_bytes(content)
    rows = awkward(given[0])
    assert again.predict_proba(rows).tobytes() == students[0].predict_proba(rows).tobytes()
    for at in (0, 7, 29):
        one = again.predict_proba(rows.iloc[[at]])
        assert one.tobytes() == students[0].predict_proba(rows)[[at]].tobytes()


@pytest.mark.parametrize("refit_every", [0, 6])
def test_nothing_that_was_given_is_changed(given, refit_every):
    inputs = started(given, extra=True, **QUICK)
    model = inputs.start.student.model
    arrays = [inputs.matrix, inputs.soft_targets, inputs.extra.matrix, inputs.extra.soft_targets]
    arrays += [inputs.start.matrix, inputs.start.extra_matrix, model.coefficients, model.intercept]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    GBMStage(refit_every).fit(inputs)
    for array, copied in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copied)


def test_a_start_that_is_not_linear_is_refused_with_what_to_type(stage, given):
    inputs = inputs_of(given, "tree", **QUICK)
    for before in (TreeStage(), GBMStage()):
        previous = Previous(before.fit(inputs), inputs.matrix)
        with pytest.raises(
            RecipeError, match=r"only from the margins of a linear student.*logistic"
        ):
            stage.fit(replace(inputs, start=previous))
    after = After("residual", Configuration("tree", 1.0, 0.5))
    configuration = Configuration("boosted", 1.0, 0.5, QUICK, after)
    active = {"boosted": ActiveStage("boosted", "defaults", stage)}
    rows = TrainingSet(
        inputs.labels,
        inputs.soft_targets,
        inputs.classes,
        {"tree": (inputs.encoder, inputs.matrix)},
        previous={after.key: previous},
    )
    fitting = FitContext(active, {"residual": Residual()}, Constant(), 0)
    with pytest.raises(RecipeError, match="chain: boosted can start only"):
        fitting.student(rows, configuration)
