"""All rows of a fit under each other: those with a label, then those without.

The second sort has the teacher's targets alone, as if alpha were 1, and weighs less. So the
two sorts are two blocks, each with one alpha: no loss needs to know an alpha per row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels import distillation_loss, soften
from hpmkd_defaults.rows import stratified
from hpmkd_defaults.stages.targets import mixed_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.values import ExtraRows, FloatArray, Softening, StageInputs


def weighed(inputs: StageInputs, settings: Mapping[str, Any]) -> StageInputs:
    """Return inputs whose rows without labels weigh ``extra_weight`` times as much; 0 is none."""
    factor, extra = float(settings["extra_weight"]), inputs.extra
    if extra is None or factor == 1.0:
        return inputs
    weighted = replace(extra, weight=extra.weight * factor) if factor > 0 else None
    return replace(inputs, extra=weighted)


def at_most(inputs: StageInputs, count: int) -> StageInputs:
    """Return inputs of no more than `count` rows with a label, class by class; 0 is no cap."""
    if not 0 < count < len(inputs.labels):
        return inputs
    rows = stratified(inputs.labels, count, inputs.seed)
    return replace(
        inputs,
        matrix=inputs.matrix[rows],
        labels=inputs.labels[rows],
        soft_targets=inputs.soft_targets[rows],
    )


def suggest_extra_weight(trial: HyperparameterTrial) -> float:
    """Draw the weight of rows without labels, relative to the recipe's: as it is, or none."""
    return float(trial.suggest_categorical("extra_weight", [1.0, 0.0]))


def extra_rows(inputs: StageInputs, softening: Softening) -> ExtraRows | None:
    """Return the rows without labels, unless the teacher has no weight (alpha = 0)."""
    return inputs.extra if softening.alpha > 0 else None


def stacked_matrix(inputs: StageInputs, extra: ExtraRows | None) -> FloatArray:
    """Return all encoded rows, of shape (n + m, d)."""
    return inputs.matrix if extra is None else np.vstack([inputs.matrix, extra.matrix])


def stacked_target(
    inputs: StageInputs, extra: ExtraRows | None, alpha: float, temperature: float = 1.0
) -> FloatArray:
    """Return the mixed target of all rows, of shape (n + m, K); `temperature` softens p."""
    teachers = [inputs.soft_targets] if extra is None else [inputs.soft_targets, extra.soft_targets]
    if temperature != 1.0:
        teachers = [soften(teacher, temperature) for teacher in teachers]
    mixed = mixed_target(teachers[0], inputs.labels, alpha)
    return mixed if extra is None else np.vstack([mixed, teachers[1]])


def stacked_weights(inputs: StageInputs, extra: ExtraRows | None) -> FloatArray | None:
    """Return the weights of all rows, of shape (n + m,); None where all are 1."""
    if extra is None:
        return None
    return np.repeat([1.0, extra.weight], [len(inputs.labels), len(extra.matrix)])


def extra_factor(alpha: float, configured: float) -> float:
    """Return the teacher's weight in a round, relative to that of the configuration."""
    return alpha / configured if configured > 0 else float(alpha > 0)


class RowLoss:
    """The distillation loss of all rows in their margins: one call per round or step.

    Parameters
    ----------
    inputs : StageInputs
        What is fitted; K = 2 is fitted as one margin, that of class 1.
    extra : ExtraRows or None
        Further rows, below the others.
    """

    def __init__(self, inputs: StageInputs, extra: ExtraRows | None) -> None:
        self.labels = inputs.labels
        self.teachers = [inputs.soft_targets] + ([] if extra is None else [extra.soft_targets])
        self.n, self.n_extra = len(inputs.labels), 0 if extra is None else len(extra.matrix)
        self.weight = 0.0 if extra is None else extra.weight
        self.alpha = inputs.configuration.alpha
        n_classes = inputs.soft_targets.shape[1]
        rows = self.n + self.n_extra
        self.shape = (rows, n_classes) if n_classes > 2 else (rows,)
        self._buffers = np.empty(self.shape), np.empty(self.shape)
        self._softened: tuple[float, list[FloatArray]] | None = None

    def mass(self, alpha: float) -> float:
        """Return the weight of all rows in a round of this alpha."""
        return self.n + self._extra_weight(alpha) * self.n_extra

    def _extra_weight(self, alpha: float) -> float:
        # Rows of teacher targets alone weigh as much as the teacher does.
        return self.weight * extra_factor(alpha, self.alpha)

    def __call__(
        self, margins: FloatArray, softening: Softening
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return the weighted mean loss, and weighted gradient and hessian of each row.

        Both are shaped (n + m, K) or (n + m,), and overwritten by the next call.
        """
        temperature, alpha = softening.temperature, softening.alpha
        margins = margins.reshape(self.shape)
        softened = self._soft_targets(temperature)
        gradient, hessian = self._buffers
        n, above = self.n, (gradient[: self.n], hessian[: self.n])
        loss, *_ = distillation_loss(
            margins[:n], self.labels, softened[0], temperature, alpha, out=above
        )
        if self.n_extra == 0:
            return loss, gradient, hessian
        below = (gradient[n:], hessian[n:])
        weight = self._extra_weight(alpha)
        unread = np.zeros(self.n_extra, dtype=np.int64)  # which alpha = 1 does not read
        extra, *_ = distillation_loss(margins[n:], unread, softened[1], temperature, 1.0, out=below)
        for derivative in below:
            derivative *= weight
        mass = weight * self.n_extra
        return (n * loss + mass * extra) / (n + mass), gradient, hessian

    def _soft_targets(self, temperature: float) -> list[FloatArray]:
        # Only the last ones stay in memory: a schedule moves on, without n_rounds copies.
        if self._softened is None or self._softened[0] != temperature:
            softened: list[FloatArray] = [soften(each, temperature) for each in self.teachers]
            if len(self.shape) == 1:
                softened = [each[:, 1].copy() for each in softened]
            self._softened = (temperature, softened)
        return self._softened[1]
