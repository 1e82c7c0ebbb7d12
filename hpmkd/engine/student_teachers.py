"""The best students on hard labels as teachers: they label rows that have no label, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from hpmkd.data import tables
from hpmkd.data.encoding import Encoding
from hpmkd.knowledge.teachers import CrossFittedTeacher
from hpmkd.student import Student
from hpmkd.training.refit import best

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.split import RunRows
    from hpmkd.student.encoders import FittedEncoder
    from hpmkd.training.datasets import SelectionSet
    from hpmkd.values import FloatArray, Trial


def students_as_teachers(
    ctx: RunContext, rows: RunRows, hard: Sequence[Trial], sets: Sequence[SelectionSet]
) -> list[CrossFittedTeacher]:
    """Return the best students on hard labels as teachers, for the fuser to weigh.

    They were cross-validated in the folds of the teachers; not so, where one holdout chooses.
    """
    if rows.one_holdout:
        return []
    folds = fold_matrices(sets)
    teachers = []
    for stage in ctx.trainer.fitting.stages:
        trial = best(with_students(hard), stage)
        if trial is not None:
            teachers.append(as_teacher(trial, folds))
    return teachers


def with_students(trials: Sequence[Trial]) -> list[Trial]:
    """Return those whose students and predictions are kept: each stage's best."""
    return [each for each in trials if each.students and each.probabilities is not None]


def as_teacher(trial: Trial, folds: Sequence[FoldMatrices]) -> CrossFittedTeacher:
    """Return the students of a trial, which were cross-validated, as a cross-fitted teacher."""
    models = tuple(
        EncodedStudent(student, matrices)
        for student, matrices in zip(trial.students, folds, strict=True)
    )
    name = student_name(trial.configuration.stage)
    return CrossFittedTeacher(name, models, cast("Any", trial.probabilities), trial.students[0])


def fold_matrices(sets: Sequence[SelectionSet]) -> list[FoldMatrices]:
    """Return for each fold where tables are encoded as its students read them."""
    return [FoldMatrices(Encoding(each.training.raw)) for each in sets]


def student_name(stage: str) -> str:
    """Return what a student is called among the teachers."""
    return f"{stage} student"


@dataclass(frozen=True)
class FoldMatrices:
    """Tables as the encoders of one fold encode them, each once for all stages."""

    encoding: Encoding
    #: By encoding and table; tables are kept, so that no other can take their place.
    _known: dict[tuple[str, int], tuple[Any, FloatArray]] = field(default_factory=dict)

    def of(self, encoder: FittedEncoder, table: Any) -> FloatArray:
        """Return a table as an encoder that was fitted on the rows of the fold encodes it."""
        key = (encoder.kind, id(table))
        if key not in self._known:
            self._known[key] = (table, self.encoding.matrix(encoder, table))
        return self._known[key][1]


@dataclass(frozen=True)
class EncodedStudent:
    """A student of one fold that predicts rows as they are encoded for others, too."""

    student: Predictor
    matrices: FoldMatrices

    def predict_proba(self, table: Any) -> FloatArray:
        """Return probabilities of shape (n, K) for raw rows, which may be a part of a table."""
        if not isinstance(self.student, Student):
            return self.student.predict_proba(tables.taken(table))
        matrix = self.matrices.of(self.student.encoder, table)
        return self.student.model.probabilities(matrix)
