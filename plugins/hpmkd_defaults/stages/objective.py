"""The distillation loss as XGBoost wants it: gradient and hessian, round by round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels import distillation_loss, soften
from hpmkd_defaults.stages.targets import softening_at

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, StageInputs

#: Least hessian of a row: what keeps a leaf of settled rows from an unbounded step.
HESSIAN_FLOOR = 1e-6


class DistillationObjective:
    """``obj`` of :func:`xgboost.train`: one instance per fit, called once per round.

    Gradient of a margin ``alpha T (q_T - p_T) + (1 - alpha)(q - y)``, diagonal hessian
    ``alpha q_T (1 - q_T) + (1 - alpha) q (1 - q)`` (the T^2 of the loss cancels the 1/T^2 of
    the second derivative). With K > 2 margins the diagonal is doubled, as XGBoost's own
    ``multi:softprob`` does: an upper bound of the full hessian.

    Before each round it asks the scheduler, telling it the share of rounds done and the mean
    loss that the round before started from.

    Parameters
    ----------
    inputs : StageInputs
        What is fitted; K = 2 is fitted as one margin, that of class 1.
    n_rounds : int
        Rounds that will be boosted.
    """

    def __init__(self, inputs: StageInputs, n_rounds: int) -> None:
        self.inputs = inputs
        self.n_rounds = n_rounds
        self.round = 0
        self.loss: float | None = None
        n, n_classes = inputs.soft_targets.shape
        self.shape = (n, n_classes) if n_classes > 2 else (n,)
        self._buffers = np.empty(self.shape), np.empty(self.shape)
        self._softened: tuple[float, FloatArray] | None = None

    def __call__(self, margins: FloatArray, _matrix: object) -> tuple[FloatArray, FloatArray]:
        """Return gradient and hessian at the margins, shaped like them: (n, K) or (n,).

        Both are overwritten by the next call; XGBoost has read them by then.
        """
        softening = softening_at(self.inputs, self.round / self.n_rounds, self.loss)
        self.loss, gradient, hessian = distillation_loss(
            margins.reshape(self.shape),
            self.inputs.labels,
            self._soft_targets(softening.temperature),
            softening.temperature,
            softening.alpha,
            out=self._buffers,
        )
        self.round += 1
        if len(self.shape) == 2:
            hessian *= 2.0
        return gradient, np.maximum(hessian, HESSIAN_FLOOR, out=hessian)

    def _soft_targets(self, temperature: float) -> FloatArray:
        # Only the last one is kept: a schedule moves on, and never holds n_rounds copies.
        if self._softened is None or self._softened[0] != temperature:
            softened = soften(self.inputs.soft_targets, temperature)
            taught = softened if len(self.shape) == 2 else softened[:, 1].copy()
            self._softened = (temperature, taught)
        return self._softened[1]
