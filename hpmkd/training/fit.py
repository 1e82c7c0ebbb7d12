"""Fits one student; runs in worker processes. A failure names its plugin."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hpmkd.contracts import Stage
from hpmkd.data.probabilities import checked
from hpmkd.errors import FAILURES, HpmkdError, PluginError, RecipeError
from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.registry.offers import blame
from hpmkd.student import Student
from hpmkd.values import StageInputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Predictor, Scheduler, StudentPath, Transfer
    from hpmkd.evaluation.metrics import Metric
    from hpmkd.training.datasets import SelectionSet, TrainingSet
    from hpmkd.training.recording_scheduler import RecordingScheduler
    from hpmkd.values import Configuration, DataFacts, ExtraRows, FloatArray


@dataclass(frozen=True)
class ActiveStage:
    """A stage and the plugin that offers it."""

    name: str
    plugin: str
    stage: Stage

    @property
    def reads_start(self) -> bool:
        """Whether it can start from another student; by default it cannot."""
        return bool(getattr(self.stage, "reads_start", False))

    @property
    def has_path(self) -> bool:
        """Whether one fit may be a student after every round.

        Raises
        ------
        PluginError
            Naming the plugin of a stage that does not name what limits its rounds.
        """
        if not hasattr(self.stage, "path"):
            return False
        with blamed(self, "has a path"):
            if not isinstance(limit := getattr(self.stage, "limit", None), str):
                raise TypeError(
                    f"its limit is {limit!r}; expected the name of the hyperparameter that bounds "
                    "the rounds"
                )
        return True

    def for_data(self, facts: DataFacts) -> ActiveStage:
        """Return the stage as it suits such data; most suit any.

        Raises
        ------
        PluginError
            Naming the plugin of a stage that fails.
        """
        adapted = getattr(self.stage, "for_data", None)
        if adapted is None:
            return self
        with blamed(self, "failed in for_data"):
            stage = adapted(facts)
            if not isinstance(stage, Stage):
                raise TypeError(f"it returned {type(stage).__name__}; expected a stage")
            return replace(self, stage=stage)

    def path(self, inputs: StageInputs) -> StudentPath | None:
        """Return its students after every round; None if it has none for these inputs."""
        return cast("Any", self.stage).path(inputs) if self.has_path else None

    def limited(self, configuration: Configuration) -> Configuration:
        """Return a configuration whose hyperparameters allow no more than its rounds."""
        if configuration.rounds is None:
            return configuration
        limit = {cast("Any", self.stage).limit: configuration.rounds}
        return replace(configuration, hyperparameters={**configuration.hyperparameters, **limit})


@dataclass(frozen=True)
class Fit:
    """The result of one fit: a path of students, or a single one."""

    active: ActiveStage
    path: StudentPath | None
    whole: Predictor | None

    @property
    def losses(self) -> FloatArray | None:
        """Mean log loss of the held-out rows after each round; None of a single student.

        Raises
        ------
        PluginError
            Naming the plugin of a stage whose path has no such numbers.
        """
        if self.path is None:
            return None
        with blamed(self.active, "failed in path"):
            return np.ravel(np.asarray(self.path.losses, dtype=np.float64))

    def student(self, rounds: int | None) -> Predictor:
        """Return the student of the first rounds; the only one if there is no path.

        A path that ended before has its last student for any further round.

        Raises
        ------
        PluginError
            Naming the plugin of a stage that has no such student.
        """
        if self.whole is not None:
            return self.whole
        losses, wanted = self.losses, cast("int", rounds)
        if losses is not None and len(losses):
            wanted = min(wanted, len(losses))
        with blamed(self.active, "failed in fit"):
            return checked_student(cast("StudentPath", self.path).student(wanted))


def checked_student(student: Any) -> Predictor:
    """Return what a stage made; raise a TypeError if it is not a student."""
    if not hasattr(student, "predict_proba") or not hasattr(student, "to_bytes"):
        raise TypeError(f"fit returned {type(student).__name__}; expected a hpmkd Student")
    return cast("Predictor", student)


@contextmanager
def blamed(active: ActiveStage, what: str) -> Iterator[None]:
    """Turn any failure of a stage into a PluginError that names its plugin."""
    try:
        yield
    except HpmkdError:
        raise
    except FAILURES as error:
        message = blame(active.plugin, "stage", active.name, what, error)
        raise PluginError(message) from error


@dataclass(frozen=True)
class FitContext:
    """The common settings of all fits of a run."""

    stages: Mapping[str, ActiveStage]  # the student families of the recipe, simple ones first
    transfers: Mapping[str, Transfer]  # the rules of the chain, by label
    scheduler: Scheduler
    seed: int
    metric: Metric = LOG_LOSS  # judges students; all are fitted by log loss

    @property
    def encodings(self) -> set[str]:
        """The encodings that the stages read."""
        return {active.stage.encoding for active in self.stages.values()}

    def fit(
        self,
        training: TrainingSet,
        configuration: Configuration,
        held: SelectionSet | None = None,
        recorder: RecordingScheduler | None = None,
    ) -> Fit:
        """Fit one configuration.

        Parameters
        ----------
        training : TrainingSet
            The rows to learn from.
        configuration : Configuration
            What to fit; without `rounds` as many as its hyperparameters allow.
        held : SelectionSet, optional
            Its selection rows judge a path after each round, and may end it.
        recorder : RecordingScheduler, optional
            Stands between the stage and the scheduler.

        Raises
        ------
        PluginError
            Naming the plugin whose stage, or parent's stage, failed or returned no student.
        """
        active = self.stages[configuration.stage]
        # A property is as good as the class variable that the contract requires.
        scheduler = cast("Scheduler", recorder or self.scheduler)
        inputs = self._inputs(training, configuration, scheduler, held)
        chosen = held is None and configuration.rounds is None  # by the stage alone
        with blamed(active, "failed in fit"):
            path = None if chosen else active.path(inputs)
            whole = checked_student(active.stage.fit(inputs)) if path is None else None
        return Fit(active, path, whole)

    def student(self, training: TrainingSet, configuration: Configuration) -> Predictor:
        """Fit one student; see :meth:`fit`."""
        return self.fit(training, configuration).student(configuration.rounds)

    def predict(
        self, student: Predictor, configuration: Configuration, table: Any, classes: NDArray[Any]
    ) -> FloatArray:
        """Return the probabilities (n, K) of a student of this configuration, checked.

        Raises
        ------
        PluginError
            Naming the plugin whose stage made a student that fails.
        """
        with blamed(self.stages[configuration.stage], "failed to predict"):
            shape = (table.shape[0], len(classes))
            return checked(student.predict_proba(table), shape, "its student")

    def judge(
        self, student: Predictor, configuration: Configuration, split: SelectionSet
    ) -> FloatArray:
        """Return the probabilities (h, K) of the selection rows of a split, checked.

        A student that reads them as its stage does reads what was encoded for all: to read text
        again takes longer than to predict.

        Raises
        ------
        PluginError
            Naming the plugin whose stage made a student that fails.
        """
        active, held = self.stages[configuration.stage], split.held
        encoding = active.stage.encoding
        encoder = split.training.encoded[encoding][0]
        if not isinstance(student, Student) or student.encoder is not encoder:
            return self.predict(student, configuration, held.table, held.classes)
        with blamed(active, "failed to predict"):
            predicted = student.model.probabilities(split.held_out(encoding).matrix)
            return checked(predicted, (len(held), len(held.classes)), "its student")

    def _inputs(
        self,
        training: TrainingSet,
        configuration: Configuration,
        scheduler: Scheduler,
        held: SelectionSet | None,
    ) -> StageInputs:
        active = self.stages[configuration.stage]
        encoding = active.stage.encoding
        encoder, matrix = training.encoded[encoding]
        configuration = active.limited(configuration)
        inputs = StageInputs(
            matrix=matrix,
            encoder=encoder,
            labels=training.labels,
            soft_targets=training.soft_targets,
            classes=training.classes,
            configuration=configuration,
            scheduler=scheduler,
            seed=self.seed,
            extra=_weighed(training.encoded_extra.get(encoding), configuration.extra_weight),
            held=held.held_out(encoding) if held is not None and active.has_path else None,
            weights=training.weights,
        )
        after = configuration.after
        if after is None:
            return inputs
        previous = training.previous[after.key]
        if isinstance(previous, str):
            raise PluginError(previous)
        if inputs.held is not None and held is not None:
            before = self.stages[after.configuration.stage].stage.encoding
            previous = replace(previous, held_matrix=held.held_out(before).matrix)
        given = self.transfers[after.transfer].hand_over(inputs, previous)
        if given.start is not None and not self.stages[configuration.stage].reads_start:
            # It would fit the student it fits anyway, and the gate would call that useless.
            raise RecipeError(
                f"chain: stage {configuration.stage!r} cannot start from another student; use "
                "another transfer, such as assistant"
            )
        return given


def _weighed(extra: ExtraRows | None, weight: float) -> ExtraRows | None:
    """Return the rows without labels as a configuration weighs them; none at 0."""
    return None if extra is None or weight == 0 else replace(extra, weight=weight)


def get_ready(fitting: FitContext) -> None:
    """Do what the first fit in a process would have to wait for; it changes no result.

    The libraries of the stages were imported to unpickle them. Numba loads most of itself
    when it is first needed, whatever for: that takes a third of a second.
    """
    if "numba" in sys.modules:
        from numba.core.registry import cpu_target

        cpu_target.typing_context.refresh()
        cpu_target.target_context.refresh()
