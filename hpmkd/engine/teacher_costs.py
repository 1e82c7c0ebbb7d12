"""How large and how fast teachers are: each member measured once, and the fuser once.

A fused teacher asks its members one after another and then the fuser, so its time is the
sum of theirs. Nothing need be fitted anew to learn what another fuser costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.cache_region import CacheRegion
from hpmkd.evaluation.latency import Latency, latency
from hpmkd.knowledge.fold_fits import pickled_bytes

if TYPE_CHECKING:
    from hpmkd.knowledge.cached_fusion import CachedFusion
    from hpmkd.knowledge.predictor import TeacherPredictor
    from hpmkd.knowledge.teachers import Teacher
    from hpmkd.values import FloatArray


@dataclass(frozen=True)
class Cost:
    """Size and speed of a model.

    Parameters
    ----------
    n_bytes : int or None
        Of its pickle; None if it has none.
    latency : Latency or None
        None if there is no model to time.
    """

    n_bytes: int | None
    latency: Latency | None

    @classmethod
    def total(cls, measured: Sequence[FloatArray]) -> Cost:
        """Add up what was measured of parts that answer one after another."""
        size, row_us, batch_us = np.sum(measured, axis=0).tolist()
        speed = None if np.isnan(row_us) else Latency(row_us, batch_us)
        return cls(None if np.isnan(size) else int(size), speed)


def of_member(teacher: Teacher, reader: TeacherPredictor) -> FloatArray:
    """Return bytes, microseconds per row and per batch of one teacher, NaN where unknown.

    They are those of what a teacher's owner would deploy: one model, not the five of a
    cross-fit. The accuracy of a teacher is that of its bag of fold models, the better of the
    two: the comparison that flatters a student least.
    """

    def measure() -> FloatArray:
        model = reader.deployed(teacher)
        if model is None:
            return np.full(3, np.nan)
        return _measured(model, model.predict_proba, reader.test.table)

    asked = (reader.identity(teacher), reader.training.digest, reader.test.digest)
    return CacheRegion(reader.cache, "teacher").get(measure, "cost", *asked)


def of_fuser(cached_fusion: CachedFusion, said: FloatArray, table: Any) -> FloatArray:
    """Return the same of the fuser alone, on what the members said (M, m, K) of some rows."""

    def measure() -> FloatArray:
        fusion = cached_fusion.fitted

        def answer(heard: _Heard) -> FloatArray:
            return fusion.fuse(heard.said, heard.table)[0]

        return _measured(fusion.fitted, answer, _Heard(said, table))

    return cached_fusion.region.get(
        measure, "cost", cached_fusion.identity, tables.digest(said, table)
    )


def _measured(model: Any, answer: Callable[[Any], FloatArray], asked: Any) -> FloatArray:
    speed, size = latency(answer, asked), pickled_bytes(model)
    return np.array([np.nan if size is None else size, speed.row_us, speed.batch_us])


@dataclass(frozen=True)
class _Heard:
    """Rows and what the members said about them, to be taken together."""

    said: FloatArray
    table: Any

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.table.shape
        return shape

    def __getitem__(self, rows: Any) -> _Heard:
        return _Heard(self.said[:, rows], tables.take(self.table, rows))
