"""Inputs of the stage suite: encoded rows, and schedulers of known answers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hpmkd.student import Schema, fit_encoder
from hpmkd.testing.datasets import read_only, real_problem
from hpmkd.values import Configuration, Softening, TrainingState

if TYPE_CHECKING:
    from hpmkd.contracts import Encoder
    from hpmkd.values import FloatArray, Trial


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
