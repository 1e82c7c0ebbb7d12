"""Rows with what their teachers say about them, raw and encoded: all that fits start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.data import splits, tables
from hpmkd.data.cache_region import NO_CACHE, CacheRegion
from hpmkd.data.encoding import EXACT, EncodingOptions
from hpmkd.errors import HpmkdError, PluginError
from hpmkd.training.datasets import EncodedRows
from hpmkd.training.trials import ANSWERS, STUDENT, RefitData, SearchData, SelectionSplit
from hpmkd.values import Previous

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.data.dataset import Dataset
    from hpmkd.data.unlabeled import PseudoLabelledRows
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.training.fit import FitContext
    from hpmkd.values import After, Configuration, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Rows to fit students on.

    Parameters
    ----------
    rows : Dataset
        The n rows, raw.
    extra : PseudoLabelledRows or None
        Raw rows without labels, and what the teachers say about them.
    training : EncodedRows
        The same, encoded, with the teachers' soft targets.
    """

    rows: Dataset
    extra: PseudoLabelledRows | None
    training: EncodedRows

    @classmethod
    def prepare(
        cls,
        rows: Dataset,
        soft_targets: FloatArray,
        extra: PseudoLabelledRows | None,
        encodings: set[str],
        features: CacheRegion = NO_CACHE,
        options: EncodingOptions = EXACT,
    ) -> TrainingSet:
        """Encode rows whose teachers say `soft_targets` of shape (n, K)."""
        encoded = EncodedRows.encode(rows, soft_targets, encodings, extra, features, options)
        return cls(rows, extra, encoded)

    def with_soft_targets(
        self, soft_targets: FloatArray, of_extra: FloatArray | None = None
    ) -> TrainingSet:
        """Return the same rows with other soft targets, also of the extra ones if given."""
        training, extra = replace(self.training, soft_targets=soft_targets), self.extra
        if extra is not None and of_extra is not None:
            extra = replace(extra, soft_targets=of_extra)
            encoded = {
                kind: replace(rows, soft_targets=of_extra) for kind, rows in training.extra.items()
            }
            training = replace(training, extra=encoded)
        return replace(self, extra=extra, training=training)

    def without_extra(self) -> TrainingSet:
        """Return the lesson without extra rows: what students are cross-fitted on.

        The teachers that labelled extra rows saw the labels of all n rows, and so let the label
        of a held row through. Where labels are noise (600 rows, entropy 0.693 nats), the word
        about held rows has a log loss of 0.64 as it is, for the soft targets leak in the same
        way; of 0.61 beside 1500 real extra rows, and of 0.57 beside made ones, which are near
        copies of the rows.
        """
        return replace(self, extra=None, training=replace(self.training, extra={}))

    def part(self, chosen: NDArray[np.bool_]) -> TrainingSet:
        """Return some of the rows, beside all extra rows, encoded as they are here."""
        at = np.flatnonzero(chosen)
        return replace(self, rows=self.rows.rows(at), training=self.training.rows(at))


@dataclass(frozen=True, eq=False)
class SelectionSet:
    """A lesson, and the selection rows that judge who has learnt from it.

    Parameters
    ----------
    training_set : TrainingSet
        What is fitted on.
    held_rows : ndarray of shape (h,)
        Numbers of the selection rows; no teacher of the lesson has seen them.
    held : Dataset
        The selection rows.
    available : int
        Rows that the lesson is drawn from: more than it has, where trials see a part of them.
    """

    training_set: TrainingSet
    held_rows: IntArray
    held: Dataset
    available: int

    @property
    def is_part(self) -> bool:
        """Whether there are more rows than the lesson has."""
        return self.available > len(self.training_set.rows)

    def split(self, training: EncodedRows) -> SelectionSplit:
        """Return what a worker needs, with `training` as the lesson's rows."""
        return SelectionSplit(training, self.held_rows, self.held.table, self.held.labels)


