"""The distillation loss as XGBoost wants it, and the state of the fit for its scheduler."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels import distillation_loss
from hpmkd.values import TrainingState, weighted_mean
from hpmkd_defaults.stages.row_loss import RowLoss
from hpmkd_defaults.stages.targets import current_softening

if TYPE_CHECKING:
    from hpmkd.values import ExtraRows, FloatArray, StageInputs

#: Rounds over which the trend of the loss is taken, at most.
TREND_ROUNDS = 5
#: Least probability in a logarithm, as in the divergences of :mod:`hpmkd.kernels`.
FLOOR = 1e-15


class FitLog:
    """Keeps the losses of a fit, and measures the student against its teacher.

    The student is looked at only if the scheduler varies: it costs two passes over the
    margins, and a scheduler that stands still would not read it.

    Parameters
    ----------
    inputs : StageInputs
        What is fitted.
    n_rounds : int
        Rounds that will be boosted.
    """

    def __init__(self, inputs: StageInputs, n_rounds: int) -> None:
        self.inputs, self.n_rounds, self.round = inputs, n_rounds, 0
        self._losses: deque[float] = deque(maxlen=TREND_ROUNDS + 1)
        self._gap_and_kl: tuple[float, float] | None = None
        if inputs.scheduler.varies:
            teacher = np.maximum(inputs.soft_targets, FLOOR)
            logs = np.sum(inputs.soft_targets * np.log(teacher), axis=1)
            self._entropy = -weighted_mean(logs, inputs.weights)
            right = teacher[np.arange(len(teacher)), inputs.labels]
            self._teacher_loss = -weighted_mean(np.log(right), inputs.weights)

    def look(self, margins: FloatArray) -> TrainingState:
        """Return the state before a round that starts from margins of shape (n + m, K) or (n + m,).

        Only the n rows with a label are looked at.
        """
        if self.inputs.scheduler.varies and self.round > 0:
            self._gap_and_kl = self._compared(margins[: len(self.inputs.labels)])
        return self.at(self.round / self.n_rounds)

    def at(self, progress: float) -> TrainingState:
        """Return what was last seen, for a step at some other point of the fit."""
        gap, kl = self._gap_and_kl or (None, None)
        loss = self._losses[-1] if self._losses else None
        return TrainingState(progress, loss, kl, gap, self._trend())

    def write(self, loss: float) -> None:
        """End a round of this mean loss."""
        self._losses.append(loss)
        self.round += 1

    def _trend(self) -> float | None:
        steps = len(self._losses) - 1
        return (self._losses[-1] - self._losses[0]) / steps if steps > 0 else None

    def _compared(self, margins: FloatArray) -> tuple[float, float]:
        compared = margins, self.inputs.labels, self.inputs.soft_targets, 1.0
        hard, *_ = distillation_loss(*compared, 0.0, weights=self.inputs.weights)
        soft, *_ = distillation_loss(*compared, 1.0, weights=self.inputs.weights)
        return hard - self._teacher_loss, max(0.0, soft - self._entropy)


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
