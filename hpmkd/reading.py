"""Reads the teachers: out of fold where they can be refitted, as they are where not."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import splits, tables
from hpmkd.crossfit import FOLD, FoldData, FoldTask, seeded
from hpmkd.dataset import Dataset
from hpmkd.errors import TeacherError
from hpmkd.identity import identity
from hpmkd.probabilities import given_probabilities
from hpmkd.teachers import (
    Bag,
    ClassAligned,
    CloneableTeacher,
    FittedTeacher,
    GivenTeacher,
    Teacher,
    align_fitted,
)

if TYPE_CHECKING:
    from hpmkd.contracts import Cache
    from hpmkd.counts import Counts
    from hpmkd.pipeline import ParallelDistillationPipeline
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class Readings:
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
class TeacherReader:
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
    _bags: dict[str, Bag] = field(default_factory=dict)
    _digests: dict[int, tuple[Any, str]] = field(default_factory=dict)
    _folded: tuple[IntArray, tuple[Any, ...], FoldData] | None = None

    def out_of_fold(self, teacher: Teacher, rows: IntArray) -> FloatArray:
        """Return probabilities of shape (n, K) for some training rows.

        A cloneable teacher is cross-fitted on exactly these rows and sees no others.
        """
        return self.read(teacher, rows).training

    def read(self, teacher: Teacher, rows: IntArray, extra: Any = None) -> Readings:
        """Return what a teacher says about some training rows, and about raw rows beside them.

        A cloneable teacher is cross-fitted on exactly the training rows asked for, and its
        fold models read `extra`. Given probabilities are about no such rows.
        """
        match teacher:
            case GivenTeacher():
                return Readings(self._given(teacher)[rows])
            case FittedTeacher():
                said = self._as_it_is(teacher, self.training.table, self.training.digest)
                return Readings(said[rows], extra=self._about_extra(teacher, extra))
            case CloneableTeacher():
                training, _, about_extra = self._cross_fitted(teacher, rows, None, extra)
                return Readings(training, extra=about_extra)

    def final(self, teacher: Teacher, extra: Any = None) -> Readings:
        """Return what a teacher says about all training rows, the test rows and `extra`."""
        match teacher:
            case GivenTeacher():
                return Readings(self._given(teacher), self._given_test(teacher))
            case FittedTeacher():
                training, test = (
                    self._as_it_is(teacher, each.table, each.digest)
                    for each in (self.training, self.test)
                )
                return Readings(training, test, self._about_extra(teacher, extra))
            case CloneableTeacher():
                rows = np.arange(len(self.training))
                return Readings(*self._cross_fitted(teacher, rows, self.test.table, extra))

    def live(self, teacher: Teacher) -> Bag | ClassAligned | None:
        """Return a teacher that answers about new rows; None for given probabilities."""
        if isinstance(teacher, FittedTeacher):
            return align_fitted(teacher, self.training.classes)
        if isinstance(teacher, CloneableTeacher):
            if teacher.name not in self._bags:
                rows = np.arange(len(self.training))
                question = tables.digest(self.identity(teacher), self.training.digest)
                self._fit_folds(teacher, rows, (), question, keep=True)
            return self._bags[teacher.name]
        return None

    def identity(self, teacher: Teacher) -> str:
        """Return a digest of all that decides what a teacher says, apart from the rows."""
        match teacher:
            case GivenTeacher():
                return tables.digest("given", self._given(teacher))
            case FittedTeacher():
                return tables.digest("fitted", self._digest_of(teacher.model, teacher.model))
            case CloneableTeacher():
                clone = _clone_of(teacher, self.seed)
                estimator = self._digest_of(teacher.estimator, clone)
                return tables.digest("cross-fitted", estimator, self.n_folds, self.seed)

    def _digest_of(self, original: Any, model: Any) -> str:
        # Once per model, whatever its calls do to it; and because nobody knows who a model
        # without identity is, it is new in each run. Keeping the model keeps its id from
        # being given to another.
        if id(original) not in self._digests:
            told = identity(model) or f"unknown {uuid.uuid4()}"
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

    def _about_extra(self, teacher: FittedTeacher, extra: Any) -> FloatArray | None:
        return None if extra is None else self._as_it_is(teacher, extra, tables.digest(extra))

    def _as_it_is(self, teacher: FittedTeacher, table: Any, digest: str) -> FloatArray:
        def compute() -> FloatArray:
            self.counts.teacher_calls += 1
            return align_fitted(teacher, self.training.classes).said_of(table)

        key = tables.digest(self.identity(teacher), digest)
        return self.cache.get_or_compute("teacher", key, compute)

    def _cross_fitted(
        self, teacher: CloneableTeacher, rows: IntArray, test: Any, extra: Any
    ) -> tuple[FloatArray, FloatArray | None, FloatArray | None]:
        """Return what is said about training rows, test rows and extra rows; all at once."""
        asked = tuple(each for each in (test, extra) if each is not None)
        digests = ["" if each is None else tables.digest(each) for each in (test, extra)]
        key = tables.digest(self.identity(teacher), self.training.rows(rows).digest, *digests)
        said = self.cache.get_or_compute(
            "teacher",
            key,
            lambda: self._fit_folds(teacher, rows, asked, key, keep=test is not None),
        )
        n, n_test = len(rows), 0 if test is None else test.shape[0]
        about_test = None if test is None else said[n : n + n_test]
        return said[:n], about_test, None if extra is None else said[n + n_test :]

    def _fit_folds(
        self,
        teacher: CloneableTeacher,
        rows: IntArray,
        queries: tuple[Any, ...],
        question: str,
        *,
        keep: bool,
    ) -> FloatArray:
        """Return out-of-fold probabilities, and below them those of the queries.

        Parameters
        ----------
        question : str
            Digest of all that is asked.
        keep : bool
            Keep the fold models: they are the teacher when it is measured.
        """
        data = self._fold_data(rows, queries)
        n_folds = int(data.fold_of_row.max()) + 1
        estimator = _clone_of(teacher, self.seed)
        tasks = [FoldTask(teacher.name, estimator, fold, question) for fold in range(n_folds)]
        results: dict[int, Any] = {}
        for fold, result in self.pipeline.run(FOLD, data, tasks):
            results[fold] = result
            self.counts.teacher_fits += 1
            self.counts.teacher_calls += 1 + len(queries)
            self.on_fold()
        out_of_fold = np.empty((len(rows), data.n_classes))
        for fold in range(n_folds):
            out_of_fold[data.fold_of_row == fold] = results[fold].held_out
        # In the order of the folds, so that the sum has the same bits however they finished.
        in_order = [results[fold] for fold in range(n_folds)]
        if keep:
            self._bags[teacher.name] = Bag(tuple(result.model for result in in_order))
        said = [result.queries for result in in_order]
        means = [np.mean(about, axis=0) for about in zip(*said, strict=True)]
        return np.vstack([out_of_fold, *means])

    def _fold_data(self, rows: IntArray, queries: tuple[Any, ...]) -> FoldData:
        """Return what folds share; the same object for the same rows, so that it is sent once."""
        asked = [id(each) for each in queries]
        if self._folded is not None:
            known_rows, known, data = self._folded
            if [id(each) for each in known] == asked and np.array_equal(known_rows, rows):
                return data
        whole = np.array_equal(rows, np.arange(len(self.training)))
        training = self.training if whole else self.training.rows(rows)
        data = FoldData(
            table=training.table,
            labels=training.labels,
            fold_of_row=splits.folds(training.labels, self.n_folds, self.seed),
            n_classes=len(training.classes),
            queries=queries,
        )
        self._folded = (rows, queries, data)
        return data


def _clone_of(teacher: CloneableTeacher, seed: int) -> Any:
    try:
        return seeded(teacher.estimator, seed)
    except (TypeError, RuntimeError) as error:
        raise TeacherError(
            f"teacher {teacher.name!r} cannot be cloned: {error}. Expected a scikit-learn "
            "classifier whose __init__ only stores its parameters"
        ) from error


def stack(readings: Sequence[FloatArray]) -> FloatArray:
    """Return probabilities of shape (M, n, K), one layer per teacher, read-only."""
    stacked = np.stack(readings)
    stacked.flags.writeable = False
    return stacked
