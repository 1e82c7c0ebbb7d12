"""The distillation loss as XGBoost wants it: gradient and hessian, round by round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd_defaults.stages.fit_log import FitLog
from hpmkd_defaults.stages.row_loss import RowLoss
from hpmkd_defaults.stages.targets import current_softening

if TYPE_CHECKING:
    from hpmkd.values import ExtraRows, FloatArray, StageInputs

#: Least hessian of a row: what keeps a leaf of settled rows from an unbounded step.
HESSIAN_FLOOR = 1e-6


class DistillationObjective:
    """``obj`` of :func:`xgboost.train`: one instance per fit, called once per round.

    Gradient of a margin ``alpha T (q_T - p_T) + (1 - alpha)(q - y)``, diagonal hessian
    ``alpha q_T (1 - q_T) + (1 - alpha) q (1 - q)`` (the T^2 of the loss cancels the 1/T^2 of
    the second derivative). With K > 2 margins the diagonal is doubled, as XGBoost's own
    ``multi:softprob`` does: an upper bound of the full hessian.

    Before each round it passes the scheduler the share of rounds done, the mean loss that the
    round before started from and, if it varies, how the student compares with its teacher now.

    Parameters
    ----------
    inputs : StageInputs
        What is fitted; K = 2 is fitted as one margin, that of class 1.
    n_rounds : int
        Rounds that will be boosted.
    extra : ExtraRows or None
        Rows without labels, below the others: their derivatives are those of alpha = 1 times
        their weight (XGBoost leaves the weights of rows to an objective that is not its own).
    """

    def __init__(self, inputs: StageInputs, n_rounds: int, extra: ExtraRows | None = None) -> None:
        self.inputs = inputs
        self.fit_log = FitLog(inputs, n_rounds)
        self._row_loss = RowLoss(inputs, extra)

    def __call__(self, margins: FloatArray, _matrix: object) -> tuple[FloatArray, FloatArray]:
        """Return gradient and hessian at the margins, shaped like them: (n, K) or (n,).

        Both are overwritten by the next call; XGBoost has read them by then.
        """
        margins = margins.reshape(self._row_loss.shape)
        softening = current_softening(self.inputs, self.fit_log.look(margins))
        loss, gradient, hessian = self._row_loss(margins, softening)
        self.fit_log.write(loss)
        if hessian.ndim == 2:
            hessian *= 2.0
        return gradient, np.maximum(hessian, HESSIAN_FLOOR, out=hessian)
