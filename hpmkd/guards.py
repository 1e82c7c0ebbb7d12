"""A thin guard around every component that a run builds: who breaks a contract is named.

A guard has the methods of its contract. It hands each call on, checks what comes back, and
turns any failure into an error that names plugin, kind and component. Errors raised on
purpose pass through as they are, and so does Ctrl-C.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hpmkd import contracts
from hpmkd.asked import check_configuration
from hpmkd.registry import PluginWarning
from hpmkd.student import LinearEncoder, TreeEncoder
from hpmkd.values import Softening

#: What a stage may ask for.
ENCODINGS = (TreeEncoder.kind, LinearEncoder.kind)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.offers import Culprit, Offered
    from hpmkd.values import (
        Configuration,
        DataFacts,
        FloatArray,
        Hyperparameter,
        IntArray,
        SearchSpace,
        StageInputs,
        TrainingState,
        Trial,
    )


class Guard:
    """What all guards share: the contract is checked when the component has been built.

    Parameters
    ----------
    component : object
        What the plugin's factory returned.
    culprit : Culprit
        Whom to blame.
    """

    contract: ClassVar[type]

    def __init__(self, component: Any, culprit: Culprit) -> None:
        self.component, self.culprit = component, culprit
        with culprit.blamed("breaks its contract"):
            if not isinstance(component, self.contract):
                raise TypeError(
                    f"{type(component).__name__} has no {', '.join(self._missing())}; expected "
                    f"what hpmkd.contracts.{self.contract.__name__} lists"
                )
            self.check()

    def check(self) -> None:
        """Raise if an attribute is not what the contract says."""

    def _missing(self) -> list[str]:
        wanted = {*vars(self.contract), *vars(self.contract).get("__annotations__", {})}
        return sorted(
            name for name in wanted if name[0] != "_" and not hasattr(self.component, name)
        )


def _expect(name: str, value: object, kind: type | tuple[type, ...], expected: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {value!r:.80}; expected {expected}")


class SamplerGuard(Guard):
    """Checks every configuration that is asked for against the search space."""

    contract = contracts.Sampler

    def __init__(self, component: Any, culprit: Culprit, space: SearchSpace) -> None:
        super().__init__(component, culprit)
        self.space = space

    def check(self) -> None:
        """Check that the total is a number or None."""
        _expect("total", self.component.total, (int, type(None)), "an int or None")

    @property
    def total(self) -> int | None:
        """How many configurations it will ask for."""
        total: int | None = self.component.total
        return total

    def ask(self, n: int) -> list[Configuration]:
        """Ask for configurations."""
        with self.culprit.blamed("failed in ask"):
            asked = list(self.component.ask(n))
            for configuration in asked:
                check_configuration(configuration, self.space)
        return asked

    def tell(self, trial: Trial) -> None:
        """Tell a trial."""
        with self.culprit.blamed("failed in tell"):
            self.component.tell(trial)


class StageGuard(Guard):
    """Checks what a stage says of itself; travels to workers.

    A fit is blamed where students are fitted, under the name that the recipe gives the stage.
    """

    contract = contracts.Stage

    def check(self) -> None:
        """Check encoding, complexity and defaults."""
        if self.component.encoding not in ENCODINGS:
            known = " or ".join(map(repr, ENCODINGS))
            raise ValueError(f"encoding is {self.component.encoding!r}; expected {known}")
        _expect("complexity", self.component.complexity, int, "an int")
        _expect("defaults", self.component.defaults, Mapping, "a mapping")

    @property
    def encoding(self) -> str:
        """Which encoder is fitted for it."""
        return str(self.component.encoding)

    @property
    def complexity(self) -> int:
        """Place in the order from simple to complex."""
        return int(self.component.complexity)

    @property
    def defaults(self) -> Mapping[str, Hyperparameter]:
        """Hyperparameters that work untuned."""
        defaults: Mapping[str, Hyperparameter] = self.component.defaults
        return defaults

    def space(self, trial: contracts.HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw hyperparameters."""
        with self.culprit.blamed("failed in space"):
            drawn: Mapping[str, Hyperparameter] = self.component.space(trial)
            _expect("what space returned", drawn, Mapping, "a mapping")
        return drawn

    def fit(self, inputs: StageInputs) -> contracts.Predictor:
        """Fit a student."""
        student: contracts.Predictor = self.component.fit(inputs)
        return student


