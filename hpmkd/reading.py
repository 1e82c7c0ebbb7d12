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
    _deployed: dict[str, ClassAligned] = field(default_factory=dict)
    _digests: dict[int, tuple[Any, str]] = field(default_factory=dict)
    _folded: tuple[IntArray, tuple[Any, ...], FoldData] | None = None
    _taught: IntArray | None = None
    _unseen: tuple[IntArray, Any] | None = None

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
                training, about_extra = self._cross_fitted(teacher, rows, (extra,))
                assert training is not None
                return Readings(training, extra=about_extra)

    def final(
        self, teacher: Teacher, extra: Any = None, unseen: IntArray | None = None
    ) -> Readings:
        """Return what a teacher says about all training rows, the test rows and `extra`.

        A cloneable teacher sees no row of `unseen`, if given: its fold models read them as they
        read test rows.
        """
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
                return self._final_of(teacher, extra, unseen)

    def _final_of(self, teacher: CloneableTeacher, extra: Any, unseen: IntArray | None) -> Readings:
        self._taught = np.arange(len(self.training))
        about = (self.test.table, extra)
        if unseen is None:
            training, test, about_extra = self._cross_fitted(
                teacher, self._taught, about, keep=True
            )
            assert training is not None
            return Readings(training, test, about_extra)
        if self._unseen is None or not np.array_equal(self._unseen[0], unseen):
            # One object for all teachers, so that it is sent once.
            self._unseen = (unseen, tables.take(self.training.table, unseen))
        self._taught = np.setdiff1d(self._taught, unseen)
        seen, about_unseen, test, about_extra = self._cross_fitted(
            teacher, self._taught, (self._unseen[1], *about), keep=True
        )
        training = np.empty((len(self.training), len(self.training.classes)))
        training[self._taught], training[unseen] = seen, about_unseen
        return Readings(training, test, about_extra)

    def deployed(self, teacher: Teacher) -> ClassAligned | None:
        """Return a teacher that answers about new rows; None for given probabilities.

        Of a cross-fitted one, the model of the first fold.
        """
        if isinstance(teacher, FittedTeacher):
            return align_fitted(teacher, self.training.classes)
        if isinstance(teacher, CloneableTeacher):
            if teacher.name not in self._deployed:
                rows = np.arange(len(self.training)) if self._taught is None else self._taught
                question = tables.digest(self.identity(teacher), self.training.digest, rows)
                self._fit_folds(teacher, rows, (), question, keep=True)
            return self._deployed[teacher.name]
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
        self,
        teacher: CloneableTeacher,
        rows: IntArray,
        queries: tuple[Any, ...],
        *,
        keep: bool = False,
    ) -> list[FloatArray | None]:
        """Return what is said about training rows, then about each query; all at once.

        None among the queries is answered by None. `keep` as for :meth:`_fit_folds`.
        """
        asked = tuple(each for each in queries if each is not None)
        digests = ["" if each is None else tables.digest(each) for each in queries]
        key = tables.digest(self.identity(teacher), self.training.digest, rows, *digests)
        said = self.cache.get_or_compute(
            "teacher", key, lambda: self._fit_folds(teacher, rows, asked, key, keep=keep)
        )
        parts: list[FloatArray | None] = [said[: len(rows)]]
        at = len(rows)
        for each in queries:
            n = 0 if each is None else each.shape[0]
            parts.append(None if each is None else said[at : at + n])
            at += n
        return parts

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
            Keep the first fold's model: it is the teacher when that is measured. Of many rows
            the models are large, so no other comes back.
        """
        data = self._fold_data(rows, queries)
        fold_of_row = data.fold_of_row[data.fold_of_row >= 0]
        n_folds = int(fold_of_row.max()) + 1
        estimator = _clone_of(teacher, self.seed)
        tasks = [
            FoldTask(teacher.name, estimator, fold, question, keep=keep and fold == 0)
            for fold in range(n_folds)
        ]
        results: dict[int, Any] = {}
        for fold, result in self.pipeline.run(FOLD, data, tasks):
            results[fold] = result
            self.counts.teacher_fits += 1
            self.counts.teacher_calls += 1 + len(queries)
            self.on_fold()
        out_of_fold = np.empty((len(rows), data.n_classes))
        for fold in range(n_folds):
            out_of_fold[fold_of_row == fold] = results[fold].held_out
        # In the order of the folds, so that the sum has the same bits however they finished.
        in_order = [results[fold] for fold in range(n_folds)]
        if keep:
            self._deployed[teacher.name] = in_order[0].model
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
        labels = self.training.labels[rows]
        fold_of_row = splits.folds(labels, self.n_folds, self.seed)
        table, n = self.training.table, len(self.training)
        if 2 * len(rows) > n and (np.diff(rows) > 0).all():
            # Most of the rows, in their order: the table that is there already, not another.
            labels, placed = self.training.labels, np.full(n, -1)
            placed[rows] = fold_of_row
            fold_of_row = placed
        else:
            table = tables.take(table, rows)
        data = FoldData(table, labels, fold_of_row, len(self.training.classes), queries)
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
