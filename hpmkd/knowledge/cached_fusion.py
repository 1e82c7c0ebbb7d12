"""Fuses teachers, each table of rows once: what the cache has needs no fit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.cache_region import plain
from hpmkd.data.fingerprint import identity
from hpmkd.data.tables import ROWS_AT_ONCE
from hpmkd.knowledge.fusion import FittedFusion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.data.cache_region import CacheRegion
    from hpmkd.data.dataset import Dataset
    from hpmkd.recipe.resolve import ComponentSpec
    from hpmkd.values import FloatArray


@dataclass(frozen=True, eq=False)
class CachedFusion:
    """A fuser and the rows it is fitted on; fitted once for rows that the cache does not have."""

    selected: ComponentSpec
    #: (M, n, K): of M teachers for the rows, out of fold where they are refitted.
    probabilities: FloatArray
    rows: Dataset
    region: CacheRegion
    #: (n, K): of the current student for the rows, out of fold; None if the fuser does not use it.
    student: FloatArray | None = None

    @cached_property
    def fitted(self) -> FittedFusion:
        """The fitted fuser."""
        rows = self.rows
        weights, student = rows.weights, self.student
        return FittedFusion.fit(
            self.selected, self.probabilities, rows.labels, rows.features, weights, student
        )

    @cached_property
    def identity(self) -> str:
        """Digest of all that decides the fused rows.

        No temperature or weight of a student is in it: students learn from the fused rows.
        """
        student = [] if self.student is None else [self.student]
        own = _identity(self.selected)
        return tables.digest(own, self.probabilities, self.rows.digest, *student)

    def own(self) -> tuple[FloatArray, FloatArray]:
        """Return soft targets (n, K) and weights (n, M) of the rows that it is fitted on."""
        return self._fuse(self.probabilities, self.rows.table, self.student, "own")

    def fuse(
        self, probabilities: FloatArray, table: Any, student: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return soft targets (n, K) and weights (n, M) of other rows."""
        read = [] if student is None else [student]
        return self._fuse(probabilities, table, student, tables.digest(probabilities, table, *read))

    def summary(self, teachers: Sequence[str]) -> Mapping[str, Any]:
        """Return the fuser's summary of itself; `teachers` are the names of the M."""
        summary: Mapping[str, Any] = plain(
            self.region, lambda: self.fitted.summary(teachers), "summary", self.identity, teachers
        )
        return summary

    def _fuse(
        self, probabilities: FloatArray, table: Any, student: FloatArray | None, key: str
    ) -> tuple[FloatArray, FloatArray]:
        k = probabilities.shape[-1]
        both = self.region.get(
            lambda: self._fused(probabilities, table, student), "fused", self.identity, key
        )
        # Each in one piece, for the order in memory decides the last bits of a mean.
        soft_targets, weights = np.ascontiguousarray(both[:, :k]), np.ascontiguousarray(both[:, k:])
        soft_targets.flags.writeable = False
        return soft_targets, weights

    def _fused(
        self, probabilities: FloatArray, table: Any, student: FloatArray | None
    ) -> NDArray[Any]:
        """Return soft targets and weights beside each other; of a part, block by block."""
        if not isinstance(table, tables.TablePart):
            return np.hstack(self.fitted.fuse(probabilities, table, student))
        n = table.shape[0]
        blocks = [np.arange(at, min(at + ROWS_AT_ONCE, n)) for at in range(0, n, ROWS_AT_ONCE)]
        fused = [
            self.fitted.fuse(
                probabilities[:, at], table[at], None if student is None else student[at]
            )
            for at in blocks
        ]
        return np.vstack([np.hstack(each) for each in fused])


def _identity(selected: ComponentSpec) -> str:
    offered = selected.offered
    fuser = offered.create(**selected.settings)
    # One without identity is another each time.
    content = identity(fuser) or f"unknown {uuid.uuid4()}"
    return tables.digest(offered.offer.name, offered.source, dict(selected.settings), content)
