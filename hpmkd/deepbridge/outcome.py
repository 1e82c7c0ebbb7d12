"""The rows that one run gives: its best trial of each configuration, and the ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpmkd.data.labels import codes_of
from hpmkd.deepbridge.dataset import PARTS
from hpmkd.deepbridge.methods import NAMES, STANDARD
from hpmkd.deepbridge.metrics import Metrics, closeness, quality
from hpmkd.deepbridge.model_types import name_of
from hpmkd.evaluation.ranking import NO_LIMITS, SortKey
from hpmkd.training.ensemble import ENSEMBLE
from hpmkd.training.refit import best, candidates
from hpmkd.values import Configuration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Predictor
    from hpmkd.deepbridge.dataset import Division
    from hpmkd.evaluation.pareto import StudentSummary
    from hpmkd.runs.result import Distillation
    from hpmkd.training.refit import Refitted
    from hpmkd.values import FloatArray, IntArray, Trial

#: Stage, temperature, alpha, weight of rows without labels.
Cell = tuple[str, float, float, float]
#: A trial, and the student fitted by it on all training rows.
Row = tuple["Trial", "Predictor"]


@dataclass(eq=False)
class DistillationOutcome:
    """A finished run of the method ``standard`` or ``hpm``, and the rows that it gives.

    At most so many, if `most` is not None. The attribute `handle` of
    a :class:`Distillation` is read here alone.
    """

    method: str
    found: Distillation
    division: Division
    most: int | None = None

    @cached_property
    def labels(self) -> dict[str, IntArray]:
        """Class codes of the training and of the test rows."""
        return labels_of(self.division, self.found.student.classes_)

    @property
    def teacher(self) -> dict[str, FloatArray | None]:
        """The teacher's probabilities of the training and the test rows, where they are known.

        Of the training rows these are :attr:`predicted` ones.
        """
        handle = self.found.handle
        if handle is None:
            return {}
        return {"train": handle.teacher.training, "test": handle.teacher.test}

    @property
    def predicted(self) -> dict[str, IntArray | slice]:
        """The rows that the teacher has predicted: of a panel that could not pay, one fold."""
        handle = self.found.handle
        return {
            "train": slice(None) if handle is None else handle.teacher.rows,
            "test": slice(None),
        }

    @property
    def _racing(self) -> Sequence[Trial]:
        """The trials that could win."""
        return () if self.found.handle is None else self.found.handle.trials

    def _judged(self, trial: Trial, student: Predictor) -> Trial:
        handle = self.found.handle
        return trial if handle is None else handle.judge_again(trial, student)

    def _cost(self, configuration: Configuration) -> int:
        """Return how many models have to be trained for a student."""
        handle = self.found.handle
        known = configuration.key in self.fitted
        return 0 if known or handle is None else handle.cost(configuration)

    @property
    def candidates(self) -> list[Trial]:
        """The trials on all rows, of the stages that have a student.

        Under limits, those whose student the run has fitted and found to keep them: of another
        one is not known before it is fitted.
        """
        if not self.found.recipe.limits:
            return candidates(self._racing, self.found.students)
        return [self._of_front[each.name] for each in self._within if each.name in self._of_front]

    @property
    def _within(self) -> list[StudentSummary]:
        """The run's students that keep its limits."""
        limits = self.found.recipe.limits
        return [each for each in self.found.front if not limits.broken(each.metrics)]

    @cached_property
    def _of_front(self) -> dict[str, Trial]:
        """The trials that the run's students were fitted by, by their names."""
        tried = [cut for trial in self._racing for cut in (trial, *trial.shorter)]
        trials = {(each.number, each.configuration.rounds): each for each in tried}
        at = {each.name: (each.trial, each.rounds) for each in self.found.front}
        return {name: trials[which] for name, which in at.items() if which in trials}

    @property
    def pooled(self) -> Refitted | None:
        """The ensemble as one student, if there is one that keeps the limits."""
        handle = self.found.handle
        within = any(each.role == ENSEMBLE for each in self._within)
        return handle.pooled if handle is not None and within else None

    @cached_property
    def rows(self) -> list[Row]:
        """The rows, stage by stage, then the ensemble.

        Each student that the run did not fit is fitted now.
        """
        chosen = [(trial, self.student(trial.configuration)) for trial in self._chosen()]
        rows: list[Row] = [(self._judged(trial, student), student) for trial, student in chosen]
        if self.pooled is not None:
            rows.append((self.pooled.trial, self.pooled.student))
        return rows

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as mappings, by :data:`COLUMNS`."""
        return [self._record(trial, student) for trial, student in self.rows]

    @cached_property
    def fitted(self) -> dict[object, Predictor]:
        """The students that there are, by configuration: those of the run, then all others."""
        students = {**self.found.further, **self.found.students}
        return {each.configuration.key: students[name] for name, each in self._of_front.items()}

    def student(self, configuration: Configuration) -> Predictor:
        """Return the student of a configuration on all training rows, fitted at most once."""
        key = configuration.key
        if key not in self.fitted:
            self.fitted[key] = self.found.fit(configuration)
        return self.fitted[key]

    def nearest(
        self, stage: str, temperature: float, alpha: float, extra_weight: float | None
    ) -> Trial | None:
        """Return the best trial of a softening; without one, of its stage; None if that has none.

        An `extra_weight` of None stands for any; at alpha = 0 for hard labels alone.
        """
        weights = {0.0} if extra_weight is None and alpha == 0 else {extra_weight}
        tried = [trial for trial in self.candidates if trial.configuration.stage == stage]
        wanted = Configuration(stage, temperature, alpha).key[:3]
        own = [
            trial
            for trial in tried
            if trial.configuration.key[:3] == wanted
            and (trial.configuration.extra_weight in weights or weights == {None})
        ]
        return min(own or tried, key=NO_LIMITS.sort_key, default=None)

    def _record(self, trial: Trial, student: Predictor) -> dict[str, Any]:
        configuration = trial.configuration
        params = dict(configuration.hyperparameters)
        if configuration.after is not None:
            params["after"] = str(configuration.after)
        metrics: Metrics = {}
        for part, table in zip(PARTS, (self.division.X_train, self.division.X_test), strict=True):
            predicted = student.predict_proba(table)
            found = quality(predicted, self.labels[part])
            found |= closeness(predicted[self.predicted[part]], self.teacher.get(part))
            metrics |= {f"{part}_{name}": value for name, value in found.items()}
        return {
            "model_type": name_of(configuration.stage),
            "temperature": configuration.temperature,
            "alpha": configuration.alpha,
            "extra_weight": configuration.extra_weight,
            **metrics,
            "best_params": str(params),
            "selection_log_loss": trial.log_loss,
            "method": self.method,
        }

    def _chosen(self) -> list[Trial]:
        """Return the best trial of each cell, the stages in the order of the run."""
        cells: dict[Cell, Trial] = {}
        for trial in sorted(self.candidates, key=NO_LIMITS.sort_key):
            cells.setdefault(_cell(trial), trial)
        if self.method == NAMES[STANDARD] and not self.found.recipe.limits:
            # Not the controls that the engine adds to the grid; under limits they may be all.
            regime = self.found.knowledge.regime.name
            wanted = self.found.recipe.search.alphas.of(regime, given=True)
            cells = {cell: trial for cell, trial in cells.items() if cell[2] in wanted}
        order = list(self.found.recipe.stages)

        def place(trial: Trial) -> tuple[int, tuple[float, ...]]:
            stage, *softening = _cell(trial)
            return order.index(stage), tuple(softening)

        return sorted(self._affordable(list(cells.values())), key=place)

    def _affordable(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return each stage's best, then what is fitted already, then the best of the others.

        Those have to be fitted: as many as the recipe's budget of models has left.
        """
        budget = self.found.recipe.budget.models
        bests = (best(self._racing, stage) for stage in self.found.students)
        first = {each.number for each in bests if each is not None}
        left = budget - self.found.models_trained if budget else float("inf")
        chosen = []

        def rank(trial: Trial) -> tuple[bool, bool, SortKey]:
            unfitted = trial.configuration.key not in self.fitted
            return trial.number not in first, unfitted, NO_LIMITS.sort_key(trial)

        for trial in sorted(trials, key=rank)[: self.most]:
            cost = self._cost(trial.configuration)
            if cost <= left:
                chosen.append(trial)
                left -= cost
        return chosen


def labels_of(division: Division, classes: NDArray[Any]) -> dict[str, IntArray]:
    """Return the class codes of the training and of the test rows."""
    parts = (division.y_train, division.y_test)
    return {part: codes_of(y, classes) for part, y in zip(PARTS, parts, strict=True)}


def _cell(trial: Trial) -> Cell:
    # By the key, for at alpha = 0 the temperature does not matter.
    stage, temperature, alpha, extra_weight = trial.configuration.key[:4]
    return stage, temperature, alpha, extra_weight
