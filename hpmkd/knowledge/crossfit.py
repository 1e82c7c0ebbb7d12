"""Cross-fits teachers: each predicts the rows of a fold that it was not fitted on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import splits, tables
from hpmkd.data.cache_region import get_or_compute_many
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

Parts = tuple["FloatArray", "FloatArray | None", "FloatArray | None"]


@dataclass(frozen=True, eq=False)
class PredictionRequest:
    """Rows to predict."""

    rows: IntArray  # (n,): numbers of training rows: a teacher is cross-fitted on exactly these
    #: Test rows. With them, fold models are stored: they are the teacher when it is measured.
    test: Any = None
    extra: Any = None  # rows without labels
    #: Numbers of further training rows, and these rows: no teacher sees their labels.
    unseen: tuple[IntArray, Any] | None = None

    @property
    def _tables(self) -> tuple[Any, ...]:
        return None if self.unseen is None else self.unseen[1], self.test, self.extra

    @property
    def queries(self) -> tuple[Any, ...]:
        """Rows that every fold model predicts."""
        return tuple(each for each in self._tables if each is not None)

    @property
    def digests(self) -> list[str]:
        """Digests of the rows that every fold model predicts."""
        return ["" if each is None else tables.digest(each) for each in self._tables]

    def parts(self, probabilities: FloatArray) -> Parts:
        """Divide predictions, which lie under each other, into training, test and extra rows.

        Unseen rows are among the training rows, each in the place of its number.
        """
        sizes = [len(self.rows), *(0 if each is None else each.shape[0] for each in self._tables)]
        training, unseen, test, extra = np.split(probabilities, np.cumsum(sizes)[:-1])
        if self.unseen is not None:
            out_of_fold, training = training, np.empty((sum(sizes[:2]), probabilities.shape[1]))
            training[self.rows], training[self.unseen[0]] = out_of_fold, unseen
        return training, None if self.test is None else test, None if self.extra is None else extra


@dataclass
class CrossFitter:
    """Cross-fits teachers; what is in the cache is not fitted again."""

    training: Dataset
    cache: Cache
    pipeline: ParallelDistillationPipeline
    n_folds: int
    seed: int
    counts: Counts
    on_fold: Callable[[], None]
    _deployed: dict[str, ClassAligned] = field(default_factory=dict)
    _fitted_rows: IntArray | None = None

    def predict(
        self, teachers: Sequence[tuple[CloneableTeacher, str]], request: PredictionRequest
    ) -> dict[str, Parts]:
        """Return predictions of training, test and extra rows, by the names of the teachers.

        Each teacher comes with its identity.
        """
        if not teachers:
            return {}
        if request.test is not None:
            self._fitted_rows = request.rows
        content = (self.training.digest, request.rows, *request.digests)
        keys = {each.name: tables.digest(identity, *content) for each, identity in teachers}
        # Each once, under whatever names.
        by_key = {keys[each.name]: (each, identity) for each, identity in teachers}

        def fit(missing: Sequence[str]) -> Mapping[str, FloatArray]:
            teachers_of = {key: by_key[key] for key in missing}
            return self._fit(teachers_of, request, keep=request.test is not None)

        found = get_or_compute_many(self.cache, "teacher", sorted(by_key), fit)
        return {name: request.parts(found[key]) for name, key in keys.items()}

    def deployed(self, teacher: CloneableTeacher, identity: str) -> ClassAligned:
        """Return the first fold's model on all training rows that teachers may see."""
        if identity not in self._deployed:
            rows = self._fitted_rows
            rows = np.arange(len(self.training)) if rows is None else rows
            key = tables.digest(identity, self.training.digest, rows)
            self._fit({key: (teacher, identity)}, PredictionRequest(rows), keep=True)
        return self._deployed[identity]

    def forget_models(self) -> None:
        """Drop all stored models."""
        self._deployed.clear()

    def _fit(
        self,
        teachers: Mapping[str, tuple[CloneableTeacher, str]],
        request: PredictionRequest,
        *,
        keep: bool,
    ) -> dict[str, FloatArray]:
        """Return out-of-fold probabilities, and below them those of the queries, by key.

        All folds of all teachers run together, so that no worker stands idle while the last
        fold of one teacher is fitted.

        Teachers and their identities come by the keys of their predictions. With `keep`, the first
        fold's model is stored: it is the teacher when that is measured. Of many rows models are
        large, so no other is sent back.
        """
        data = self._fold_data(request)
        n_folds = int(data.fold_of_row.max()) + 1
        clones = {key: clone_of(teacher, self.seed) for key, (teacher, _) in teachers.items()}
        tasks = [
            FoldTask(teacher.name, clones[key], fold, key, keep and fold == 0)
            for key, (teacher, _) in teachers.items()
            for fold in range(n_folds)
        ]
        results: dict[int, FoldResult] = {}
        for at, result in self.pipeline.run(FOLD, data, tasks):
            results[at] = result
            self.counts.teacher_fits += 1
            self.counts.teacher_calls += 1 + len(data.queries)
            self.on_fold()
        predicted = {}
        for at, (key, (_, identity)) in enumerate(teachers.items()):
            # In the order of the folds, so that the sum has the same bits however they finished.
            own = [results.pop(at * n_folds + fold) for fold in range(n_folds)]
            if own[0].model is not None:
                self._deployed[identity] = own[0].model
            predicted[key] = _put_together(own, data)
        return predicted

    def _fold_data(self, request: PredictionRequest) -> FoldData:
        """Return what the folds of all teachers share."""
        rows, n = request.rows, len(self.training)
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
        return FoldData(table, labels, fold_of_row, n_classes, request.queries)


def _put_together(folds: Sequence[FoldResult], data: FoldData) -> FloatArray:
    fold_of_row = data.fold_of_row[data.fold_of_row >= 0]
    out_of_fold = np.empty((len(fold_of_row), data.n_classes))
    for fold, result in enumerate(folds):
        out_of_fold[fold_of_row == fold] = result.held_out
    queries = [result.queries for result in folds]
    means = [np.mean(each, axis=0) for each in zip(*queries, strict=True)]
    return np.vstack([out_of_fold, *means])


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
