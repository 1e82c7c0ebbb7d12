"""Fusers whose weights are the same for all rows: what they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from hpmkd.values import Fused
from hpmkd_defaults.fusers.batched import fuse_by_blocks
from hpmkd_defaults.fusers.calibrated_members import Members, calibrated
from hpmkd_defaults.fusers.pooling import repeated

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

Pool = TypeVar("Pool")


class StaticFuser(ABC, Generic[Pool]):
    """Calibrates each teacher, then fits a pool of them; the rows are not looked at."""

    def fit(
        self,
        probabilities: FloatArray,
        labels: IntArray,
        table: Any,
        weights: FloatArray | None = None,
    ) -> Pool:
        """Fit on out-of-fold probabilities.

        Parameters
        ----------
        probabilities : ndarray of shape (M, n, K)
            Of each teacher; zeros are allowed.
        labels : ndarray of shape (n,)
            Class codes.
        table : table of n rows
            Not read: the weights are the same for all rows.
        weights : ndarray of shape (n,), optional
            Of the rows; without them all weigh the same.
        """
        return self.pool(Members.fit(probabilities, labels, weights))

    @abstractmethod
    def pool(self, members: Members) -> Pool:
        """Fit the pool on calibrated members."""


class StaticPool(Protocol):
    """A pool of M calibrated teachers."""

    @property
    def temperatures(self) -> tuple[float, ...]:
        """Of each teacher."""
        ...

    @property
    def weights(self) -> tuple[float, ...]:
        """Of each teacher; they sum to 1."""
        ...

    def fuse_members(self, probabilities: FloatArray) -> FloatArray:
        """Fuse calibrated probabilities of shape (M, b, K) to (b, K)."""
        ...


def fuse_static(pool: StaticPool, probabilities: FloatArray) -> Fused:
    """Fuse uncalibrated probabilities of the teachers, of shape (M, n, K), to (n, K)."""
    fused = fuse_by_blocks(
        probabilities,
        len(pool.temperatures),
        lambda rows: pool.fuse_members(calibrated(rows, pool.temperatures)),
    )
    return Fused(fused, repeated(pool.weights, len(fused)))
