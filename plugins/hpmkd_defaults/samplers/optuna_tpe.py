"""Optuna's TPE through ask and tell: silent, in memory, and open to what others have tried."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from optuna.samplers import TPESampler
from optuna.trial import FixedTrial, TrialState, create_trial

from hpmkd.optuna_trials import RecordedTrial, silent_study

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from optuna.trial import FrozenTrial

    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.values import Hyperparameter, Trial

    Parameters = Mapping[str, Hyperparameter]

Point = TypeVar("Point")


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

    def drop(self, point: Point) -> None:
        """Forget a point that was asked for: nothing will be told of it."""
        self._study.tell(self._pending[self._key(point)].pop(), state=TrialState.FAIL)

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
    if not drawable(draw, parameters):
        return None
    known = FixedTrial(dict(parameters))
    draw(known)
    return create_trial(
        params=known.params, distributions=known.distributions, value=value, state=state
    )


def drawable(draw: Callable[[HyperparameterTrial], Any], parameters: Parameters) -> bool:
    """Return whether `draw` can draw these parameters, all of them and no others."""
    trial = RecordedTrial(parameters)
    draw(trial)
    return not trial.refused and trial.drawn == dict(parameters)


def with_prefix(trial: HyperparameterTrial, prefix: str) -> Any:
    """Return a trial that puts a prefix before the name of every parameter."""

    def suggesting(method: str) -> Callable[..., Any]:
        suggest = getattr(trial, method)
        return lambda name, *limits, **more: suggest(prefix + name, *limits, **more)

    methods = ("suggest_float", "suggest_int", "suggest_categorical")
    return SimpleNamespace(**{method: suggesting(method) for method in methods})