def selection_rows(selection_sets: Iterable[SelectionSet]) -> IntArray:
    """Return the numbers of all selection rows, in their order."""
    return np.sort(np.concatenate([selection_set.held_rows for selection_set in selection_sets]))


@dataclass(frozen=True)
class OutOfFold:
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
class ParentStudents:
    """Students that others build on: each is fitted once per lesson, whoever builds on it.

    Parameters
    ----------
    fitting : FitContext
        Stages and transfers.
    pipeline : ParallelDistillationPipeline
        Where they are cross-fitted.
    n_folds : int
        Folds in which they are, where a transfer asks what they say about unseen rows.
    on_trained : callable
        Told how many students were fitted.
    """

    fitting: FitContext
    pipeline: ParallelDistillationPipeline
    n_folds: int
    on_trained: Callable[[int], None]
    # By the identity of the lesson, which is kept so that no other can take its place.
    _known: dict[tuple[int, object], tuple[TrainingSet, Previous | str]] = field(
        default_factory=dict
    )

    def prepared(
        self, training_set: TrainingSet, configurations: Iterable[Configuration]
    ) -> EncodedRows:
        """Return a lesson's rows beside every student that the configurations build on.

        A stage before that fails costs those who build on it, not the run: their rows say why.
        """
        previous = {
            each.after.key: self._previous(training_set, each.after)
            for each in configurations
            if each.after is not None
        }
        return (
            replace(training_set.training, previous=previous) if previous else training_set.training
        )

    def unseen(self, training_set: TrainingSet, configuration: Configuration) -> OutOfFold:
        """Cross-fit a configuration on a lesson.

        Raises
        ------
        HpmkdError
            If a stage fails.
        """
        n, fold = (
            len(training_set.rows),
            splits.folds(training_set.rows.labels, self.n_folds, self.fitting.seed),
        )
        further = None if training_set.extra is None else training_set.extra.table
        m = 0 if further is None else len(further)
        heard, parts = training_set.without_extra(), []
        # Lessons of a moment: what is fitted on them need not be remembered.
        inner = replace(self, _known={})
        for number in range(int(fold.max()) + 1):
            seen, at = heard.part(fold != number), np.flatnonzero(fold == number)
            table = training_set.rows.rows(at).table
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
        bag = asked.probabilities[n:].reshape(len(parts), m, -1).mean(axis=0) if m else None
        return OutOfFold(asked.probabilities[:n], bag)

    def cost(
        self, configurations: Iterable[Configuration], training_set: TrainingSet | None = None
    ) -> int:
        """Return how many models are trained before all of these can be; each once.

        Parameters
        ----------
        configurations : iterable of Configuration
            What is to be fitted.
        training_set : TrainingSet, optional
            On which; students that are fitted on it already cost nothing. None for a new one.
        """
        needed: dict[object, int] = {}
        for configuration in configurations:
            after = configuration.after
            while after is not None and after.key not in needed:
                if training_set is not None and (id(training_set), after.key) in self._known:
                    break
                before = after.configuration
                unseen = self.fitting.transfers[after.transfer].unseen
                needed[after.key] = 1 + (self.out_of_fold_cost(before) if unseen else 0)
                after = before.after
        return sum(needed.values())

    def out_of_fold_cost(self, configuration: Configuration) -> int:
        """Return how many models :meth:`unseen` trains: in each fold, with all it builds on."""
        return self.n_folds * (1 + self.cost([configuration]))

    def _previous(self, training_set: TrainingSet, after: After) -> Previous | str:
        key = (id(training_set), after.key)
        if key not in self._known:
            try:
                self._known[key] = (training_set, self._fitted(training_set, after))
            except HpmkdError as failed:
                self._known[key] = (training_set, str(failed))
        return self._known[key][1]

    def _fitted(self, training_set: TrainingSet, after: After) -> Previous:
        configuration = after.configuration
        training = self.prepared(training_set, [configuration])
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
        unseen = self.unseen(training_set, configuration)
        return replace(previous, soft_targets=unseen.rows, extra_soft_targets=unseen.extra)
