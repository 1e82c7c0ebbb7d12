"""Reads the teachers: out of fold where they can be refitted, as they are where not."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.dataset import Dataset
from hpmkd.data.fingerprint import identity
from hpmkd.data.probabilities import given_probabilities
from hpmkd.knowledge.crossfit import CrossFitter, PredictionRequest, clone_of
from hpmkd.knowledge.teachers import (
    ClassAligned,
    CloneableTeacher,
    FittedTeacher,
    GivenTeacher,
    Teacher,
    align_fitted,
)

if TYPE_CHECKING:
    from hpmkd.contracts import Cache
    from hpmkd.execution.counters import Counts
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.values import FloatArray, IntArray


#: How the digest of a model begins that nobody knows again.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class TeacherPredictions:
    """What one teacher says.

    Parameters
    ----------
    training : ndarray of shape (n, K)
        About the training rows asked for, out of fold where the teacher is refitted.
    test : ndarray of shape (m, K) or None
        About the test rows; None where it was not or cannot be asked.
    extra : ndarray of shape (e, K) or None
        About rows without labels; None likewise.
    """

    training: FloatArray
    test: FloatArray | None = None
    extra: FloatArray | None = None


@dataclass
class TeacherPredictor:
    """Asks teachers about rows, each question once.

    Parameters
    ----------
    training, test : Dataset
        The rows.
    cache : Cache
        Keeps what was read; keys are digests of data, teacher, folds and seed.
    pipeline : ParallelDistillationPipeline
        Where folds are fitted.
    n_folds : int
        Folds of a cross-fit.
    seed : int
        Source of folds and random states.
    counts : Counts
        Counts fits and calls.
    on_fold : callable
        Called after each fitted fold.
    """

    training: Dataset
    test: Dataset
    cache: Cache
    pipeline: ParallelDistillationPipeline
    n_folds: int
    seed: int
    counts: Counts
    on_fold: Callable[[], None] = lambda: None
    _digests: dict[int, tuple[Any, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._crossing = CrossFitter(
            self.training,
            self.cache,
            self.pipeline,
            self.n_folds,
            self.seed,
            self.counts,
            self.on_fold,
        )

    def out_of_fold(self, teacher: Teacher, rows: IntArray) -> FloatArray:
        """Return probabilities of shape (n, K) for some training rows.

        A cloneable teacher is cross-fitted on exactly these rows and sees no others.
        """
        return self.read(teacher, rows).training

    def read(self, teacher: Teacher, rows: IntArray, extra: Any = None) -> TeacherPredictions:
        """Return what one teacher says; see :meth:`read_all`."""
        return self.read_all([teacher], rows, extra)[0]

    def read_all(
        self, teachers: Sequence[Teacher], rows: IntArray, extra: Any = None
    ) -> list[TeacherPredictions]:
        """Return what teachers say about some training rows, and about raw rows beside them.

        A cloneable teacher is cross-fitted on exactly the training rows asked for, and its
        fold models read `extra`. Given probabilities are about no such rows.
        """
        crossed = self._cross_fitted(teachers, PredictionRequest(rows, None, extra))

        def read(teacher: Teacher) -> TeacherPredictions:
            match teacher:
                case GivenTeacher():
                    return TeacherPredictions(self._given(teacher)[rows])
                case FittedTeacher():
                    said = self._as_it_is(teacher, self.training.table, self.training.digest)
                    return TeacherPredictions(said[rows], extra=self._about_extra(teacher, extra))
                case CloneableTeacher():
                    return TeacherPredictions(*crossed[teacher.name])

        return [read(teacher) for teacher in teachers]

    def final(
        self, teacher: Teacher, extra: Any = None, unseen: IntArray | None = None
    ) -> TeacherPredictions:
        """Return what one teacher says in the end; see :meth:`final_all`."""
        return self.final_all([teacher], extra, unseen)[0]

    def final_all(
        self, teachers: Sequence[Teacher], extra: Any = None, unseen: IntArray | None = None
    ) -> list[TeacherPredictions]:
        """Return what teachers say about all training rows, the test rows and `extra`.

        A cloneable teacher sees no row of `unseen`, if given: its fold models read them as they
        read test rows.
        """
        rows, apart = np.arange(len(self.training)), None
        if unseen is not None:
            rows, apart = np.setdiff1d(rows, unseen), self.training.rows(unseen).table
        question = PredictionRequest(
            rows, self.test.table, extra, None if unseen is None else (unseen, apart)
        )
        crossed = self._cross_fitted(teachers, question)

        def read(teacher: Teacher) -> TeacherPredictions:
            match teacher:
                case GivenTeacher():
                    return TeacherPredictions(self._given(teacher), self._given_test(teacher))
                case FittedTeacher():
                    training, test = (
                        self._as_it_is(teacher, each.table, each.digest)
                        for each in (self.training, self.test)
                    )
                    return TeacherPredictions(training, test, self._about_extra(teacher, extra))
                case CloneableTeacher():
                    return TeacherPredictions(*crossed[teacher.name])

        return [read(teacher) for teacher in teachers]

    def deployed(self, teacher: Teacher) -> ClassAligned | None:
        """Return a teacher that answers about new rows; None for given probabilities.

        Of a cross-fitted one, the model of the first fold.
        """
        if isinstance(teacher, FittedTeacher):
            return align_fitted(teacher, self.training.classes)
        if isinstance(teacher, CloneableTeacher):
            return self._crossing.deployed(teacher, self.identity(teacher))
        return None

    def forget_models(self) -> None:
        """Drop the models of cross-fitted teachers; one that is asked for again is fitted anew."""
        self._crossing.forget_models()

    def identity(self, teacher: Teacher) -> str:
        """Return a digest of all that decides what a teacher says, apart from the rows."""
        match teacher:
            case GivenTeacher():
                return tables.digest("given", self._given(teacher))
            case FittedTeacher():
                return tables.digest("fitted", self._digest_of(teacher.model, teacher.model))
            case CloneableTeacher():
                clone = clone_of(teacher, self.seed)
                estimator = self._digest_of(teacher.estimator, clone)
                return tables.digest("cross-fitted", estimator, self.n_folds, self.seed)

    def known(self, teacher: Teacher) -> str | None:
        """Return its :meth:`identity`; None where another process would not know it again."""
        digest = self.identity(teacher)
        models = [getattr(teacher, each, None) for each in ("model", "estimator")]
        told = [self._digests[id(each)][1] for each in models if id(each) in self._digests]
        return None if any(each.startswith(UNKNOWN) for each in told) else digest

    def _digest_of(self, original: Any, model: Any) -> str:
        # Once per model, whatever its calls do to it; and because nobody knows who a model
        # without identity is, it is new in each run. Keeping the model keeps its id from
        # being given to another.
        if id(original) not in self._digests:
            told = identity(model) or f"{UNKNOWN} {uuid.uuid4()}"
            self._digests[id(original)] = (original, told)
        return self._digests[id(original)][1]

    def _given(self, teacher: GivenTeacher) -> FloatArray:
        what = f"teacher {teacher.name!r}: probabilities"
        return given_probabilities(
            teacher.training, self.training.classes, len(self.training), what
        )

    def _given_test(self, teacher: GivenTeacher) -> FloatArray | None:
        if teacher.test is None:
            return None
        what = f"teacher {teacher.name!r}: probabilities of the test rows"
        return given_probabilities(teacher.test, self.training.classes, len(self.test), what)

    def _cross_fitted(
        self, teachers: Sequence[Teacher], question: PredictionRequest
    ) -> dict[str, tuple[FloatArray, FloatArray | None, FloatArray | None]]:
        """Return what those say that are cross-fitted, by name."""
        asked = [each for each in teachers if isinstance(each, CloneableTeacher)]
        return self._crossing.answers([(each, self.identity(each)) for each in asked], question)

    def _about_extra(self, teacher: FittedTeacher, extra: Any) -> FloatArray | None:
        return None if extra is None else self._as_it_is(teacher, extra, tables.digest(extra))

    def _as_it_is(self, teacher: FittedTeacher, table: Any, digest: str) -> FloatArray:
        def compute() -> FloatArray:
            self.counts.teacher_calls += 1
            return align_fitted(teacher, self.training.classes).predict_rows(table)

        key = tables.digest(self.identity(teacher), digest)
        return self.cache.get_or_compute("teacher", key, compute)


def stack(readings: Sequence[FloatArray]) -> FloatArray:
    """Return probabilities of shape (M, n, K), one layer per teacher, read-only."""
    stacked = np.stack(readings)
    stacked.flags.writeable = False
    return stacked
