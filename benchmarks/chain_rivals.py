"""The rivals of the chain benchmark: hard controls, naive KD, plain KD, and Optuna.

Boosted rivals are the engine's own stages, so that nothing but the idea differs. Each is tuned
on the selection rows over 12 candidates (step, leaves or depth, ridge, least leaf) and **every**
number of rounds up to its limit, then refitted on all rows. Hard controls hear of no teacher;
naive KD has the same candidates and the same selection rows. A control that is ``crossed`` is
chosen by cross-validation on all rows instead, which needs no teacher: the strongest control.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import xgboost
from chain_answers import Answer, answered
from chain_teachers import Heard, Lesson, parts
from optuna_rival import tuned_xgboost

from hpmkd.kernels import soften_logits
from hpmkd.probabilities import row_losses
from hpmkd.student import Student, pack_booster
from hpmkd.training import (
    RefitData,
    SearchData,
    StageInPlay,
    TrainingRows,
    evaluate,
    refit,
)
from hpmkd.values import Configuration, StageInputs
from hpmkd_defaults.stages.boosting import (
    BoostedStage,
    GBMStage,
    XGBoostStage,
    boost,
    common_parameters,
    first_target,
    heard_extra,
    start_margin,
)
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.rows import stacked_weights
from hpmkd_defaults.stages.tree import TreeStage

NAIVE_ALPHA, NAIVE_TEMPERATURE = 0.5, 3.0
#: Weights of the teacher that plain KD tries, once its hyperparameters are chosen at the second.
ALPHAS = (0.1, 0.25, 0.5, 1.0)


@dataclass(frozen=True)
class Shape:
    """The most that a boosted student may have.

    Parameters
    ----------
    stage : BoostedStage
        How trees grow.
    rounds : int
        Most rounds.
    limit : str
        The hyperparameter that bounds one tree.
    most : int
        Its largest value.
    """

    stage: BoostedStage
    rounds: int
    limit: str
    most: int

    def candidates(self) -> list[dict[str, float]]:
        """Return 12 candidates.

        No step above .5: on 500 selection rows one that overfits is chosen now and then, and a
        control that is weak by accident flatters whoever is compared with it.
        """
        steps = (0.1, 0.2, 0.3, 0.5)
        smaller = self.most // 2 if self.limit == "max_leaves" else self.most - 1
        plain = {"reg_lambda": 1.0, "min_child_weight": 1.0}
        tried = [
            {"eta": eta, self.limit: size, **plain}
            for eta, size in product(steps, (self.most, smaller))
        ]
        for eta in steps[2:]:
            tried.append({"eta": eta, self.limit: self.most, **plain, "reg_lambda": 5.0})
            tried.append({"eta": eta, self.limit: self.most, **plain, "min_child_weight": 5.0})
        return tried


def shape_a(n_classes: int) -> Shape:
    """Return student A: 30 rounds x 12 leaves; 8 with more than eight classes."""
    return Shape(GBMStage(), 30, "max_leaves", 8 if n_classes > 8 else 12)


def shape_b(n_classes: int) -> Shape:
    """Return student B: 60 rounds x 16 leaves."""
    return Shape(GBMStage(), 60, "max_leaves", 16)


def shape_depth3(n_classes: int) -> Shape:
    """Return 30 rounds of depth 3."""
    return Shape(XGBoostStage(), 30, "max_depth", 3)


def inputs_of(rows: TrainingRows, configuration: Configuration, seed: int) -> StageInputs:
    """Return what the engine would hand to a boosted stage."""
    encoder, matrix = rows.encoded["tree"]
    return StageInputs(
        matrix=matrix,
        encoder=encoder,
        labels=rows.labels,
        soft_targets=rows.soft_targets,
        classes=rows.classes,
        configuration=configuration,
        scheduler=parts().scheduler.create(),
        seed=seed,
        extra=rows.extra.get("tree") if configuration.alpha > 0 else None,
    )


def boosted(shape: Shape, inputs: StageInputs, rounds: int):
    """Return a booster and the margin that it starts from, as the stage would fit them."""
    settings = {**shape.stage.defaults, **inputs.configuration.hyperparameters}
    parameters = {**common_parameters(inputs, settings), **shape.stage.growth(settings)}
    extra = heard_extra(inputs)
    target = first_target(inputs, extra)
    margin = start_margin(target, stacked_weights(inputs, extra))
    return boost(inputs, extra, parameters, rounds, target, margin), margin


def loss_by_round(shape: Shape, heard: Heard, configuration: Configuration, seed: int):
    """Return the mean log loss of the selection rows after 1, 2, … rounds."""
    losses, rows = np.zeros(shape.rounds), 0
    for split in heard.selection:
        inputs = inputs_of(split.training, configuration, seed)
        booster, margin = boosted(shape, inputs, shape.rounds)
        matrix = xgboost.DMatrix(inputs.encoder.transform(split.held_table), nthread=1)
        margins = np.zeros((len(split.held_labels), len(margin)))
        for at in range(shape.rounds):
            added = booster.predict(matrix, output_margin=True, iteration_range=(at, at + 1))
            margins += added.reshape(margins.shape)
            whole = margins + margin
            logits = whole if len(margin) > 1 else np.hstack([np.zeros_like(whole), whole])
            losses[at] += row_losses(soften_logits(logits, 1.0), split.held_labels).sum()
        rows += len(split.held_labels)
    return losses / rows


def best_of(shape: Shape, heard: Heard, tried: list[Configuration], seed: int):
    """Return the configuration with the least selection loss, its rounds, and that loss."""
    curves = np.array([loss_by_round(shape, heard, each, seed) for each in tried])
    at, rounds = np.unravel_index(int(curves.argmin()), curves.shape)
    return tried[at], int(rounds) + 1, float(curves.min())


def finished(shape: Shape, lesson: Lesson, heard: Heard, chosen, told: Mapping | None = None):
    """Refit a choice of :func:`best_of` on all rows, and answer."""
    configuration, rounds, loss = chosen
    inputs = inputs_of(heard.training, configuration, lesson.seeds.students)
    booster, margin = boosted(shape, inputs, rounds)
    model = pack_booster(booster, len(margin), base_margin=margin)
    student = Student(inputs.encoder, model, inputs.classes)
    chose = {**configuration.hyperparameters, "alpha": configuration.alpha, "rounds": rounds}
    found = answered(student, lesson.problem.test.table, **chose, selection=loss, **(told or {}))
    # Not the estimate: here a booster is at hand.
    return Answer(found.probabilities, len(booster.save_raw("ubj")), found.packed, found.told)


def hard_boosted(shape_of: Callable[[int], Shape], *, crossed: bool = False):
    """Return the arm of a boosted student on hard labels."""

    def arm(lesson: Lesson) -> Answer:
        heard = lesson.deaf_crossed if crossed else lesson.deaf
        return _tuned(shape_of, lesson, heard, 0.0, 1.0)

    return arm


def naive_boosted(shape_of: Callable[[int], Shape]) -> Callable[[Lesson], Answer]:
    """Return the arm of naive KD: the teachers' uniform raw mean, alpha .5, T 3."""

    def arm(lesson: Lesson) -> Answer:
        return _tuned(shape_of, lesson, lesson.uniform, NAIVE_ALPHA, NAIVE_TEMPERATURE)

    return arm


