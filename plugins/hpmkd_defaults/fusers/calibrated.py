"""Calibrated teachers, weighted by what they got right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels import soften
from hpmkd.values import Fused
from hpmkd_defaults.fusers.calibration import calibrating_temperature
from hpmkd_defaults.fusers.pooling import (
    evidence,
    expectation_maximisation,
    normalised,
    pool,
    repeated,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.values import FloatArray, IntArray

#: Rows to fit on: more do not change the third digit of a temperature or weight.
MAX_ROWS = 20_000


class CalibratedFuser:
    """Calibrates each teacher, weighs them once for all rows, calibrates their pool.

    Three fits, each on rows that the teachers did not see: a temperature per teacher;
    static weights of the linear pool by expectation maximisation; a temperature of the
    pool, which a mean leaves underconfident. All on at most 20,000 rows.
    """

    def fit(self, probabilities: FloatArray, labels: IntArray, table: Any) -> CalibratedPool:
        """Fit on out-of-fold probabilities.

        Parameters
        ----------
        probabilities : ndarray of shape (M, n, K)
            What each teacher says; zeros are allowed.
        labels : ndarray of shape (n,)
            Class codes.
        table : table of n rows
            Not looked at: the weights are the same for all rows.
        """
        rows = stratified_rows(labels, MAX_ROWS)
        labels = labels[rows]
        teachers = [normalised(each[rows]) for each in probabilities]
        temperatures = [calibrating_temperature(each, labels) for each in teachers]
        calibrated = [
            soften(each, temperature)
            for each, temperature in zip(teachers, temperatures, strict=True)
        ]
        said = np.column_stack([evidence(each, labels) for each in calibrated])
        weights = tuple(expectation_maximisation(said).tolist())
        final = calibrating_temperature(pool(calibrated, weights), labels)
        return CalibratedPool(tuple(temperatures), weights, final)


@dataclass(frozen=True)
class CalibratedPool:
    """A fitted :class:`CalibratedFuser`.

    Parameters
    ----------
    temperatures : tuple of M floats
        Of each teacher, in [.05, 20].
    weights : tuple of M floats
        Share of each teacher in the pool; they sum to 1.
    final_temperature : float
        Of the pool, in [.05, 20].
    """

    temperatures: tuple[float, ...]
    weights: tuple[float, ...]
    final_temperature: float

    def fuse(self, probabilities: FloatArray, table: Any) -> Fused:
        """Fuse probabilities of shape (M, n, K) to (n, K)."""
        if len(probabilities) != len(self.temperatures):
            raise ValueError(
                f"got {len(probabilities)} teachers; fitted on {len(self.temperatures)}"
            )
        # One teacher at a time: a calibrated copy of all would be as large as the input.
        pooled = np.zeros(probabilities[0].shape)
        for each, temperature, weight in zip(
            probabilities, self.temperatures, self.weights, strict=True
        ):
            pooled += weight * soften(normalised(each), temperature)
        fused = soften(normalised(pooled), self.final_temperature)
        return Fused(fused, repeated(self.weights, len(fused)))

    def summary(self) -> Mapping[str, Any]:
        """Return ``temperatures`` and ``weights`` per teacher, and ``final_temperature``."""
        return {
            "temperatures": list(self.temperatures),
            "weights": list(self.weights),
            "final_temperature": self.final_temperature,
        }


def stratified_rows(labels: IntArray, limit: int) -> IntArray:
    """Return at most `limit` row numbers that keep the shares of the classes.

    Evenly spaced among the rows sorted by class, so it needs no seed.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Class codes.
    limit : int
        Rows wanted, >= 1.
    """
    n = len(labels)
    if n <= limit:
        return np.arange(n)
    by_class = np.argsort(labels, kind="stable")
    return np.sort(by_class[np.linspace(0, n - 1, limit).astype(np.intp)])
