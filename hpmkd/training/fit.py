"""Fits one student; runs in worker processes. A failure names its plugin."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from hpmkd.data.probabilities import checked
from hpmkd.errors import FAILURES, HpmkdError, PluginError, RecipeError
from hpmkd.registry.offers import blame
from hpmkd.values import StageInputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Predictor, Scheduler, Stage, Transfer
    from hpmkd.training.datasets import TrainingSet
    from hpmkd.training.recording_scheduler import RecordingScheduler
    from hpmkd.values import Configuration, FloatArray


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


@dataclass(frozen=True)
class FitContext:
    """How students are fitted: what all fits of a run have in common."""

    stages: Mapping[str, ActiveStage]  # the student families of the recipe, simple ones first
    transfers: Mapping[str, Transfer]  # the rules of the chain, by label
    scheduler: Scheduler
    seed: int

    @property
    def encodings(self) -> set[str]:
        """The encodings that the stages read."""
        return {active.stage.encoding for active in self.stages.values()}

    def student(
        self,
        training: TrainingSet,
        configuration: Configuration,
        recorder: RecordingScheduler | None = None,
    ) -> Predictor:
        """Fit one student; `recorder`, if given, stands between it and the scheduler.

        Raises
        ------
        PluginError
            Naming the plugin whose stage, or parent's stage, failed or returned no student.
        """
        active = self.stages[configuration.stage]
        # A property is as good as the class variable that the contract requires.
        scheduler = cast("Scheduler", recorder or self.scheduler)
        inputs = self._inputs(training, configuration, scheduler)
        try:
            student = active.stage.fit(inputs)
            if not hasattr(student, "predict_proba") or not hasattr(student, "to_bytes"):
                raise TypeError(f"fit returned {type(student).__name__}; expected a hpmkd Student")
        except HpmkdError:
            raise
        except FAILURES as error:
            message = blame(active.plugin, "stage", active.name, "failed in fit", error)
            raise PluginError(message) from error
        return student

    def predict(
        self, student: Predictor, configuration: Configuration, table: Any, classes: NDArray[Any]
    ) -> FloatArray:
        """Return the probabilities (n, K) of a student of this configuration, checked.

        Raises
        ------
        PluginError
            Naming the plugin whose stage made a student that fails.
        """
        active = self.stages[configuration.stage]
        try:
            shape = (table.shape[0], len(classes))
            return checked(student.predict_proba(table), shape, "its student")
        except HpmkdError:
            raise
        except FAILURES as error:
            message = blame(active.plugin, "stage", active.name, "failed to predict", error)
            raise PluginError(message) from error

    def _inputs(
        self, training: TrainingSet, configuration: Configuration, scheduler: Scheduler
    ) -> StageInputs:
        encoding = self.stages[configuration.stage].stage.encoding
        encoder, matrix = training.encoded[encoding]
        inputs = StageInputs(
            matrix=matrix,
            encoder=encoder,
            labels=training.labels,
            soft_targets=training.soft_targets,
            classes=training.classes,
            configuration=configuration,
            scheduler=scheduler,
            seed=self.seed,
            # The control learns from no teacher, and extra rows have no other labels.
            extra=training.encoded_extra.get(encoding) if configuration.alpha > 0 else None,
        )
        after = configuration.after
        if after is None:
            return inputs
        previous = training.previous[after.key]
        if isinstance(previous, str):
            raise PluginError(previous)
        given = self.transfers[after.transfer].hand_over(inputs, previous)
        if given.start is not None and not self.stages[configuration.stage].reads_start:
            # It would fit the student it fits anyway, and the gate would call that useless.
            raise RecipeError(
                f"chain: stage {configuration.stage!r} cannot start from another student; use "
                "another transfer, such as assistant"
            )
        return given


def get_ready(fitting: FitContext) -> None:
    """Do what the first fit in a process would have to wait for; it changes no result.

    The libraries of the stages were imported to unpickle them. Numba loads most of itself
    when it is first needed, whatever for: that takes a third of a second.
    """
    if "numba" in sys.modules:
        from numba.core.registry import cpu_target

        cpu_target.typing_context.refresh()
        cpu_target.target_context.refresh()
