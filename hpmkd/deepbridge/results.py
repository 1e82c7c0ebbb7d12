"""The rows of the results: one per configuration that a run evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpmkd.data.labels import codes_of
from hpmkd.deepbridge.metrics import FIDELITY, QUALITY, Metrics, closeness, quality
from hpmkd.deepbridge.model_types import name_of
from hpmkd.evaluation.ranking import NO_LIMITS, SortKey
from hpmkd.training.refit import best, candidates
from hpmkd.values import Configuration

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.contracts import Predictor
    from hpmkd.deepbridge.division import Division
    from hpmkd.runs.result import Distillation
    from hpmkd.values import FloatArray, IntArray, Trial

PARTS = ("train", "test")
#: What a best row may be asked for by.
METRICS = (
    *(f"{part}_{metric}" for metric in (*QUALITY, *FIDELITY) for part in PARTS),
    "selection_log_loss",
)
COLUMNS = (
    "model_type",
    "temperature",
    "alpha",
    *METRICS[:-1],
    "best_params",
    "selection_log_loss",
    "method",
)

#: Student family, temperature, alpha.
Cell = tuple[str, float, float]


@dataclass(frozen=True, eq=False)
class Row:
    """One configuration, and the student that stands for it.

    Parameters
    ----------
    outcome : DistillationOutcome
        Of which run.
    trial : Trial
        The best of its hyperparameters, by the selection rows.
    student : Predictor
        Fitted to them on all training rows.
    """

    outcome: DistillationOutcome
    trial: Trial
    student: Predictor

    def to_mapping(self) -> dict[str, Any]:
        """Return the row of the frame."""
        configuration = self.trial.configuration
        plain = dict(configuration.hyperparameters)
        if configuration.after is not None:
            plain["after"] = str(configuration.after)
        return {
            "model_type": name_of(configuration.stage),
            "temperature": configuration.temperature,
            "alpha": configuration.alpha,
            **self.outcome.measured(self.student),
            "best_params": str(plain),
            "selection_log_loss": self.trial.log_loss,
            "method": self.outcome.method,
        }


@dataclass(eq=False)
class DistillationOutcome:
    """A finished run, and the rows that it gives.

    Parameters
    ----------
    method : str
        ``standard`` or ``hpm``.
    found : Distillation
        The run.
    division : Division
        Its rows.
    most : int or None
        How many rows it gives at most; None for no bound.
    """

    method: str
    found: Distillation
    division: Division
    most: int | None = None

    @cached_property
    def labels(self) -> dict[str, IntArray]:
        """Class codes of the training and of the test rows."""
        classes = self.found.student.classes_
        parts = (self.division.y_train, self.division.y_test)
        return {part: codes_of(y, classes) for part, y in zip(PARTS, parts, strict=True)}

    @property
    def teacher(self) -> dict[str, FloatArray | None]:
        """What the teacher says about the training and the test rows, where it is known."""
        handle = self.found.handle
        if handle is None:
            return {}
        return {"train": handle.teacher.training, "test": handle.teacher.test}

    @property
    def _racing(self) -> Sequence[Trial]:
        """The trials that could win."""
        return () if self.found.handle is None else self.found.handle.trials

    @property
    def candidates(self) -> list[Trial]:
        """The trials on all rows, of the stages that have a student."""
        return candidates(self._racing, self.found.students)

    @cached_property
    def rows(self) -> list[Row]:
        """The rows, stage by stage; each student that the run did not keep is fitted now."""
        return [self._row(trial) for trial in self._chosen()]

    @cached_property
    def fitted(self) -> dict[object, Predictor]:
        """The students that there are, by configuration: those of the run, then all others."""
        students = {**self.found.further, **self.found.students}
        names = {each.trial: each.name for each in self.found.front}
        raced = [trial for trial in self._racing if trial.number in names]
        return {trial.configuration.key: students[names[trial.number]] for trial in raced}

    def student(self, configuration: Configuration) -> Predictor:
        """Return the student of a configuration on all training rows, fitted at most once."""
        key = configuration.key
        if key not in self.fitted:
            self.fitted[key] = self.found.fit(configuration)
        return self.fitted[key]

    def nearest(self, cell: Cell) -> Trial | None:
        """Return the trial whose hyperparameters suit a cell best; None if the stage has none.

        One of that very cell, if there is one, else the best of its stage.
        """
        stage = [trial for trial in self.candidates if trial.configuration.stage == cell[0]]
        own = [trial for trial in stage if _cell(trial.configuration) == _plain(cell)]
        return min(own or stage, key=NO_LIMITS.sort_key, default=None)

    def measured(self, student: Predictor) -> Metrics:
        """Return the metrics of a student on training and test rows."""
        metrics: Metrics = {}
        tables = (self.division.X_train, self.division.X_test)
        for part, table in zip(PARTS, tables, strict=True):
            said = student.predict_proba(table)
            found = quality(said, self.labels[part]) | closeness(said, self.teacher.get(part))
            metrics |= {f"{part}_{name}": value for name, value in found.items()}
        return metrics

    def _row(self, trial: Trial) -> Row:
        student, handle = self.student(trial.configuration), self.found.handle
        return Row(self, trial if handle is None else handle.judge_again(trial, student), student)

    def _chosen(self) -> list[Trial]:
        """Return the best trial of each cell, the stages in the order of the run."""
        cells: dict[Cell, Trial] = {}
        for trial in sorted(self.candidates, key=NO_LIMITS.sort_key):
            cells.setdefault(_cell(trial.configuration), trial)
        if self.method == "standard":
            # The control that the engine adds was in nobody's grid.
            regime = self.found.knowledge.regime.name
            wanted = set(getattr(self.found.recipe.search.alphas, regime))
            cells = {cell: trial for cell, trial in cells.items() if cell[2] in wanted}
        order = list(self.found.recipe.stages)

        def place(trial: Trial) -> tuple[int, float, float]:
            stage, temperature, alpha = _cell(trial.configuration)
            return order.index(stage), temperature, alpha

        return sorted(self._affordable(list(cells.values())), key=place)

    def _affordable(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return each stage's best, then what is fitted already, then the best of the others.

        Those have to be fitted: as many as the recipe's budget of models has left.
        """
        racing, bound = self._racing, self.found.recipe.budget.models
        bests = (best(racing, stage) for stage in self.found.students)
        first = {each.number for each in bests if each is not None}
        left = bound - self.found.models_trained if bound else float("inf")
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

    def _cost(self, configuration: Configuration) -> int:
        """Return how many models have to be trained for a student."""
        handle = self.found.handle
        if configuration.key in self.fitted or handle is None:
            return 0
        return handle.cost(configuration)


def to_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Return rows as DeepBridge's frame."""
    import pandas as pd

    return pd.DataFrame([row.to_mapping() for row in rows], columns=list(COLUMNS))


def _cell(configuration: Configuration) -> Cell:
    return _plain((configuration.stage, configuration.temperature, configuration.alpha))


def _plain(cell: Cell) -> Cell:
    # On hard labels the temperature does not matter.
    stage, temperature, alpha = cell
    return stage, temperature if alpha > 0 else 1.0, alpha
