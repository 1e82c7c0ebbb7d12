"""Size and speed of teachers: each member measured once, and the fuser once.

A fused teacher predicts with its members one after another and then fuses, so its time is the
sum of theirs. Nothing need be fitted again to learn what another fuser costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.cache_region import CacheRegion
from hpmkd.evaluation.footprint import Footprint
from hpmkd.evaluation.latency import BATCH, latency
from hpmkd.knowledge.model_size import pickled_bytes

if TYPE_CHECKING:
    from hpmkd.knowledge.cached_fusion import CachedFusion
    from hpmkd.knowledge.predictor import TeacherPredictor
    from hpmkd.knowledge.teachers import Teacher
    from hpmkd.values import FloatArray


def member_footprint(teacher: Teacher, predictor: TeacherPredictor) -> Footprint:
    """Return the footprint of one teacher, unknown where it has no model.

    It is that of what a teacher's owner would deploy: one model, not the five of a cross-fit.
    The accuracy of a teacher is that of its bag of fold models, the better of the two: the
    comparison that favours a student least.
    """

    def measure() -> FloatArray:
        model = predictor.deployed(teacher)
        if model is None:
            return np.full(3, np.nan)
        test = predictor.test
        few = test.rows(np.arange(min(len(test), BATCH)))  # no more are timed
        return _measured(model, model.predict_proba, few.table)

    # What is deployed was fitted without the first fold.
    rows = (predictor.training.digest, predictor.fold_of_row, predictor.test.digest)
    content = (predictor.identity(teacher), *rows)
    return Footprint(*CacheRegion(predictor.cache, "teacher").get(measure, "cost", *content))


def fuser_footprint(
    fusion: CachedFusion, probabilities: FloatArray, table: Any, student: FloatArray | None = None
) -> Footprint:
    """Return that of the fuser alone, on the members' probabilities (M, m, K) of some rows.

    A student that the fuser looks at, of probabilities (m, K), is a member as a rule.
    """

    def measure() -> FloatArray:
        fitted = fusion.fitted

        def fuse(rows: _MemberRows) -> FloatArray:
            return fitted.fuse(rows.probabilities, rows.table, rows.student)[0]

        return _measured(fitted.fitted, fuse, _MemberRows(probabilities, table, student))

    content = (fusion.identity, tables.digest(probabilities, table))
    return Footprint(*fusion.region.get(measure, "cost", *content))


def total(parts: Sequence[Footprint]) -> Footprint:
    """Add up parts that predict one after another; NaN if one is unknown."""
    return Footprint(*np.sum([astuple(each) for each in parts], axis=0).tolist())


def _measured(model: Any, predict: Callable[[Any], FloatArray], rows: Any) -> FloatArray:
    speed, size = latency(predict, rows), pickled_bytes(model)
    return np.array([np.nan if size is None else size, speed.row_us, speed.batch_us])


@dataclass(frozen=True)
class _MemberRows:
    """Rows and the members' probabilities, to be taken together."""

    probabilities: FloatArray
    table: Any
    student: FloatArray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.table.shape
        return shape

    def __getitem__(self, rows: Any) -> _MemberRows:
        student = None if self.student is None else self.student[rows]
        return _MemberRows(self.probabilities[:, rows], tables.take(self.table, rows), student)