def _tuned(shape_of, lesson: Lesson, heard: Heard, alpha: float, temperature: float) -> Answer:
    shape = shape_of(lesson.problem.n_classes)
    tried = [Configuration("boosted", temperature, alpha, each) for each in shape.candidates()]
    chosen = best_of(shape, heard, tried, lesson.seeds.students)
    return finished(shape, lesson, heard, chosen)


def plain_boosted(shape_of: Callable[[int], Shape], *, munge: bool):
    """Return the arm of plain KD: fused teachers, T 1, then alpha, by selection; no chain."""

    def arm(lesson: Lesson) -> Answer:
        heard = lesson.fused if munge else lesson.fused.without_extra()
        shape, seed = shape_of(lesson.problem.n_classes), lesson.seeds.students
        candidates = shape.candidates()
        tried = [Configuration("boosted", 1.0, ALPHAS[1], each) for each in candidates]
        first = best_of(shape, heard, tried, seed)
        settings = first[0].hyperparameters
        others = [Configuration("boosted", 1.0, a, settings) for a in ALPHAS if a != ALPHAS[1]]
        second = best_of(shape, heard, others, seed)
        return finished(shape, lesson, heard, min(first, second, key=lambda found: found[2]))

    return arm


#: What the single tree, and the linear student, are tuned over.
TREES = [
    {"max_leaf_nodes": leaves, "min_samples_leaf": least, "shrinkage": shrinkage}
    for leaves, least, shrinkage in product(
        (8, 16, 32, 64, 128, 256), (1, 5, 20, 50), (0.5, 2.0, 8.0)
    )
]
LINES = [{"C": c} for c in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)]


