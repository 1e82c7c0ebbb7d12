"""The two pools of calibrated teachers, attended row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels import attention_fuse, soften
from hpmkd_defaults.fusers.calibration import calibrating_temperature
from hpmkd_defaults.fusers.log_linear import LogLinearPool
from hpmkd_defaults.fusers.row_scores import Scorer

if TYPE_CHECKING:
    from hpmkd.values import FloatArray
    from hpmkd_defaults.fusers.calibrated_members import Members


@dataclass(frozen=True, eq=False)
class AttendedPools:
    """Like the static two pools, but the linear one has weights per row.

    The attended linear pool also joins the log-linear pool, as one more member beside the
    teachers; the result is the mean of both, at one temperature. Measured, it
    is as good as the attended linear pool alone where teachers are generalists, and better
    where they are specialists.

    Parameters
    ----------
    scorer : Scorer
        Scores the teachers of a row.
    log_linear : LogLinearPool
        Over the M teachers and, last, their attended linear pool.
    final_temperature : float
        Of the mean of the pools, in [.05, 20].
    """

    scorer: Scorer
    log_linear: LogLinearPool
    final_temperature: float

    @classmethod
    def fit(
        cls, members: Members, found: FloatArray, attended: FloatArray | None = None
    ) -> AttendedPools:
        """Fit on out-of-fold rows.

        Parameters
        ----------
        members : Members
            The calibrated teachers of the n rows.
        found : ndarray of shape (M, n, F)
            Their features; see :func:`~hpmkd_defaults.fusers.row_scores.features`.
        attended : ndarray of shape (n, K), optional
            The attended linear pool of each row from scores that were not fitted on it, so
            that the log-linear pool does not trust it too much.
        """
        probabilities, labels, weights = members.probabilities, members.labels, members.weights
        scorer = Scorer.fit(found, members.likelihoods, weights)
        if attended is None:
            attended = attention_fuse(probabilities, scorer.scores(found))[0]
        joined = with_attended(probabilities, attended)
        log_linear = LogLinearPool.fit(joined, labels, weights)
        mean = 0.5 * (attended + log_linear.fuse(joined))
        return cls(scorer, log_linear, calibrating_temperature(mean, labels, weights))

    def attend(self, probabilities: FloatArray, found: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the attended linear pool (b, K) and its weights (b, M)."""
        return attention_fuse(probabilities, self.scorer.scores(found))

    def fuse(self, probabilities: FloatArray, found: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Fuse calibrated probabilities (M, b, K) with features (M, b, F).

        Returns
        -------
        fused : ndarray of shape (b, K)
            The soft targets.
        weights : ndarray of shape (b, M)
            The mean of a teacher's weight in the linear pool and its share in the log-linear
            one, where the share of the attended pool is its teachers'.
        """
        attended, weights = self.attend(probabilities, found)
        product = self.log_linear.fuse(with_attended(probabilities, attended))
        *own, shared = self.log_linear.shares
        counted = 0.5 * (weights + np.array(own) + shared * weights)
        return soften(0.5 * (attended + product), self.final_temperature), counted


def with_attended(probabilities: FloatArray, attended: FloatArray) -> FloatArray:
    """Return (M + 1, b, K): the teachers, then their attended pool."""
    return np.concatenate([probabilities, attended[np.newaxis]])
