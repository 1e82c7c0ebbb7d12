"""All rows of a fit under each other, and their targets.

The target of those with a label is ``alpha p + (1 - alpha) y`` of teacher p and label y; that
of those without is the teacher alone, and they weigh less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.errors import DataError
from hpmkd.kernels import distillation_loss, soften

if TYPE_CHECKING:
    from hpmkd.values import ExtraRows, FloatArray, Softening, StageInputs


@dataclass(frozen=True)
class Rows:
    """The rows of a fit.

    Parameters
    ----------
    inputs : StageInputs
        n rows with a label.
    extra : ExtraRows or None
        m rows without.
    """

    inputs: StageInputs
    extra: ExtraRows | None

    @classmethod
    def of(cls, inputs: StageInputs) -> Rows:
        """Return the rows to learn from, at any weight of the teacher.

        Raises
        ------
        DataError
            The rows without labels have other columns or classes, or a weight that is not
            positive and finite.
        """
        extra = inputs.extra
        if extra is None:
            return cls(inputs, None)
        if not 0.0 < extra.weight < np.inf:
            raise DataError(
                f"rows without labels have the weight {extra.weight}, expected a finite one above "
                "0: set extra_weight, or leave the rows out"
            )
        widths = [(each.matrix.shape[1], each.soft_targets.shape[1]) for each in (extra, inputs)]
        if widths[0] != widths[1]:
            raise DataError(
                f"rows without labels have {widths[0]} columns and classes, expected {widths[1]} "
                "as rows with labels have: encode both alike"
            )
        return cls(inputs, extra)

    @property
    def matrix(self) -> FloatArray:
        """Encoded rows, of shape (n + m, d), float32."""
        if self.extra is None:
            return self.inputs.matrix
        return np.vstack([self.inputs.matrix, self.extra.matrix])

    @property
    def weights(self) -> FloatArray:
        """Weights of shape (n + m,): 1 of a row with a label, unless it has its own."""
        own = np.ones(self.n) if self.inputs.weights is None else self.inputs.weights
        weight = 0.0 if self.extra is None else self.extra.weight
        return np.concatenate([own, np.full(self.n_extra, weight)])

    @property
    def n(self) -> int:
        """Rows with a label."""
        return len(self.inputs.labels)

    @property
    def n_extra(self) -> int:
        """Rows without."""
        return 0 if self.extra is None else len(self.extra.matrix)

    def target(self, alpha: float) -> FloatArray:
        """Return the mixed target, of shape (n + m, K): at T = 1 all that the loss needs."""
        mixed = self.inputs.soft_targets * alpha
        mixed[np.arange(self.n), self.inputs.labels] += 1.0 - alpha
        return mixed if self.extra is None else np.vstack([mixed, self.extra.soft_targets])

    def derivatives(
        self, margins: FloatArray, softening: Softening
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return the mean loss, and gradient and hessian of every row, at any temperature.

        ``L = alpha T^2 CE(p_T, q_T) + (1 - alpha) CE(y, q)``; alpha is 1 for the rows without
        a label in every round.

        Parameters
        ----------
        margins : ndarray of shape (n + m, K), or (n + m,) for two classes
            The student's.
        softening : Softening
            Temperature and alpha of this round.

        Returns
        -------
        loss : float
            Of the rows with a label, weighted, in nats.
        gradient, hessian : ndarray of the shape of `margins`
        """
        labels, teacher = self.inputs.labels, self.inputs.soft_targets
        temperature, alpha = softening.temperature, softening.alpha
        softened = soften(teacher, temperature)
        above = distillation_loss(
            margins[: self.n],
            labels,
            softened,
            temperature,
            alpha,
            weights=self.inputs.weights,
        )
        if self.extra is None:
            return above
        below = distillation_loss(
            margins[self.n :],
            np.zeros(self.n_extra, dtype=np.int64),  # labels, which alpha = 1 does not read
            soften(self.extra.soft_targets, temperature),
            temperature,
            1.0,
            weights=np.full(self.n_extra, self.extra.weight),
        )
        gradient, hessian = (
            np.concatenate(pair) for pair in zip(above[1:], below[1:], strict=True)
        )
        return above[0], gradient, hessian
