"""The uniform mean of the teachers, as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd.student import Pool
from hpmkd.values import Fused
from hpmkd_defaults.fusers.batched import fuse_by_blocks, mixed
from hpmkd_defaults.fusers.pooling import normalised, repeated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.values import FloatArray, IntArray


class MeanFuser:
    """Gives every teacher the same weight and calibrates nothing: the baseline."""

    def fit(
        self,
        probabilities: FloatArray,
        labels: IntArray,
        table: Any,
        weights: FloatArray | None = None,
    ) -> FittedMean:
        """Count teachers and classes of `probabilities`, of shape (M, n, K)."""
        return FittedMean(n_teachers=len(probabilities), n_classes=probabilities.shape[2])


@dataclass(frozen=True)
class FittedMean:
    """The mean of `n_teachers` teachers, each with `n_classes` probabilities."""

    n_teachers: int
    n_classes: int

    @property
    def weights(self) -> tuple[float, ...]:
        """The M weights, all 1/M."""
        return (1.0 / self.n_teachers,) * self.n_teachers

    def fuse(self, probabilities: FloatArray, table: Any) -> Fused:
        """Average probabilities of shape (M, n, K)."""
        fused = fuse_by_blocks(
            probabilities, self.n_teachers, lambda rows: normalised(mixed(rows, self.weights))
        )
        return Fused(fused, repeated(self.weights, len(fused)))

    def to_pool(self) -> Pool:
        """Return the same fusion as plain numbers."""
        return Pool.mean(self.n_teachers, self.n_classes)

    def summary(self) -> Mapping[str, Any]:
        """Return ``temperatures`` and ``weights`` per teacher, and ``final_temperature``."""
        return {
            "temperatures": [1.0] * self.n_teachers,
            "weights": list(self.weights),
            "final_temperature": 1.0,
        }
