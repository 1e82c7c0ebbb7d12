"""Calibrated teachers, weighted by what they got right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels import soften
from hpmkd.student import Pool
from hpmkd_defaults.fusers.base import StaticFuser, fuse_static
from hpmkd_defaults.fusers.batched import mixed
from hpmkd_defaults.fusers.calibration import calibrating_temperature
from hpmkd_defaults.fusers.pooling import expectation_maximisation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.values import FloatArray, Fused
    from hpmkd_defaults.fusers.calibrated_members import Members


class CalibratedFuser(StaticFuser["CalibratedPool"]):
    """Calibrates each teacher, weighs them once for all rows, calibrates their pool.

    Three fits, each on rows that the teachers did not see: a temperature per teacher;
    static weights of the linear pool by expectation maximisation; a temperature of the
    pool, which a mean leaves underconfident. All on at most 20,000 rows.
    """

    def pool(self, members: Members) -> CalibratedPool:
        """Fit weights and the last temperature on calibrated members."""
        of_rows = members.weights
        weights = tuple(expectation_maximisation(members.likelihoods, weights=of_rows).tolist())
        pooled = mixed(members.probabilities, weights)
        final = calibrating_temperature(pooled, members.labels, of_rows)
        n_classes = members.probabilities.shape[2]
        return CalibratedPool(members.temperatures, weights, final, n_classes)


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
    n_classes : int
        Number of classes, K.
    """

    temperatures: tuple[float, ...]
    weights: tuple[float, ...]
    final_temperature: float
    n_classes: int

    def fuse(self, probabilities: FloatArray, table: Any) -> Fused:
        """Fuse probabilities of shape (M, n, K) to (n, K)."""
        return fuse_static(self, probabilities)

    def fuse_members(self, probabilities: FloatArray) -> FloatArray:
        """Fuse calibrated probabilities of shape (M, b, K) to (b, K)."""
        return soften(mixed(probabilities, self.weights), self.final_temperature)

    def to_pool(self) -> Pool:
        """Return the same fusion as plain numbers."""
        return Pool(
            temperatures=np.array(self.temperatures),
            weights=np.array(self.weights),
            exponents=np.zeros(len(self.weights)),
            offsets=np.zeros(self.n_classes),
            final_temperature=self.final_temperature,
        )

    def summary(self) -> Mapping[str, Any]:
        """Return ``temperatures`` and ``weights`` per teacher, and ``final_temperature``."""
        return {
            "temperatures": list(self.temperatures),
            "weights": list(self.weights),
            "final_temperature": self.final_temperature,
        }
