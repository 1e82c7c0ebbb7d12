"""The mean of a linear and a log-linear pool of calibrated teachers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels import soften
from hpmkd.student import Pool
from hpmkd_defaults.fusers.base import StaticFuser, fuse_static
from hpmkd_defaults.fusers.batched import mixed
from hpmkd_defaults.fusers.calibration import calibrating_temperature
from hpmkd_defaults.fusers.log_linear import LogLinearPool
from hpmkd_defaults.fusers.pooling import expectation_maximisation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.values import FloatArray, Fused
    from hpmkd_defaults.fusers.calibrated_members import Members


class PoolFuser(StaticFuser["TwoPools"]):
    """Calibrates each teacher, adds them, multiplies them, and takes the mean of both.

    Fitted on rows that the teachers did not see, at most 20,000: a temperature per
    teacher; the linear pool, by expectation maximisation; the log-linear pool, by L-BFGS;
    a temperature of their mean. The two pools err differently, and their mean is seldom
    worse than the better one.
    """

    def pool(self, members: Members) -> TwoPools:
        """Fit both pools on calibrated members."""
        return TwoPools.fit(members)


@dataclass(frozen=True)
class TwoPools:
    """A fitted :class:`PoolFuser`.

    Parameters
    ----------
    temperatures : tuple of M floats
        Of each teacher, in [.05, 20].
    linear : tuple of M floats
        Share of each teacher in the linear pool; they sum to 1.
    log_linear : LogLinearPool
        The other pool.
    final_temperature : float
        Of the mean of the pools, in [.05, 20].
    """

    temperatures: tuple[float, ...]
    linear: tuple[float, ...]
    log_linear: LogLinearPool
    final_temperature: float

    @classmethod
    def fit(cls, members: Members) -> TwoPools:
        """Fit both pools on calibrated members."""
        predicted, labels, weights = members.probabilities, members.labels, members.weights
        linear = tuple(expectation_maximisation(members.likelihoods, weights=weights).tolist())
        log_linear = LogLinearPool.fit(predicted, labels, weights)
        mean = 0.5 * (mixed(predicted, linear) + log_linear.fuse(predicted))
        final = calibrating_temperature(mean, labels, weights)
        return cls(members.temperatures, linear, log_linear, final)

    @property
    def weights(self) -> tuple[float, ...]:
        """The mean of each teacher's share in the linear and in the log-linear pool.

        The latter is no mean of teachers; :attr:`LogLinearPool.shares` is what counts.
        """
        return tuple((0.5 * (np.array(self.linear) + self.log_linear.shares)).tolist())

    def fuse(self, probabilities: FloatArray, table: Any) -> Fused:
        """Fuse probabilities of shape (M, n, K) to (n, K)."""
        return fuse_static(self, probabilities)

    def fuse_members(self, probabilities: FloatArray) -> FloatArray:
        """Fuse calibrated probabilities of shape (M, b, K) to (b, K)."""
        mean = 0.5 * (mixed(probabilities, self.linear) + self.log_linear.fuse(probabilities))
        return soften(mean, self.final_temperature)

    def to_pool(self) -> Pool:
        """Return the same fusion as plain numbers."""
        return Pool(
            temperatures=np.array(self.temperatures),
            weights=np.array(self.linear),
            exponents=np.array(self.log_linear.exponents),
            offsets=np.array(self.log_linear.offsets),
            share=0.5,
            final_temperature=self.final_temperature,
        )

    def summary(self) -> Mapping[str, Any]:
        """Return what was fitted, as plain values.

        ``temperatures``, ``weights`` (the mean of the two that follow), ``linear_weights``
        and ``log_linear_shares`` per teacher; ``exponents`` per teacher and ``offsets`` per
        class of the log-linear pool; ``final_temperature``.
        """
        return {
            "temperatures": list(self.temperatures),
            "weights": list(self.weights),
            "linear_weights": list(self.linear),
            "log_linear_shares": list(self.log_linear.shares),
            "exponents": list(self.log_linear.exponents),
            "offsets": list(self.log_linear.offsets),
            "final_temperature": self.final_temperature,
        }
