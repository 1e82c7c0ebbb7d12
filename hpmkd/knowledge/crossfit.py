"""Reads teachers that can be refitted: out of fold, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import splits, tables
from hpmkd.data.dataset import Dataset
from hpmkd.errors import TeacherError
from hpmkd.knowledge.fold_fits import FOLD, FoldData, FoldTask, seeded
from hpmkd.knowledge.teachers import CloneableTeacher

if TYPE_CHECKING:
    from hpmkd.contracts import Cache
    from hpmkd.execution.counters import Counts
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.knowledge.fold_fits import FoldResult
    from hpmkd.knowledge.teachers import ClassAligned
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class PredictionRequest:
    """Rows to ask about.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Numbers of training rows: a teacher is cross-fitted on exactly these.
    test : DataFrame or ndarray of m rows, or None
        Test rows. With them, fold models are kept: they are the teacher when it is measured.
    extra : DataFrame or ndarray of e rows, or None
        Rows without labels.
    unseen : tuple of ndarray and (DataFrame or ndarray), or None
        Numbers of further training rows, and these rows: no teacher sees their labels.
    """

    rows: IntArray
    test: Any = None
    extra: Any = None
    unseen: tuple[IntArray, Any] | None = None

    @property
    def _read(self) -> tuple[Any, ...]:
        return None if self.unseen is None else self.unseen[1], self.test, self.extra

    @property
    def queries(self) -> tuple[Any, ...]:
        """Rows that every fold model reads."""
        return tuple(each for each in self._read if each is not None)

    @property
    def digests(self) -> list[str]:
        """Digests of the rows that every fold model reads."""
        return ["" if each is None else tables.digest(each) for each in self._read]

    def parts(self, said: FloatArray) -> tuple[FloatArray, FloatArray | None, FloatArray | None]:
        """Return what belongs to training, test and extra rows, which lie under each other.

        Unseen rows are among the training rows, each in the place of its number.
        """
        sizes = [len(self.rows), *(0 if each is None else each.shape[0] for each in self._read)]
        training, about_unseen, test, extra = np.split(said, np.cumsum(sizes)[:-1])
        if self.unseen is not None:
            out_of_fold, training = training, np.empty((sum(sizes[:2]), said.shape[1]))
            training[self.rows], training[self.unseen[0]] = out_of_fold, about_unseen
        return training, None if self.test is None else test, None if self.extra is None else extra


@dataclass(frozen=True)
class _Asked:
    """One teacher, by its identity, and one question, known by a digest of both."""

    teacher: CloneableTeacher
    identity: str
    question: PredictionRequest
    key: str


@dataclass
class CrossFitter:
    """Cross-fits teachers; what is in the cache is not fitted again.

    Parameters
    ----------
    training, cache, pipeline, n_folds, seed, counts, on_fold
        As of :class:`~hpmkd.knowledge.predictor.TeacherPredictor`.
    """

    training: Dataset
    cache: Cache
    pipeline: ParallelDistillationPipeline
    n_folds: int
    seed: int
    counts: Counts
    on_fold: Callable[[], None]
    _deployed: dict[str, ClassAligned] = field(default_factory=dict)
    _taught: IntArray | None = None

    def answers(
        self, teachers: Sequence[tuple[CloneableTeacher, str]], question: PredictionRequest
    ) -> dict[str, tuple[FloatArray, FloatArray | None, FloatArray | None]]:
        """Return what teachers say about training, test and extra rows, by their names.

        Parameters
        ----------
        teachers : sequence of (CloneableTeacher, str)
            With their identities.
        question : PredictionRequest
            About which rows.
        """
        if not teachers:
            return {}
        if question.test is not None:
            self._taught = question.rows
        about = (self.training.digest, question.rows, *question.digests)
        asked = [
            _Asked(teacher, identity, question, tables.digest(identity, *about))
            for teacher, identity in teachers
        ]
        found: dict[str, FloatArray] = {}
        # Each once, under whatever names; and in an order of their own, so that two runs on one
        # cache never wait for each other.
        once = {each.key: each for each in asked}
        self._look_up([once[key] for key in sorted(once)], [], found)
        return {each.teacher.name: question.parts(found[each.key]) for each in asked}

    def deployed(self, teacher: CloneableTeacher, identity: str) -> ClassAligned:
        """Return the first fold's model on all training rows that teachers may see."""
        if identity not in self._deployed:
            rows = np.arange(len(self.training)) if self._taught is None else self._taught
            key = tables.digest(identity, self.training.digest, rows)
            self._fit([_Asked(teacher, identity, PredictionRequest(rows), key)], keep=True)
        return self._deployed[identity]

    def forget_models(self) -> None:
        """Drop all models that are kept."""
        self._deployed.clear()

    def _look_up(
        self, asked: Sequence[_Asked], missing: Sequence[_Asked], found: dict[str, FloatArray]
    ) -> None:
        """Find answers in the cache; once it is known which are missing, fit them together.

        A cache computes what it lacks by calling back: inside, the next one is looked up. So
        no worker stands idle while the last fold of one teacher is fitted.
        """
        if not asked:
            if missing:
                found |= self._fit(missing, keep=missing[0].question.test is not None)
            return
        first, *others = asked

        def compute() -> FloatArray:
            self._look_up(others, [*missing, first], found)
            return found[first.key]

        said = self.cache.get_or_compute("teacher", first.key, compute)
        if first.key not in found:
            self._look_up(others, missing, found)
        found[first.key] = said

    def _fit(self, asked: Sequence[_Asked], *, keep: bool) -> dict[str, FloatArray]:
        """Return out-of-fold probabilities, and below them those of the queries, by key.

        Parameters
        ----------
        keep : bool
            Keep the first fold's model: it is the teacher when that is measured. Of many rows
            models are large, so no other is sent back.
        """
        data = self._fold_data(asked[0].question)
        n_folds = int(data.fold_of_row.max()) + 1
        clones = {each.key: clone_of(each.teacher, self.seed) for each in asked}
        tasks = [
            FoldTask(each.teacher.name, clones[each.key], fold, each.key, keep and fold == 0)
            for each in asked
            for fold in range(n_folds)
        ]
        results: dict[int, FoldResult] = {}
        for at, result in self.pipeline.run(FOLD, data, tasks):
            results[at] = result
            self.counts.teacher_fits += 1
            self.counts.teacher_calls += 1 + len(data.queries)
            self.on_fold()
        said = {}
        for at, each in enumerate(asked):
            # In the order of the folds, so that the sum has the same bits however they finished.
            own = [results.pop(at * n_folds + fold) for fold in range(n_folds)]
            if own[0].model is not None:
                self._deployed[each.identity] = own[0].model
            said[each.key] = _put_together(own, data)
        return said

    def _fold_data(self, question: PredictionRequest) -> FoldData:
        """Return what the folds of all teachers share."""
        rows, n = question.rows, len(self.training)
        labels = self.training.labels[rows]
        fold_of_row = splits.folds(labels, self.n_folds, self.seed)
        if 2 * len(rows) > n and (np.diff(rows) > 0).all():
            # Most of the rows, in their order: no other table beside the one that is there.
            labels, placed = self.training.labels, np.full(n, -1)
            placed[rows] = fold_of_row
            fold_of_row, table = placed, self.training.table
        else:
            table = self.training.rows(rows).table
        n_classes = len(self.training.classes)
        return FoldData(table, labels, fold_of_row, n_classes, question.queries)


def _put_together(folds: Sequence[FoldResult], data: FoldData) -> FloatArray:
    fold_of_row = data.fold_of_row[data.fold_of_row >= 0]
    out_of_fold = np.empty((len(fold_of_row), data.n_classes))
    for fold, result in enumerate(folds):
        out_of_fold[fold_of_row == fold] = result.predict_held_out
    said = [result.queries for result in folds]
    return np.vstack([out_of_fold, *(np.mean(about, axis=0) for about in zip(*said, strict=True))])


def clone_of(teacher: CloneableTeacher, seed: int) -> Any:
    """Return a teacher's estimator, unfitted, its open random states fixed.

    Raises
    ------
    TeacherError
        If it cannot be cloned.
    """
    try:
        return seeded(teacher.estimator, seed)
    except (TypeError, RuntimeError) as error:
        raise TeacherError(
            f"teacher {teacher.name!r} cannot be cloned: {error}. Expected a scikit-learn "
            "classifier whose __init__ only stores its parameters"
        ) from error