class FuserGuard(Guard):
    """Checks that a fuser fits to something that fuses; :class:`Fusion` checks the rest."""

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

    def check(self) -> None:
        """Check that it knows whether it varies."""
        _expect("varies", self.component.varies, bool, "True or False")

    @property
    def varies(self) -> bool:
        """Whether it looks at the training state."""
        return bool(self.component.varies)

    def softening(self, configuration: Configuration, state: TrainingState) -> Softening:
        """Return temperature and alpha of a round."""
        with self.culprit.blamed("failed in softening"):
            said = self.component.softening(configuration, state)
            _expect("what softening returned", said, Softening, "a hpmkd.Softening")
            if not 0 <= said.alpha <= 1 or not 0 < said.temperature < np.inf:
                raise ValueError(
                    f"softening returned alpha {said.alpha} and temperature {said.temperature}; "
                    "expected alpha in [0, 1] and a finite temperature above 0"
                )
        softening: Softening = said
        return softening

    def observe(self, trial: Trial) -> None:
        """Tell a trial."""
        with self.culprit.blamed("failed in observe"):
            self.component.observe(trial)


class CacheGuard(Guard):
    """Checks that entries are arrays and counts are whole numbers."""

    contract = contracts.Cache

    def get_or_compute(
        self, region: str, key: str, compute: Callable[[], NDArray[Any]]
    ) -> NDArray[Any]:
        """Return an entry."""
        failures: list[BaseException] = []
        made: list[tuple[int, ...]] = []

        def computed() -> NDArray[Any]:
            try:
                array = compute()
            except BaseException as error:
                failures.append(error)
                raise
            made.append(np.shape(array))
            return array

        try:
            with self.culprit.blamed("failed in get_or_compute"):
                entry = self.component.get_or_compute(region, key, computed)
                _expect("what get_or_compute returned", entry, np.ndarray, "an array")
                if made and entry.shape != made[-1]:
                    raise ValueError(f"returned shape {entry.shape}; {made[-1]} was computed")
        except Exception:
            # What the computation itself raised is none of the cache's faults.
            if failures:
                raise failures[-1] from None
            raise
        array: NDArray[Any] = entry
        return array

    def stats(self) -> dict[str, int]:
        """Return its counts, as Python's own integers: a run folder keeps them as JSON."""
        with self.culprit.blamed("failed in stats"):
            counts = self.component.stats()
            _expect("what stats returned", counts, Mapping, "a mapping of counts")
            return {str(name): operator.index(count) for name, count in counts.items()}


class PanelGuard(Guard):
    """Checks that a panel has members."""

    contract = contracts.TeacherPanel

    def members(self, facts: DataFacts, seed: int) -> dict[str, Any]:
        """Return its members by name."""
        with self.culprit.blamed("failed in members"):
            return dict(self.component.members(facts, seed))


class ExecutorGuard(Guard):
    """Checks that every task has one result."""

    contract = contracts.Executor

    def run(
        self, function: Callable[[Any, Any], Any], shared: Any, tasks: Sequence[Any]
    ) -> Iterator[tuple[int, Any]]:
        """Yield results as they complete."""
        missing = set(range(len(tasks)))
        with self.culprit.blamed("failed in run"):
            results = iter(self.component.run(function, shared, tasks))
            try:
                for result in results:
                    missing.remove(_index(result, missing))
                    yield result
            finally:
                # A generator is told at once that nobody listens any more.
                getattr(results, "close", _nothing)()
            if missing:
                raise ValueError(f"run ended without a result of task {min(missing)}")

    def close(self) -> None:
        """Free what it holds; a failure costs a warning, not the finished run."""
        try:
            with self.culprit.blamed("failed in close"):
                self.component.close()
        except Exception as error:
            warnings.warn(str(error), PluginWarning, stacklevel=2)


def _index(result: object, missing: set[int]) -> int:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(f"run yielded {result!r:.80}; expected (index, result)")
    index: int = operator.index(result[0])
    if index not in missing:
        raise ValueError(f"run yielded a result of task {index}, which was done or never given")
    return index


def _nothing() -> None:
    pass


def _unguarded(component: Any, culprit: Culprit) -> Any:
    return component


#: Guard of each kind that the engine calls.
GUARDS: Mapping[str, Callable[..., Any]] = {
    "sampler": SamplerGuard,
    "stage": StageGuard,
    "fuser": FuserGuard,
    "scheduler": SchedulerGuard,
    "cache": CacheGuard,
    "teacher": PanelGuard,
    "executor": ExecutorGuard,
}


def guarded(offered: Offered, component: Any, *arguments: Any) -> Any:
    """Put a component that was just built into the guard of its kind."""
    return GUARDS.get(offered.kind, _unguarded)(component, offered.culprit, *arguments)
