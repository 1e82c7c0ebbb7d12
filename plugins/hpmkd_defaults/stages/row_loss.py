"""All rows of a fit under each other: those with a label, then those without.

The second sort has the teacher's targets alone, as if alpha were 1, and the weight of the
configuration, at any alpha. So the two sorts are two blocks, each with one alpha: no
loss needs to know an alpha per row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.errors import DataError
from hpmkd.kernels import distillation_loss, soften
from hpmkd_defaults.rows import stratified
from hpmkd_defaults.stages.targets import mixed_target

if TYPE_CHECKING:
    from hpmkd.values import ExtraRows, FloatArray, HeldOutRows, Softening, StageInputs


#: Weight of a row without a label at most: single precision ends before sums of such rows.
LARGEST_WEIGHT = 1e6


def checked_extra(inputs: StageInputs) -> ExtraRows | None:
    """Return the rows without labels, which every stage reads if there are any.

    Raises
    ------
    DataError
        They have other columns or classes than the rows with labels, or a weight that is not
        in (0, 1e6].
    """
    extra = inputs.extra
    if extra is None:
        return None
    if not 0.0 < extra.weight <= LARGEST_WEIGHT:
        raise DataError(
            f"rows without labels have the weight {extra.weight}, expected one above 0 and up to "
            f"{LARGEST_WEIGHT:g}: set extra_weight, or leave the rows out (extra=None)"
        )
    shapes = ((extra.matrix, inputs.matrix), (extra.soft_targets, inputs.soft_targets))
    for name, (got, expected) in zip(("columns", "classes"), shapes, strict=True):
        if got.ndim != 2 or got.shape[1:] != expected.shape[1:]:
            raise DataError(
                f"rows without labels have {name} of shape {got.shape}, expected "
                f"(m, {expected.shape[1]}) as rows with labels have: encode both alike"
            )
    if len(extra.matrix) != len(extra.soft_targets):
        raise DataError(
            f"there are {len(extra.matrix)} rows without labels, but soft targets for "
            f"{len(extra.soft_targets)}: give one for each"
        )
    return extra


def checked_held(inputs: StageInputs) -> HeldOutRows | None:
    """Return the held-out rows, if there are any.

    Raises
    ------
    DataError
        There are none in them, not as many labels or weights, or other columns.
    """
    held = inputs.held
    if held is None:
        return None
    width = inputs.matrix.shape[1]
    if not len(held.labels) or held.matrix.shape != (len(held.labels), width):
        raise DataError(
            f"{len(held.labels)} labels are held out, and rows of shape {held.matrix.shape}: "
            f"expected (h, {width}) and h labels, h > 0; without such rows set held=None"
        )
    if held.weights is not None and held.weights.shape != held.labels.shape:
        raise DataError(
            f"{len(held.labels)} rows are held out, with weights of shape {held.weights.shape}: "
            "give one for each, or weights=None where all count the same"
        )
    return held


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
        weights=None if inputs.weights is None else inputs.weights[rows],
    )


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
        return inputs.weights
    own = np.ones(len(inputs.labels)) if inputs.weights is None else inputs.weights
    return np.concatenate([own, np.full(len(extra.matrix), extra.weight)])


def stacked_counts(inputs: StageInputs, extra: ExtraRows | None) -> FloatArray | None:
    """Return as how many rows each counts where values are counted; None where each is one."""
    if inputs.weights is None or extra is None:
        return inputs.weights
    return np.concatenate([inputs.weights, np.ones(len(extra.matrix))])


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
        self.weights, self.weight = inputs.weights, 0.0 if extra is None else extra.weight
        self._mass_above = float(self.n if self.weights is None else self.weights.sum())
        #: Weight of all rows.
        self.mass = self._mass_above + self.weight * self.n_extra
        n_classes = inputs.soft_targets.shape[1]
        rows = self.n + self.n_extra
        self.shape = (rows, n_classes) if n_classes > 2 else (rows,)
        self._buffers = np.empty(self.shape), np.empty(self.shape)
        self._softened: tuple[float, list[FloatArray]] | None = None

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
            margins[:n],
            self.labels,
            softened[0],
            temperature,
            alpha,
            weights=self.weights,
            out=above,
        )
        if self.n_extra == 0:
            return loss, gradient, hessian
        below = (gradient[n:], hessian[n:])
        unread = np.zeros(self.n_extra, dtype=np.int64)  # which alpha = 1 does not read
        extra, *_ = distillation_loss(margins[n:], unread, softened[1], temperature, 1.0, out=below)
        for derivative in below:
            derivative *= self.weight
        mass = self._mass_above
        mean = (mass * loss + (self.mass - mass) * extra) / self.mass
        return mean, gradient, hessian

    def _soft_targets(self, temperature: float) -> list[FloatArray]:
        # Only the last ones stay in memory: a schedule moves on, without n_rounds copies.
        if self._softened is None or self._softened[0] != temperature:
            softened: list[FloatArray] = [soften(each, temperature) for each in self.teachers]
            if len(self.shape) == 1:
                softened = [each[:, 1].copy() for each in softened]
            self._softened = (temperature, softened)
        return self._softened[1]
