"""The distillation loss as LightGBM wants it: gradient and hessian, round by round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.values import Softening, TrainingState

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, StageInputs
    from hpmkd_lightgbm.rows import Rows

#: Least hessian of a row: what keeps a leaf of settled rows from an unbounded step.
HESSIAN_FLOOR = 1e-6


def softening_of(inputs: StageInputs, state: TrainingState) -> Softening:
    """Return the scheduler's softening; hard labels (alpha = 0) have no temperature."""
    softening = inputs.scheduler.softening(inputs.configuration, state)
    return softening if softening.alpha > 0 else replace(softening, temperature=1.0)


class LightGBMObjective:
    """The objective of :func:`lightgbm.train`, round by round: one instance per fit.

    Parameters
    ----------
    rows : Rows
        What is fitted. LightGBM leaves the weights of rows to an objective that is not its
        own.
    n_rounds : int
        Rounds that will be boosted.
    """

    def __init__(self, rows: Rows, n_rounds: int) -> None:
        self.rows, self.n_rounds = rows, n_rounds
        self._round = 0
        self._loss: float | None = None

    def function(self) -> Callable[[FloatArray, Any], tuple[FloatArray, FloatArray]]:
        """Return LightGBM's ``objective``.

        A plain function: LightGBM copies its parameters deeply, and of an object it would copy
        all rows and the scheduler.
        """

        def objective(margins: FloatArray, _dataset: Any) -> tuple[FloatArray, FloatArray]:
            return self.derivatives(margins)

        return objective

    def derivatives(self, margins: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return gradient and hessian at the margins, shaped like them: (n, K) or (n,)."""
        state = TrainingState(self._round / self.n_rounds, self._loss)
        softening = softening_of(self.rows.inputs, state)
        loss, gradient, hessian = self.rows.derivatives(margins, softening)
        self._round, self._loss = self._round + 1, loss
        if hessian.ndim == 2:
            # The diagonal alone is too small; LightGBM's own softmax takes this bound.
            hessian *= hessian.shape[1] / (hessian.shape[1] - 1)
        return gradient, np.maximum(hessian, HESSIAN_FLOOR)
