"""Predicts with the teachers: out of fold where they can be refitted, else as they are."""

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
from hpmkd.knowledge.crossfit import CrossFitter, Parts, PredictionRequest, clone_of
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


#: How the digest of a model begins that no other process can recognise.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class TeacherPredictions:
    """The probabilities of one teacher."""

    training: FloatArray  # (n, K), out of fold where the teacher is refitted
    #: (m, K); None where they were not requested or cannot be predicted.
    test: FloatArray | None = None
    extra: FloatArray | None = None  # (e, K), of rows without labels; None likewise


@dataclass
class TeacherPredictor:
    """Predicts rows with teachers, each request once."""

    training: Dataset
    test: Dataset
    cache: Cache  # Keys are digests of data, teacher, folds and seed
    pipeline: ParallelDistillationPipeline
    n_folds: int
    seed: int
    counts: Counts
    on_fold: Callable[[], None] = lambda: None  # called after each fitted fold
    _digests: dict[int, tuple[Any, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._cross_fitter = CrossFitter(
            self.training,
            self.cache,
            self.pipeline,
            self.n_folds,
            self.seed,
            self.counts,
            self.on_fold,
        )

    def predict(
        self, teachers: Sequence[Teacher], rows: IntArray, extra: Any = None
    ) -> list[TeacherPredictions]:
        """Predict some training rows, and raw rows beside them.

        A cloneable teacher is cross-fitted on exactly these training rows, and its fold models
        predict `extra`. Given probabilities are of no such rows.
        """
        return self._predict(teachers, PredictionRequest(rows, None, extra), rows)

    def predict_all(
        self, teachers: Sequence[Teacher], extra: Any = None, unseen: IntArray | None = None
    ) -> list[TeacherPredictions]:
        """Predict all training rows, the test rows and `extra`.

        A cloneable teacher sees no row of `unseen`, if given: its fold models predict them as
        they predict test rows.
        """
        rows, apart = np.arange(len(self.training)), None
        if unseen is not None:
            rows, apart = np.setdiff1d(rows, unseen), (unseen, self.training.rows(unseen).table)
        request = PredictionRequest(rows, self.test.table, extra, apart)
        return self._predict(teachers, request, slice(None))

    def _predict(
        self, teachers: Sequence[Teacher], request: PredictionRequest, at: IntArray | slice
    ) -> list[TeacherPredictions]:
        """Predict a request; the predictions of other teachers are taken `at` its rows."""
        cross_fitted, whole = self._cross_fit(teachers, request), request.test is not None

        def predict(teacher: Teacher) -> TeacherPredictions:
            match teacher:
                case GivenTeacher():
                    test = self._given_test(teacher) if whole else None
                    return TeacherPredictions(self._given(teacher)[at], test)
                case FittedTeacher():
                    training = self._fitted(teacher, self.training.table, self.training.digest)
                    test = (
                        self._fitted(teacher, self.test.table, self.test.digest) if whole else None
                    )
                    return TeacherPredictions(
                        training[at], test, self._extra(teacher, request.extra)
                    )
                case CloneableTeacher():
                    return TeacherPredictions(*cross_fitted[teacher.name])

        return [predict(teacher) for teacher in teachers]

    def deployed(self, teacher: Teacher) -> ClassAligned | None:
        """Return a model that predicts new rows; None for given probabilities.

        Of a cross-fitted teacher, that of the first fold.
        """
        if isinstance(teacher, FittedTeacher):
            return align_fitted(teacher, self.training.classes)
        if isinstance(teacher, CloneableTeacher):
            return self._cross_fitter.deployed(teacher, self.identity(teacher))
        return None

    def forget_models(self) -> None:
        """Drop the models of cross-fitted teachers; one that is needed again is fitted again."""
        self._cross_fitter.forget_models()

    def identity(self, teacher: Teacher) -> str:
        """Return a digest of all that decides a teacher's predictions, apart from the rows."""
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
        """Return its :meth:`identity`; None where another process could not recognise it."""
        digest = self.identity(teacher)
        models = [getattr(teacher, each, None) for each in ("model", "estimator")]
        digests = [self._digests[id(each)][1] for each in models if id(each) in self._digests]
        return None if any(each.startswith(UNKNOWN) for each in digests) else digest

    def _digest_of(self, original: Any, model: Any) -> str:
        # Once per model, whatever its calls do to it; a model without identity is new in each
        # run. Keeping the model keeps its id from being given to another.
        if id(original) not in self._digests:
            digest = identity(model) or f"{UNKNOWN} {uuid.uuid4()}"
            self._digests[id(original)] = (original, digest)
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

    def _cross_fit(
        self, teachers: Sequence[Teacher], request: PredictionRequest
    ) -> dict[str, Parts]:
        """Return the predictions of the teachers that are cross-fitted, by name."""
        cloneable = [each for each in teachers if isinstance(each, CloneableTeacher)]
        identified = [(each, self.identity(each)) for each in cloneable]
        return self._cross_fitter.predict(identified, request)

    def _extra(self, teacher: FittedTeacher, extra: Any) -> FloatArray | None:
        return None if extra is None else self._fitted(teacher, extra, tables.digest(extra))

    def _fitted(self, teacher: FittedTeacher, table: Any, digest: str) -> FloatArray:
        def compute() -> FloatArray:
            self.counts.teacher_calls += 1
            return align_fitted(teacher, self.training.classes).predict_rows(table)

        key = tables.digest(self.identity(teacher), digest)
        return self.cache.get_or_compute("teacher", key, compute)


def stack(probabilities: Sequence[FloatArray]) -> FloatArray:
    """Return probabilities of shape (M, n, K), one layer per teacher, read-only."""
    stacked = np.stack(probabilities)
    stacked.flags.writeable = False
    return stacked
