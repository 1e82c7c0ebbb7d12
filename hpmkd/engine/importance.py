"""Importance of columns for teacher and student: the cost of permuting them in test rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.data import tables
from hpmkd.data.cache_region import CacheRegion
from hpmkd.errors import TeacherError
from hpmkd.evaluation.importance import importances, increases
from hpmkd.evaluation.permuted_rows import PermutedRows
from hpmkd.knowledge.predictions import stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpmkd.contracts import Predictor
    from hpmkd.engine.split import RunRows
    from hpmkd.evaluation.footprint import Footprint
    from hpmkd.evaluation.importance import ColumnImportance, Increase
    from hpmkd.knowledge.builder import KnowledgeBuilder, TeacherKnowledge
    from hpmkd.knowledge.predictor import TeacherPredictor
    from hpmkd.knowledge.teachers import Teacher
    from hpmkd.values import FloatArray

#: A slower teacher is not measured, by the time of its 1000 rows.
MOST_SECONDS = 20.0


@dataclass(frozen=True, eq=False)
class TeacherImportance:
    """What permuted columns cost the teacher."""

    rows: PermutedRows
    increases: tuple[Increase, ...] | None  # None where the teacher was not measured

    def beside(self, student: Predictor) -> tuple[ColumnImportance, ...]:
        """Return the same of a student, side by side."""
        own = increases(self.rows, student.predict_proba(self.rows.table))
        return importances(self.rows.columns, own, self.increases)


def teacher_importance(
    rows: RunRows,
    builder: KnowledgeBuilder,
    knowledge: TeacherKnowledge,
    footprints: Sequence[Footprint],
) -> TeacherImportance:
    """Measure the importance of columns to the fused teacher.

    Each member predicts once, by the model whose size and speed are measured; like those calls,
    this one is not among the ``teacher_calls`` by which students are taught.
    """
    permuted = PermutedRows.draw(rows.test, rows.training)
    n_rows = permuted.table.shape[0]
    seconds = sum(each.batch_us for each in footprints) / 1e6 * n_rows / 1000
    # One that is known by its probabilities alone has no time: NaN.
    if not seconds <= MOST_SECONDS or knowledge.fusion.student is not None:
        return TeacherImportance(permuted, None)
    try:
        predicted = [_predicted(each, builder.predictor, permuted) for each in builder.teachers]
    except TeacherError:  # of rows that no data set has; nothing else hangs on them
        return TeacherImportance(permuted, None)
    fused = knowledge.fusion.fuse(stack(predicted), permuted.table)[0]
    return TeacherImportance(permuted, increases(permuted, fused))


def _predicted(teacher: Teacher, predictor: TeacherPredictor, rows: PermutedRows) -> FloatArray:
    def predict() -> FloatArray:
        model = predictor.deployed(teacher)
        assert model is not None, "it has a time, so it has a model"
        return model.predict_proba(rows.table)

    fitted_on = (predictor.training.digest, predictor.fold_of_row)
    content = (predictor.identity(teacher), *fitted_on, tables.digest(rows.table))
    return CacheRegion(predictor.cache, "teacher").get(predict, "permuted", *content)
