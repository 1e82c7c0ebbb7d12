"""Cross-fits teachers: each predicts the rows of the folds that it was not fitted on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.cache_region import get_or_compute_many
from hpmkd.data.dataset import Dataset
from hpmkd.data.splits import UNSEEN
from hpmkd.errors import TeacherError
from hpmkd.knowledge.fold_fits import FOLD, FoldData, FoldTask, seeded
from hpmkd.knowledge.teachers import CloneableTeacher

if TYPE_CHECKING:
    from hpmkd.contracts import Cache
    from hpmkd.execution.counters import Counts
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.knowledge.class_alignment import ClassAligned
    from hpmkd.values import FloatArray, IntArray

#: The folds that a model is fitted without: one, or two.
Held = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Queries:
    """Rows that fold models predict beside those of the folds that they are fitted without."""

    test: Any = None
    extra: Any = None
    #: By fold, rows that were made without those of the fold: its model alone predicts them.
    made: Sequence[Any] = ()

    @property
    def shared(self) -> tuple[Any, ...]:
        """Rows that every model predicts."""
        return tuple(each for each in (self.test, self.extra) if each is not None)

    def n_tables(self, held: Held) -> int:
        """Return how many tables the model without some folds predicts."""
        return len(self.shared) + (self.of(held) is not None)

    def of(self, held: Held) -> Any:
        """Return the rows that the model without one fold alone predicts; None if none."""
        return self.made[held[0]] if self.made and len(held) == 1 else None


@dataclass(frozen=True)
class FoldPredictions:
    """Predictions of a model fitted without some folds; each of shape (rows, K)."""

    held: Mapping[int, FloatArray]  # by fold, its rows, in the order of their numbers
    unseen: FloatArray  # the rows that no model sees
    test: FloatArray | None = None
    extra: FloatArray | None = None
    made: FloatArray | None = None


@dataclass
class CrossFitter:
    """Cross-fits teachers; what is in the cache is not fitted again."""

    training: Dataset
    cache: Cache
    pipeline: ParallelDistillationPipeline
    fold_of_row: IntArray  # (n,); -1 of rows that no teacher sees
    seed: int
    counts: Counts
    on_fold: Callable[[], None]
    _deployed: dict[str, ClassAligned] = field(default_factory=dict)

    def predict(
        self,
        teachers: Sequence[tuple[CloneableTeacher, str]],
        folds: Sequence[Held],
        queries: Queries,
    ) -> dict[str, dict[Held, FoldPredictions]]:
        """Return predictions by the names of the teachers and the folds that are held out.

        Each teacher comes with its identity.
        """
        if not teachers:
            return {}
        keys = self._keys(teachers, folds, queries)
        # Each once, under whatever names.
        tasks = {keys[each.name, held]: (each, held) for each, _ in teachers for held in folds}

        def fit(missing: Sequence[str]) -> Mapping[str, FloatArray]:
            return self._fit({key: tasks[key] for key in missing}, queries, dict(identities))

        identities = [(each.name, identity) for each, identity in teachers]
        found = get_or_compute_many(self.cache, "teacher", sorted(tasks), fit)
        return {
            each.name: {
                held: self._divided(found[keys[each.name, held]], held, queries) for held in folds
            }
            for each, _ in teachers
        }

    def deployed(self, teacher: CloneableTeacher, identity: str) -> ClassAligned:
        """Return the model that was fitted without the first fold."""
        if identity not in self._deployed:
            nothing = Queries()
            keys = self._keys([(teacher, identity)], [(0,)], nothing)
            self._fit(
                {keys[teacher.name, (0,)]: (teacher, (0,))}, nothing, {teacher.name: identity}
            )
        return self._deployed[identity]

    def forget_models(self) -> None:
        """Drop all stored models."""
        self._deployed.clear()

    def _keys(
        self,
        teachers: Sequence[tuple[CloneableTeacher, str]],
        folds: Sequence[Held],
        queries: Queries,
    ) -> dict[tuple[str, Held], str]:
        shared = [tables.digest(each) for each in queries.shared]
        content = {
            held: (self.training.digest, self.fold_of_row, held, *shared, _digest(queries.of(held)))
            for held in folds
        }
        return {
            (each.name, held): tables.digest(identity, *content[held])
            for each, identity in teachers
            for held in folds
        }

    def _fit(
        self,
        tasks: Mapping[str, tuple[CloneableTeacher, Held]],
        queries: Queries,
        identities: Mapping[str, str],
    ) -> dict[str, FloatArray]:
        """Return by key the probabilities of the rows held out, and below them of the others.

        All folds of all teachers run together, so that no worker stands idle while the last
        fold of one teacher is fitted.

        The first fold's model is stored: it is the teacher when that is measured. Of many rows
        models are large, so no other is sent back.
        """
        data = FoldData(
            self.training.part,
            self.training.labels,
            self.fold_of_row,
            len(self.training.classes),
            queries.shared,
            tuple(queries.made),
            self.training.left_out,
            self.training.weights,
        )
        clones = {each.name: clone_of(each, self.seed) for each, _ in tasks.values()}
        wanted = [
            FoldTask(each.name, clones[each.name], held, key, held == (0,))
            for key, (each, held) in tasks.items()
        ]
        predicted = {}
        for at, result in self.pipeline.run(FOLD, data, wanted):
            task = wanted[at]
            self.counts.teacher_fits += 1
            self.counts.teacher_calls += (
                1 + len(queries.shared) + (queries.of(task.held) is not None)
            )
            self.on_fold()
            if result.model is not None:
                self._deployed[identities[task.name]] = result.model
            predicted[task.key] = result.predicted
        return predicted

    def _divided(self, predicted: FloatArray, held: Held, queries: Queries) -> FoldPredictions:
        """Divide predictions, which lie under each other."""
        others = [queries.test, queries.extra, queries.of(held)]
        among = self.fold_of_row[np.isin(self.fold_of_row, held)]
        sizes = [len(among), int((self.fold_of_row == UNSEEN).sum())]
        sizes += [0 if each is None else each.shape[0] for each in others]
        own, unseen, *parts = np.split(predicted, np.cumsum(sizes)[:-1])
        known = [None if each is None else part for each, part in zip(others, parts, strict=True)]
        return FoldPredictions({fold: own[among == fold] for fold in held}, unseen, *known)


def _digest(table: Any) -> str:
    return "" if table is None else tables.digest(table)


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
            "classifier whose __init__ only stores its parameters; for a model that is fitted "
            "already, pass hpmkd.FittedTeacher(name, model)"
        ) from error
