"""Students that others build on: each is fitted once, and predicts no row that it has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.data import splits, tables
from hpmkd.data.dataset import Dataset
from hpmkd.errors import HpmkdError, PluginError
from hpmkd.training.datasets import SelectionSet, TrainingSet
from hpmkd.training.student_fits import RefitData, fit_students
from hpmkd.training.trials import ANSWERS, SearchData
from hpmkd.values import Previous

if TYPE_CHECKING:
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.training.fit import FitContext
    from hpmkd.values import After, Configuration, FloatArray, IntArray


#: Each takes a fit in every fold that judges.
FOLDS = 3


@dataclass(frozen=True)
class OutOfFold:
    """The predictions of cross-fitted students."""

    rows: FloatArray  # (n, K): of each row by the student that had not seen it
    #: (m, K): of rows without labels, the mean of all students, a bag as the teachers are.
    extra: FloatArray | None


@dataclass
class ParentStudents:
    """Students that others build on: each is fitted once per training set."""

    fitting: FitContext
    pipeline: ParallelDistillationPipeline
    on_trained: Callable[[int], None]  # called with the number of students that were fitted
    # By the identity of the training set, which is kept so that no other can take its place.
    _known: dict[tuple[int, object], tuple[TrainingSet, Previous | str]] = field(
        default_factory=dict
    )
    n_folds: int = FOLDS  # of the cross-fit, where a transfer needs predictions of unseen rows

    def prepared(
        self, training: TrainingSet, configurations: Iterable[Configuration]
    ) -> TrainingSet:
        """Return the rows beside every student that the configurations build on.

        A parent that fails costs the configurations that build on it, not the run: the training
        set holds the reason.
        """
        previous = {
            each.after.key: self._previous(training, each.after)
            for each in configurations
            if each.after is not None
        }
        return replace(training, previous=previous) if previous else training

    def prepare_set(
        self, selection_set: SelectionSet, configurations: Iterable[Configuration]
    ) -> SelectionSet:
        """Return a selection set whose rows to fit on are :meth:`prepared`."""
        return selection_set.with_training(self.prepared(selection_set.training, configurations))

    def out_of_fold(self, training: TrainingSet, configuration: Configuration) -> OutOfFold:
        """Cross-fit a configuration.

        Raises
        ------
        HpmkdError
            If a stage fails.
        """
        n, folds = len(training), splits.folds(training.labels, self.n_folds, self.fitting.seed)
        m = 0 if training.extra is None else len(training.extra.table)
        # Fold by fold: what is fitted on a part need not be remembered.
        inner = replace(self, _known={})
        parts = [inner.prepare_set(each, [configuration]) for each in _folds(training, folds)]
        data = SearchData(tuple(parts), self.fitting)
        ((_, found),) = self.pipeline.run(ANSWERS, data, [configuration])
        self.on_trained(found.models_trained)
        if found.failure is not None:
            raise PluginError(found.failure)
        extra = found.probabilities[n:].reshape(len(parts), m, -1).mean(axis=0) if m else None
        return OutOfFold(found.probabilities[:n], extra)

    def cost(
        self, configurations: Iterable[Configuration], training: TrainingSet | None = None
    ) -> int:
        """Return how many models are trained before all of these can be; each once.

        Parents that are fitted on `training` already cost nothing; None stands for new rows.
        """
        needed: dict[object, int] = {}
        for configuration in configurations:
            after = configuration.after
            while after is not None and after.key not in needed:
                if training is not None and (id(training), after.key) in self._known:
                    break
                before = after.configuration
                unseen = self.fitting.transfers[after.transfer].unseen
                needed[after.key] = 1 + (self.out_of_fold_cost(before) if unseen else 0)
                after = before.after
        return sum(needed.values())

    def out_of_fold_cost(self, configuration: Configuration) -> int:
        """Return how many models :meth:`out_of_fold` trains: in each fold, with all parents."""
        return self.n_folds * (1 + self.cost([configuration]))

    def _previous(self, training: TrainingSet, after: After) -> Previous | str:
        key = (id(training), after.key)
        if key not in self._known:
            try:
                self._known[key] = (training, self._fit(training, after))
            except HpmkdError as failed:
                self._known[key] = (training, str(failed))
        return self._known[key][1]

    def _fit(self, training: TrainingSet, after: After) -> Previous:
        configuration = after.configuration
        prepared = self.prepared(training, [configuration])
        data = RefitData(prepared, self.fitting)
        fitted = fit_students(self.pipeline, data, [configuration], lambda: self.on_trained(1))
        student = fitted[configuration.key]
        if isinstance(student, str):
            raise PluginError(student)
        kind = self.fitting.stages[configuration.stage].stage.encoding
        extra = prepared.encoded_extra.get(kind)
        previous = Previous(
            student,
            matrix=prepared.encoded[kind][1],
            extra_matrix=None if extra is None else extra.matrix,
        )
        if not self.fitting.transfers[after.transfer].unseen:
            return previous
        unseen = self.out_of_fold(training, configuration)
        return replace(previous, soft_targets=unseen.rows, extra_soft_targets=unseen.extra)


def _folds(training: TrainingSet, folds: IntArray) -> Iterable[SelectionSet]:
    """Yield each fold's rows to fit on, and the rows to predict: its own, then the extra ones."""
    n, labelled = len(training), training.without_extra()
    extra = None if training.extra is None else training.extra.table
    m = 0 if extra is None else len(extra)
    for number in range(int(folds.max()) + 1):
        at = np.flatnonzero(folds == number)
        table = training.raw.rows(at).table
        if extra is not None:
            # The rows without labels are predicted in every fold, behind the others.
            table = tables.stacked([table, extra])
            at = np.concatenate([at, n + number * m + np.arange(m)])
        unlabelled = Dataset(table, np.zeros(len(at), dtype=np.int64), training.classes)
        yield SelectionSet(labelled.take(np.flatnonzero(folds != number)), at, unlabelled)