def staged(stage, tried: list[dict], heard_by, alphas=(0.0,)) -> Callable[[Lesson], Answer]:
    """Return the arm of a stage of the engine, tuned over candidates and alphas."""

    def arm(lesson: Lesson) -> Answer:
        heard = heard_by(lesson)
        played = {"stage": StageInPlay("stage", "benchmark", stage)}
        rest = (played, parts().scheduler.create(), lesson.seeds.students)
        search, last = SearchData(heard.selection, *rest), RefitData(heard.training, *rest)
        asked = [Configuration("stage", 1.0, a, each) for a in alphas for each in tried]
        trials = [evaluate(search, each) for each in enumerate(asked)]
        best = min(trials, key=lambda trial: trial.log_loss)
        student = refit(last, best.configuration)
        if isinstance(student, str):
            raise RuntimeError(student)
        chose = {**best.configuration.hyperparameters, "alpha": best.configuration.alpha}
        return answered(student, lesson.problem.test.table, **chose, selection=best.log_loss)

    return arm


def optuna(lesson: Lesson) -> Answer:
    """Answer as the XGBoost does that a user would tune."""
    training, seed = lesson.problem.training, lesson.problem.seed
    model = tuned_xgboost(training.table, training.labels, seed)
    booster = model.named_steps["model"].get_booster()
    said = model.predict_proba(lesson.problem.test.table)
    chose = model.named_steps["model"].get_params()
    names = ("n_estimators", "max_depth", "learning_rate", "subsample", "colsample_bytree")
    return Answer(said, len(booster.save_raw("ubj")), None, {name: chose[name] for name in names})


def teacher(lesson: Lesson) -> Answer:
    """Answer as the fused teachers do."""
    return Answer(lesson.fused.test)


RIVALS: dict[str, Callable[[Lesson], Answer]] = {
    "teacher": teacher,
    "optuna": optuna,
    "hard A": hard_boosted(shape_a),
    "hard B": hard_boosted(shape_b),
    "hard A crossed": hard_boosted(shape_a, crossed=True),
    "hard depth 3": hard_boosted(shape_depth3),
    "hard tree": staged(TreeStage(), TREES, lambda lesson: lesson.deaf),
    "hard tree crossed": staged(TreeStage(), TREES, lambda lesson: lesson.deaf_crossed),
    "hard logistic": staged(LogisticStage(), LINES, lambda lesson: lesson.deaf),
    "naive A": naive_boosted(shape_a),
    "naive B": naive_boosted(shape_b),
    "naive depth 3": naive_boosted(shape_depth3),
    "naive tree": staged(TreeStage(), TREES, lambda lesson: lesson.uniform, (NAIVE_ALPHA,)),
    "plain A": plain_boosted(shape_a, munge=False),
    "plain A munge": plain_boosted(shape_a, munge=True),
    "plain tree munge": staged(TreeStage(), TREES, lambda lesson: lesson.fused, (0.5, 1.0)),
}
