"""Optuna's TPE through ask and tell: silent, in memory, and open to what others have tried."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from optuna import load_study
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from optuna.trial import FrozenTrial

    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.values import Hyperparameter, Trial

    Parameters = Mapping[str, Hyperparameter]

Point = TypeVar("Point")
STUDY = "hpmkd"


class PointStudy(Generic[Point]):
    """A study of Optuna's TPE over points that a function draws.

    Its batches are asked one by one before any of them is told, so they follow from the seed
    and from what was told before. Only what is stable in Optuna is used of the sampler.

    Parameters
    ----------
    draw : callable
        Draws a point from a trial's ``suggest_*``.
    parameters : callable
        Returns the drawn parameters by name that make up a point.
    seed : int
        Source of the draws, >= 0.
    """

    def __init__(
        self,
        draw: Callable[[HyperparameterTrial], Point],
        parameters: Callable[[Point], Parameters],
        seed: int,
    ) -> None:
        self._draw = draw
        self._parameters = parameters
        self._study = silent_study(TPESampler(seed=seed))
        self._pending: defaultdict[object, list[int]] = defaultdict(list)

    def enqueue(self, parameters: Parameters) -> None:
        """Have a point drawn next that has these parameters; what is missing is suggested."""
        self._study.enqueue_trial(dict(parameters))

    def ask(self) -> Point:
        """Return the next point."""
        trial = self._study.ask()
        point = self._draw(trial)
        self._pending[self._key(point)].append(trial.number)
        return point

    def tell(self, point: Point, trial: Trial) -> None:
        """Learn how a point did, whether it was asked for or not."""
        failed = trial.failure is not None
        state = TrialState.FAIL if failed else TrialState.COMPLETE
        value = None if failed else trial.log_loss
        pending = self._pending[self._key(point)]
        if pending:
            self._study.tell(pending.pop(0), value, state=state)
            return
        record = recorded(self._draw, self._parameters(point), value, state)
        if record is not None:
            self._study.add_trial(record)

    def _key(self, point: Point) -> object:
        return tuple(sorted(self._parameters(point).items()))


def recorded(
    draw: Callable[[HyperparameterTrial], Any],
    parameters: Parameters,
    value: float | None,
    state: TrialState,
) -> FrozenTrial | None:
    """Return a finished trial of what `draw` draws; None if it cannot draw these parameters."""
    replay = ReplayedTrial(parameters)
    try:
        draw(replay)
        return create_trial(
            params=dict(parameters), distributions=replay.distributions, value=value, state=state
        )
    except (KeyError, ValueError):  # a name is missing, or a value is out of its range
        return None


def drawable(draw: Callable[[HyperparameterTrial], Any], parameters: Parameters) -> bool:
    """Return whether `draw` can draw these parameters, all of them and no others."""
    return recorded(draw, parameters, None, TrialState.FAIL) is not None


class ReplayedTrial:
    """Gives back known parameters, and keeps the distributions they are from.

    Parameters
    ----------
    parameters : mapping
        By name. Another name raises a KeyError.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self.distributions: dict[str, BaseDistribution] = {}

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return the known value."""
        return float(self._known(name, FloatDistribution(low, high, log=log, step=step)))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Return the known value."""
        return int(self._known(name, IntDistribution(low, high, log=log, step=step)))

    def suggest_categorical(self, name: str, choices: Sequence[Hyperparameter]) -> Any:
        """Return the known value."""
        return self._known(name, CategoricalDistribution(choices))

    def _known(self, name: str, distribution: BaseDistribution) -> Any:
        self.distributions[name] = distribution
        return self._parameters[name]


class PrefixedTrial:
    """A trial whose parameters have a prefix in their names.

    Parameters
    ----------
    trial : HyperparameterTrial
        What suggests.
    prefix : str
        Put before every name.
    """

    def __init__(self, trial: HyperparameterTrial, prefix: str) -> None:
        self._trial = trial
        self._prefix = prefix

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Suggest a float from [low, high]."""
        return self._trial.suggest_float(self._prefix + name, low, high, step=step, log=log)

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Suggest an integer from low … high, both included."""
        return self._trial.suggest_int(self._prefix + name, low, high, step=step, log=log)

    def suggest_categorical(self, name: str, choices: Sequence[Hyperparameter]) -> Any:
        """Suggest one of the choices."""
        return self._trial.suggest_categorical(self._prefix + name, choices)


# --------------------------------------------------------------------------- storage


class MemoryJournal(BaseJournalBackend):
    """A journal in memory.

    Parameters
    ----------
    entries : list of dict
        What it begins with.
    """

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self._entries = entries

    def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
        """Return the entries from that number on."""
        return self._entries[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add entries."""
        self._entries += logs


def silent_study(sampler: TPESampler) -> Any:
    """Return a study in memory that nobody was told of.

    Every storage of Optuna announces a study that is created in it, in a log whose level is a
    global setting that is not ours to change. A journal that begins with the study's entry
    announces nothing: for Optuna it was created long ago.
    """
    entry = {
        "op_code": 0,  # a study is created
        "worker_id": "hpmkd",
        "study_name": STUDY,
        "directions": [int(StudyDirection.MINIMIZE)],
    }
    return load_study(
        study_name=STUDY, storage=JournalStorage(MemoryJournal([entry])), sampler=sampler
    )
