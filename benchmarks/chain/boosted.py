"""Boosted students of a fixed shape: tuned on selection rows, refitted on all.

The engine's own stages fit them, so that nothing but the idea differs. Each is tuned over 12
candidates (step, leaves or depth, ridge, least leaf) and **every** number of rounds up to its
limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import xgboost

from benchmarks.chain.answers import Answer, answered
from benchmarks.chain.teachers import ProblemTeachers, TeacherOutputs, parts
from hpmkd.data.probabilities import row_losses
from hpmkd.kernels import soften_logits
from hpmkd.student import Student, pack_booster
from hpmkd.training.datasets import TrainingSet
from hpmkd.values import Configuration, StageInputs
from hpmkd_defaults.stages.boosting import (
    BoostedStage,
    GBMStage,
    XGBoostStage,
    common_parameters,
)
from hpmkd_defaults.stages.boosting_rounds import XGBoosting, start_margin


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
        control that is weak by accident makes its rivals look good.
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


def inputs_of(training: TrainingSet, configuration: Configuration, seed: int) -> StageInputs:
    """Return what the engine would pass to a boosted stage."""
    encoder, matrix = training.encoded["tree"]
    return StageInputs(
        matrix=matrix,
        encoder=encoder,
        labels=training.labels,
        soft_targets=training.soft_targets,
        classes=training.classes,
        configuration=configuration,
        scheduler=parts().scheduler.create(),
        seed=seed,
        extra=training.encoded_extra.get("tree") if configuration.alpha > 0 else None,
    )


def boosted(shape: Shape, inputs: StageInputs, rounds: int):
    """Return a booster and the margin that it starts from, as the stage would fit them."""
    settings = shape.stage.settings(inputs)
    parameters = {**common_parameters(inputs, settings), **shape.stage.growth(settings)}
    boosting = XGBoosting(inputs, parameters, rounds)
    margin = start_margin(boosting.target, boosting.weights)
    booster = boosting.booster(np.tile(margin, (len(boosting.rows), 1)), None)
    for at in range(rounds):
        boosting.boost(booster, at)
    return booster, margin


def loss_by_round(shape: Shape, outputs: TeacherOutputs, configuration: Configuration, seed: int):
    """Return the mean log loss of the selection rows after 1, 2, … rounds."""
    losses, rows = np.zeros(shape.rounds), 0
    for selection_set in outputs.selection_sets:
        inputs = inputs_of(selection_set.training, configuration, seed)
        booster, margin = boosted(shape, inputs, shape.rounds)
        matrix = xgboost.DMatrix(inputs.encoder.transform(selection_set.held.table), nthread=1)
        margins = np.zeros((len(selection_set.held.labels), len(margin)))
        for at in range(shape.rounds):
            added = booster.predict(matrix, output_margin=True, iteration_range=(at, at + 1))
            margins += added.reshape(margins.shape)
            whole = margins + margin
            logits = whole if len(margin) > 1 else np.hstack([np.zeros_like(whole), whole])
            losses[at] += row_losses(soften_logits(logits, 1.0), selection_set.held.labels).sum()
        rows += len(selection_set.held.labels)
    return losses / rows


def best_of(shape: Shape, outputs: TeacherOutputs, tried: list[Configuration], seed: int):
    """Return the configuration with the least selection loss, its rounds, and that loss."""
    curves = np.array([loss_by_round(shape, outputs, each, seed) for each in tried])
    at, rounds = np.unravel_index(int(curves.argmin()), curves.shape)
    return tried[at], int(rounds) + 1, float(curves.min())


def finished(shape: Shape, teachers: ProblemTeachers, outputs: TeacherOutputs, chosen) -> Answer:
    """Refit a choice of :func:`best_of` on all rows, and answer."""
    configuration, rounds, loss = chosen
    inputs = inputs_of(outputs.training, configuration, teachers.seeds.students)
    booster, margin = boosted(shape, inputs, rounds)
    model = pack_booster(booster, len(margin), base_margin=margin)
    student = Student(inputs.encoder, model, inputs.classes)
    chose = {**configuration.hyperparameters, "alpha": configuration.alpha, "rounds": rounds}
    found = answered(student, teachers.problem.test.table, **chose, selection=loss)
    # Not the estimate: here a booster is at hand.
    return Answer(found.probabilities, len(booster.save_raw("ubj")), found.packed, found.choice)
