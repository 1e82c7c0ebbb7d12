"""Calibrated members: the predictions of the teachers, each at a temperature of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels import soften
from hpmkd_defaults.fusers.calibration import calibrating_temperature
from hpmkd_defaults.fusers.pooling import SMALLEST, evidence
from hpmkd_defaults.rows import stratified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpmkd.values import FloatArray, IntArray

#: Rows to fit on: more do not change the third digit of a temperature or weight.
MAX_ROWS = 20_000


@dataclass(frozen=True)
class Members:
    """The calibrated teachers of the rows that a fuser is fitted on.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Which rows were taken.
    labels : ndarray of shape (n,)
        Their class codes.
    temperatures : tuple of M floats
        Of each teacher, in [.05, 20].
    probabilities : ndarray of shape (M, n, K)
        Of the teachers, calibrated.
    weights : ndarray of shape (n,) or None
        Of the rows; None if all are 1.
    """

    rows: IntArray
    labels: IntArray
    temperatures: tuple[float, ...]
    probabilities: FloatArray
    weights: FloatArray | None = None

    @classmethod
    def fit(
        cls,
        probabilities: FloatArray,
        labels: IntArray,
        weights: FloatArray | None = None,
        most: int | None = None,
    ) -> Members:
        """Calibrate each teacher on out-of-fold probabilities (M, n, K), zeros allowed.

        The n rows may have `weights`. At most on `most` rows, by default 20,000; 0 is all.
        """
        most = MAX_ROWS if most is None else most
        rows = stratified(labels, most or len(labels))
        labels, weights = labels[rows], None if weights is None else weights[rows]
        temperatures = tuple(
            calibrating_temperature(positive(each[rows]), labels, weights) for each in probabilities
        )
        predicted = np.stack([each[rows] for each in probabilities])
        return cls(rows, labels, temperatures, calibrated(predicted, temperatures), weights)

    def only(self, rows: IntArray) -> Members:
        """Return the same members on some of the rows, given by position."""
        return replace(
            self,
            rows=self.rows[rows],
            labels=self.labels[rows],
            probabilities=self.probabilities[:, rows],
            weights=None if self.weights is None else self.weights[rows],
        )

    @property
    def likelihoods(self) -> FloatArray:
        """What each member gives the true class of each row, of shape (n, M), never 0."""
        return np.column_stack([evidence(each, self.labels) for each in self.probabilities])


def calibrated(probabilities: FloatArray, temperatures: Sequence[float]) -> FloatArray:
    """Return (M, b, K) with each teacher at its temperature, in float64.

    A row of zeros becomes uniform.
    """
    softened = np.empty(probabilities.shape)
    for out, each, temperature in zip(softened, probabilities, temperatures, strict=True):
        out[:] = soften(positive(each), temperature)
    return softened


def positive(probabilities: FloatArray) -> FloatArray:
    """Return float64 probabilities that are nowhere 0; their sum may pass 1 by as little."""
    return np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST)
