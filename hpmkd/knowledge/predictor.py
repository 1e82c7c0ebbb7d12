"""Predicts with the teachers: out of fold where they can be refitted, else as they are."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpmkd.data import tables
from hpmkd.data.dataset import Dataset
from hpmkd.data.fingerprint import identity
from hpmkd.data.probabilities import given_probabilities
from hpmkd.knowledge.class_alignment import ClassAligned, align_fitted
from hpmkd.knowledge.crossfit import CrossFitter, FoldPredictions, Held, Queries, clone_of
from hpmkd.knowledge.teachers import (
    CloneableTeacher,
    CrossFittedTeacher,
    FittedTeacher,
    GivenTeacher,
    Teacher,
)

if TYPE_CHECKING:
    from hpmkd.contracts import Cache, Predictor
    from hpmkd.execution.counters import Counts
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.values import FloatArray, IntArray


#: How the digest of a model begins that no other process can recognise.
UNKNOWN = "unknown"


@dataclass
class TeacherPredictor:
    """Predicts rows with teachers, fold by fold; each once."""

    training: Dataset
    test: Dataset
    cache: Cache  # Keys are digests of data, teacher, folds and seed
    pipeline: ParallelDistillationPipeline
    fold_of_row: IntArray  # (n,); -1 of rows that no teacher sees
    seed: int
    counts: Counts
    on_fold: Callable[[], None] = lambda: None  # called after each fitted fold
    _digests: dict[int, tuple[Any, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._cross_fitter = CrossFitter(
            self.training,
            self.cache,
            self.pipeline,
            self.fold_of_row,
            self.seed,
            self.counts,
            self.on_fold,
        )

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return int(self.fold_of_row.max()) + 1

    def predict(
        self, teachers: Sequence[Teacher], folds: Sequence[Held], queries: Queries
    ) -> list[dict[Held, FoldPredictions]]:
        """Predict with each teacher, fold by fold.

        A cloneable teacher is fitted without these folds. Others are taken as they are: given
        probabilities are of no other rows than those that they were given for.
        """
        cloneable = [each for each in teachers if isinstance(each, CloneableTeacher)]
        identified = [(each, self.identity(each)) for each in cloneable]
        fitted = self._cross_fitter.predict(identified, folds, queries)
        return [
            fitted[each.name]
            if isinstance(each, CloneableTeacher)
            else {held: self._as_it_is(each, held, queries) for held in folds}
            for each in teachers
        ]

    def _as_it_is(
        self,
        teacher: FittedTeacher | GivenTeacher | CrossFittedTeacher,
        held: Held,
        queries: Queries,
    ) -> FoldPredictions:
        """Return the predictions of a teacher that is not fitted here."""
        unseen = self.fold_of_row < 0
        if isinstance(teacher, GivenTeacher):
            given = self._given(teacher)
            test = None if queries.test is None else self._given_test(teacher)
            return FoldPredictions(self._by_fold(given, held), given[unseen], test)
        others = (queries.test, queries.extra, queries.of(held))
        if isinstance(teacher, CrossFittedTeacher):
            own, model = teacher.out_of_fold, teacher.models[held[0]]
            predicted = [None if each is None else model.predict_proba(each) for each in others]
            return FoldPredictions(self._by_fold(own, held), own[unseen], *predicted)
        training = self._fitted(teacher, self.training.part)
        found = [None if each is None else self._fitted(teacher, each) for each in others]
        return FoldPredictions(self._by_fold(training, held), training[unseen], *found)

    def _by_fold(self, predicted: FloatArray, held: Held) -> dict[int, FloatArray]:
        return {fold: predicted[self.fold_of_row == fold] for fold in held}

    def deployed(self, teacher: Teacher) -> ClassAligned | Predictor | None:
        """Return a model that predicts new rows; None for given probabilities.

        Of a cross-fitted teacher, that of the first fold.
        """
        if isinstance(teacher, FittedTeacher):
            return align_fitted(teacher, self.training.classes)
        if isinstance(teacher, CrossFittedTeacher):
            return teacher.deployed
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
                return tables.digest("cross-fitted", estimator, self.seed)
            case CrossFittedTeacher():
                return tables.digest("students", teacher.name, teacher.out_of_fold)

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

    def _fitted(self, teacher: FittedTeacher, table: Any) -> FloatArray:
        def compute() -> FloatArray:
            self.counts.teacher_calls += 1
            return align_fitted(teacher, self.training.classes).predict_rows(table)

        key = tables.digest(self.identity(teacher), tables.digest(table))
        return self.cache.get_or_compute("teacher", key, compute)
