"""Calibrated teachers, weighted by what they got right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd.kernels import soften
from hpmkd.values import Fused
from hpmkd_defaults.fusers.blocks import fuse_by_blocks, mixed
from hpmkd_defaults.fusers.calibration import calibrating_temperature
from hpmkd_defaults.fusers.members import Members, calibrated
from hpmkd_defaults.fusers.pooling import expectation_maximisation, repeated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.values import FloatArray, IntArray


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
        members = Members.fit(probabilities, labels)
        weights = tuple(expectation_maximisation(members.likelihoods).tolist())
        pooled = mixed(members.probabilities, weights)
        final = calibrating_temperature(pooled, members.labels)
        return CalibratedPool(members.temperatures, weights, final)


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
        fused = fuse_by_blocks(probabilities, len(self.temperatures), self._fuse_rows)
        return Fused(fused, repeated(self.weights, len(fused)))

    def _fuse_rows(self, probabilities: FloatArray) -> FloatArray:
        pooled = mixed(calibrated(probabilities, self.temperatures), self.weights)
        return soften(pooled, self.final_temperature)

    def summary(self) -> Mapping[str, Any]:
        """Return ``temperatures`` and ``weights`` per teacher, and ``final_temperature``."""
        return {
            "temperatures": list(self.temperatures),
            "weights": list(self.weights),
            "final_temperature": self.final_temperature,
        }
