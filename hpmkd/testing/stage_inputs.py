"""Inputs of the stage suite: encoded rows, schedulers of known answers, rows that are held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
import pytest

from hpmkd.student import Schema, fit_encoder
from hpmkd.testing.datasets import read_only, real_problem
from hpmkd.values import Configuration, HeldOutRows, Softening, StageInputs, TrainingState

if TYPE_CHECKING:
    from hpmkd.contracts import Encoder, Stage, StudentPath
    from hpmkd.values import FloatArray, Hyperparameter, Trial

#: Rounds of a quick fit.
FEW_ROUNDS = 20
#: Rows that a fit of a path has; the others are held out.
N_FITTED = 100
#: Between the loss of a path and that of a student's own answers: leaves may be rounded.
LOSS_TOLERANCE = 1e-4


class AsConfigured:
    """A scheduler that follows the configuration, in every round."""

    varies: ClassVar[bool] = False

    def softening(self, configuration: Configuration, state: TrainingState) -> Softening:
        """Return the configuration's own temperature and alpha."""
        return Softening(configuration.temperature, configuration.alpha)

    def observe(self, trial: Trial) -> None:
        """Learn nothing."""


class HardLabels(AsConfigured):
    """A scheduler that ignores the teacher, whatever the configuration."""

    varies: ClassVar[bool] = True

    def softening(self, configuration: Configuration, state: TrainingState) -> Softening:
        """Return alpha = 0; check the state on the way."""
        assert 0.0 <= state.progress < 1.0
        return Softening(1.0, 0.0)


@cache
def encoded(name: str, mixed: bool, encoding: str) -> tuple[Encoder, FloatArray]:
    """Return the fitted encoder of a problem, and its matrix."""
    table = real_problem(name, mixed).table
    encoder = fit_encoder(encoding, Schema.fit(table), table)
    return encoder, read_only(np.array(encoder.transform(table)))


def limit_of(stage: Stage) -> str:
    """Return the hyperparameter that bounds the rounds; skip a test of a stage without a path."""
    if not hasattr(stage, "path"):
        pytest.skip("it has no path")
    return str(cast("Any", stage).limit)


def few_rounds(stage: Stage) -> Mapping[str, Hyperparameter]:
    """Return the hyperparameter that makes a fit quick, of a stage that has a path."""
    return {str(cast("Any", stage).limit): FEW_ROUNDS} if hasattr(stage, "limit") else {}


def of_rounds(stage: Stage, inputs: StageInputs, n_rounds: int) -> StageInputs:
    """Return inputs of so many rounds."""
    settings = {**inputs.configuration.hyperparameters, limit_of(stage): n_rounds}
    return replace(inputs, configuration=replace(inputs.configuration, hyperparameters=settings))


def path_of(stage: Stage, inputs: StageInputs) -> StudentPath:
    """Return the path of a stage that has one, without a schedule."""
    limit_of(stage)
    path = cast("Any", stage).path(inputs)
    assert path is not None, "it has a limit, but no path without a schedule"
    return cast("StudentPath", path)


def heavy_rows(given: StageInputs, weight: int) -> StageInputs:
    """Return inputs in which every third row, and half of the first class, has this weight."""
    weights = np.ones(len(given.labels))
    weights[::3] = weight
    weights[np.flatnonzero(given.labels == 0)[::2]] = weight
    return replace(given, weights=read_only(weights))


def repeated(given: StageInputs) -> StageInputs:
    """Return inputs without weights in which a row stands as often as it weighs."""
    assert given.weights is not None
    times = given.weights.astype(int)
    return replace(
        given,
        matrix=read_only(given.matrix.repeat(times, axis=0)),
        labels=read_only(given.labels.repeat(times)),
        soft_targets=read_only(given.soft_targets.repeat(times, axis=0)),
        weights=None,
    )


def held_out(given: StageInputs) -> StageInputs:
    """Return inputs of the first rows, the others held out."""
    return replace(
        given,
        matrix=read_only(given.matrix[:N_FITTED]),
        labels=read_only(given.labels[:N_FITTED]),
        soft_targets=read_only(given.soft_targets[:N_FITTED]),
        held=HeldOutRows(read_only(given.matrix[N_FITTED:]), given.labels[N_FITTED:]),
    )
