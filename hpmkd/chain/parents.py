"""Rows with what their teachers say about them, raw and encoded: all that fits start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.data import splits, tables
from hpmkd.data.cache_region import UNKEPT, Shelf
from hpmkd.data.encoding import LAVISH, Thrift
from hpmkd.errors import HpmkdError, PluginError
from hpmkd.training.datasets import TrainingRows
from hpmkd.training.trials import ANSWERS, STUDENT, RefitData, SearchData, SelectionSplit
from hpmkd.values import Previous

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.data.dataset import Dataset
    from hpmkd.data.unlabeled import Labelled
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.training.fit import Fitting
    from hpmkd.values import After, Configuration, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Lesson:
    """Rows to fit students on.

    Parameters
    ----------
    rows : Dataset
        The n rows, raw.
    extra : Labelled or None
        Raw rows without labels, and what the teachers say about them.
    training : TrainingRows
        The same, encoded, with the teachers' soft targets.
    """

    rows: Dataset
    extra: Labelled | None
    training: TrainingRows

    @classmethod
    def prepare(
        cls,
        rows: Dataset,
        soft_targets: FloatArray,
        extra: Labelled | None,
        encodings: set[str],
        features: Shelf = UNKEPT,
        thrift: Thrift = LAVISH,
    ) -> Lesson:
        """Encode rows whose teachers say `soft_targets` of shape (n, K)."""
        encoded = TrainingRows.encode(rows, soft_targets, encodings, extra, features, thrift)
        return cls(rows, extra, encoded)

    def taught(self, soft_targets: FloatArray, of_extra: FloatArray | None = None) -> Lesson:
        """Return the same rows with other soft targets, also of the extra ones if given."""
        training, extra = replace(self.training, soft_targets=soft_targets), self.extra
        if extra is not None and of_extra is not None:
            extra = replace(extra, soft_targets=of_extra)
            encoded = {
                kind: replace(rows, soft_targets=of_extra) for kind, rows in training.extra.items()
            }
            training = replace(training, extra=encoded)
        return replace(self, extra=extra, training=training)

    def without_extra(self) -> Lesson:
        """Return the lesson without extra rows: what students are cross-fitted on.

        The teachers that labelled extra rows saw the labels of all n rows, and so let the label
        of a held row through. Where labels are noise (600 rows, entropy 0.693 nats), the word
        about held rows has a log loss of 0.64 as it is, for the soft targets leak in the same
        way; of 0.61 beside 1500 real extra rows, and of 0.57 beside made ones, which are near
        copies of the rows.
        """
        return replace(self, extra=None, training=replace(self.training, extra={}))

    def part(self, chosen: NDArray[np.bool_]) -> Lesson:
        """Return some of the rows, beside all extra rows, encoded as they are here."""
        at = np.flatnonzero(chosen)
        return replace(self, rows=self.rows.rows(at), training=self.training.rows(at))


@dataclass(frozen=True, eq=False)
class Exam:
    """A lesson, and the selection rows that judge who has learnt from it.

    Parameters
    ----------
    lesson : Lesson
        What is fitted on.
    held_rows : ndarray of shape (h,)
        Numbers of the selection rows; no teacher of the lesson has seen them.
    held : Dataset
        The selection rows.
    available : int
        Rows that the lesson is drawn from: more than it has, where trials see a part of them.
    """

    lesson: Lesson
    held_rows: IntArray
    held: Dataset
    available: int

    @property
    def is_part(self) -> bool:
        """Whether there are more rows than the lesson has."""
        return self.available > len(self.lesson.rows)

    def split(self, training: TrainingRows) -> SelectionSplit:
        """Return what a worker needs, with `training` as the lesson's rows."""
        return SelectionSplit(training, self.held_rows, self.held.table, self.held.labels)


def selection_rows(exams: Iterable[Exam]) -> IntArray:
    """Return the numbers of all selection rows, in their order."""
    return np.sort(np.concatenate([exam.held_rows for exam in exams]))


@dataclass(frozen=True)
class Unseen:
    """What cross-fitted students say.

    Parameters
    ----------
    rows : ndarray of shape (n, K)
        About the rows of a lesson, each by the student that had not seen it.
    extra : ndarray of shape (m, K) or None
        About its rows without labels: the mean of all of them, a bag as the teachers are.
    """

    rows: FloatArray
    extra: FloatArray | None


