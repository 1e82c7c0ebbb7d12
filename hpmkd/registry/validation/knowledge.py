"""A thin guard around every component that a run builds: who breaks a contract is named.

A guard has the methods of its contract. It hands each call on, checks what comes back, and
turns any failure into an error that names plugin, kind and component. Errors raised on
purpose pass through as they are, and so does Ctrl-C.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import contracts
from hpmkd.errors import PluginError
from hpmkd.registry.registry import PluginWarning
from hpmkd.registry.validation.augmenter import AugmenterGuard
from hpmkd.registry.validation.base import Guard, expect
from hpmkd.registry.validation.exporter import ExporterGuard
from hpmkd.registry.validation.memory import MemoryGuard
from hpmkd.registry.validation.sampler import SamplerValidator
from hpmkd.registry.validation.services import CacheGuard, ExecutorGuard
from hpmkd.registry.validation.students import StageGuard, TransferGuard
from hpmkd.values import Softening

if TYPE_CHECKING:
    from hpmkd.registry.offers import ComponentOrigin, RegisteredComponent
    from hpmkd.values import (
        Configuration,
        DataFacts,
        FloatArray,
        IntArray,
        Outcome,
        SearchSpace,
        TrainingState,
        Trial,
    )


class SamplerGuard(Guard):
    """Checks every configuration that is asked for against the search space."""

    contract = contracts.Sampler

    def __init__(self, component: Any, culprit: ComponentOrigin, space: SearchSpace) -> None:
        super().__init__(component, culprit)
        self.questions = SamplerValidator(space)

    def check(self) -> None:
        """Check that the total is a number or None."""
        total = self.component.total
        expect("total", total, (int, type(None)), "an int or None")
        if total is not None and total < 0:
            raise ValueError(f"total is {total}; expected 0 or more, or None")

    @property
    def total(self) -> int | None:
        """How many configurations it will ask for."""
        total: int | None = self.component.total
        return total

    def ask(self, n: int) -> list[Configuration]:
        """Ask for configurations."""
        with self.culprit.blamed("failed in ask"):
            return self.questions.checked(self.component.ask(n), n)

    def tell(self, trial: Trial) -> None:
        """Tell a trial."""
        with self.culprit.blamed("failed in tell"):
            self.component.tell(trial)


class FuserGuard(Guard):
    """Checks that a fuser fits to something that fuses; :class:`FittedFusion` checks the rest."""

    contract = contracts.Fuser

    def fit(self, probabilities: FloatArray, labels: IntArray, table: Any) -> contracts.FittedFuser:
        """Fit it."""
        with self.culprit.blamed("failed in fit"):
            fitted: contracts.FittedFuser = self.component.fit(probabilities, labels, table)
            if not hasattr(fitted, "fuse") or not hasattr(fitted, "summary"):
                raise TypeError(
                    f"fit returned {fitted!r:.80}; expected something with fuse and summary"
                )
        return fitted


class SchedulerGuard(Guard):
    """Checks every softening; travels to workers inside the stages' inputs."""

    contract = contracts.Scheduler
    _deaf = False

    def check(self) -> None:
        """Check that it knows whether it varies."""
        expect("varies", self.component.varies, bool, "True or False")

    @property
    def varies(self) -> bool:
        """Whether it looks at the training state."""
        return bool(self.component.varies)

    @property
    def learn(self) -> Callable[[DataFacts, Sequence[Outcome]], None] | None:
        """What tells it about other data sets; None if it does not want to hear."""
        return self._learn if hasattr(self.component, "learn") else None

    def _learn(self, facts: DataFacts, outcomes: Sequence[Outcome]) -> None:
        with self.culprit.blamed("failed in learn"):
            self.component.learn(facts, outcomes)

    def softening(self, configuration: Configuration, state: TrainingState) -> Softening:
        """Return temperature and alpha of a round."""
        with self.culprit.blamed("failed in softening"):
            said = self.component.softening(configuration, state)
            expect("what softening returned", said, Softening, "a hpmkd.Softening")
            if not 0 <= said.alpha <= 1 or not 0 < said.temperature < np.inf:
                raise ValueError(
                    f"softening returned alpha {said.alpha} and temperature {said.temperature}; "
                    "expected alpha in [0, 1] and a finite temperature above 0"
                )
        softening: Softening = said
        return softening

    def observe(self, trial: Trial) -> None:
        """Tell a trial; a failure costs what else it would have heard, not the run."""
        if self._deaf:
            return
        try:
            with self.culprit.blamed("failed in observe"):
                self.component.observe(trial)
        except PluginError as failed:
            self._deaf = True
            warnings.warn(f"{failed}; it hears of no further trial", PluginWarning, stacklevel=2)


class PanelGuard(Guard):
    """Checks that a panel has members."""

    contract = contracts.TeacherPanel

    def members(self, facts: DataFacts, seed: int) -> dict[str, Any]:
        """Return its members by name."""
        with self.culprit.blamed("failed in members"):
            named = dict(self.component.members(facts, seed))
            if not named:
                raise ValueError("returned no teachers")
        return named


def _unguarded(component: Any, culprit: ComponentOrigin, *arguments: Any) -> Any:
    return component


#: Guard of each kind.
GUARDS: Mapping[str, Callable[..., Any]] = {
    "sampler": SamplerGuard,
    "stage": StageGuard,
    "transfer": TransferGuard,
    "fuser": FuserGuard,
    "scheduler": SchedulerGuard,
    "memory": MemoryGuard,
    "cache": CacheGuard,
    "teacher": PanelGuard,
    "augmenter": AugmenterGuard,
    "executor": ExecutorGuard,
    "exporter": ExporterGuard,
}


def guarded(offered: RegisteredComponent, component: Any, *arguments: Any) -> Any:
    """Put a component that was just built into the guard of its kind."""
    make: Callable[..., Any] = GUARDS.get(offered.kind, _unguarded)
    return make(component, offered.culprit, *arguments)