@dataclass
class Predecessors:
    """Students that others build on: each is fitted once per lesson, whoever builds on it.

    Parameters
    ----------
    fitting : Fitting
        Stages and transfers.
    pipeline : ParallelDistillationPipeline
        Where they are cross-fitted.
    n_folds : int
        Folds in which they are, where a transfer asks what they say about unseen rows.
    on_trained : callable
        Told how many students were fitted.
    """

    fitting: Fitting
    pipeline: ParallelDistillationPipeline
    n_folds: int
    on_trained: Callable[[int], None]
    # By the identity of the lesson, which is kept so that no other can take its place.
    _known: dict[tuple[int, object], tuple[Lesson, Previous | str]] = field(default_factory=dict)

    def prepared(self, lesson: Lesson, configurations: Iterable[Configuration]) -> TrainingRows:
        """Return a lesson's rows beside every student that the configurations build on.

        A stage before that fails costs those who build on it, not the run: their rows say why.
        """
        previous = {
            each.after.key: self._previous(lesson, each.after)
            for each in configurations
            if each.after is not None
        }
        return replace(lesson.training, previous=previous) if previous else lesson.training

    def unseen(self, lesson: Lesson, configuration: Configuration) -> Unseen:
        """Cross-fit a configuration on a lesson.

        Raises
        ------
        HpmkdError
            If a stage fails.
        """
        n, fold = (
            len(lesson.rows),
            splits.folds(lesson.rows.labels, self.n_folds, self.fitting.seed),
        )
        further = None if lesson.extra is None else lesson.extra.table
        m = 0 if further is None else len(further)
        heard, parts = lesson.without_extra(), []
        # Lessons of a moment: what is fitted on them need not be remembered.
        inner = replace(self, _known={})
        for number in range(int(fold.max()) + 1):
            seen, at = heard.part(fold != number), np.flatnonzero(fold == number)
            table = lesson.rows.rows(at).table
            if further is not None:
                # The rows without labels are asked about in every fold, behind the others.
                table = tables.stacked([table, further])
                at = np.concatenate([at, n + number * m + np.arange(m)])
            nothing = np.zeros(len(at), dtype=np.int64)  # nobody is judged here
            training = inner.prepared(seen, [configuration])
            parts.append(SelectionSplit(training, at, table, nothing))
        data = SearchData(tuple(parts), self.fitting)
        ((_, asked),) = self.pipeline.run(ANSWERS, data, [configuration])
        self.on_trained(asked.models_trained)
        if asked.failure is not None:
            raise PluginError(asked.failure)
        bag = asked.said[n:].reshape(len(parts), m, -1).mean(axis=0) if m else None
        return Unseen(asked.said[:n], bag)

    def cost(self, configurations: Iterable[Configuration], lesson: Lesson | None = None) -> int:
        """Return how many models are trained before all of these can be; each once.

        Parameters
        ----------
        configurations : iterable of Configuration
            What is to be fitted.
        lesson : Lesson, optional
            On which; students that are fitted on it already cost nothing. None for a new one.
        """
        needed: dict[object, int] = {}
        for configuration in configurations:
            after = configuration.after
            while after is not None and after.key not in needed:
                if lesson is not None and (id(lesson), after.key) in self._known:
                    break
                before = after.configuration
                unseen = self.fitting.transfers[after.transfer].unseen
                needed[after.key] = 1 + (self.unseen_cost(before) if unseen else 0)
                after = before.after
        return sum(needed.values())

    def unseen_cost(self, configuration: Configuration) -> int:
        """Return how many models :meth:`unseen` trains: in each fold, with all it builds on."""
        return self.n_folds * (1 + self.cost([configuration]))

    def _previous(self, lesson: Lesson, after: After) -> Previous | str:
        key = (id(lesson), after.key)
        if key not in self._known:
            try:
                self._known[key] = (lesson, self._fitted(lesson, after))
            except HpmkdError as failed:
                self._known[key] = (lesson, str(failed))
        return self._known[key][1]

    def _fitted(self, lesson: Lesson, after: After) -> Previous:
        configuration = after.configuration
        training = self.prepared(lesson, [configuration])
        ((_, student),) = self.pipeline.run(
            STUDENT, RefitData(training, self.fitting), [configuration]
        )
        if isinstance(student, str):
            raise PluginError(student)
        self.on_trained(1)
        kind = self.fitting.stages[configuration.stage].stage.encoding
        extra = training.extra.get(kind)
        previous = Previous(
            student,
            matrix=training.encoded[kind][1],
            extra_matrix=None if extra is None else extra.matrix,
        )
        if not self.fitting.transfers[after.transfer].unseen:
            return previous
        unseen = self.unseen(lesson, configuration)
        return replace(previous, soft_targets=unseen.rows, extra_soft_targets=unseen.extra)
