"""Trials that draw a stage's hyperparameters: from known values, or from a silent Optuna study."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage

    from hpmkd.values import Hyperparameter

#: Rounding that a float at the end of its range is allowed, relative to the range.
TOLERANCE = 1e-9


class RecordedTrial:
    """Draws the values it is given, and records those that the space does not contain.

    Optuna's ``FixedTrial`` raises where a value is missing and only warns of one that is out
    of its range.

    Parameters
    ----------
    given : mapping
        Hyperparameters by name; the lowest value stands in for one that is missing.

    Attributes
    ----------
    drawn : dict of str to value
        What was drawn, by name.
    refused : dict of str to (value, str)
        What was drawn instead of an impossible value, and what would have been possible.
    """

    def __init__(self, given: Mapping[str, Hyperparameter]) -> None:
        self._given = given
        self.drawn: dict[str, Any] = {}
        self.refused: dict[str, tuple[Any, str]] = {}

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return the given float if it is in [low, high]."""
        value: Any = self._given.get(name, low)
        slack = TOLERANCE * max(abs(low), abs(high))
        fits = _is(value, (float, int)) and low - slack <= value <= high + slack
        return float(self._record(name, value, low, fits, f"a number in [{low}, {high}]"))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Return the given integer if it is one of low … high."""
        value: Any = self._given.get(name, low)
        fits = _is(value, int) and low <= value <= high
        return int(self._record(name, value, low, fits, f"an integer in [{low}, {high}]"))

    def suggest_categorical(self, name: str, choices: Sequence[Hyperparameter]) -> Any:
        """Return the given choice if it is one."""
        value = self._given.get(name, choices[0])
        # True equals 1, and yet is another choice.
        fits = (isinstance(value, bool), value) in [
            (isinstance(choice, bool), choice) for choice in choices
        ]
        expected = f"one of {', '.join(map(repr, choices))}"
        return self._record(name, value, choices[0], fits, expected)

    def _record(self, name: str, value: Any, substitute: Any, fits: bool, expected: str) -> Any:
        if not fits:
            self.refused[name] = (substitute, expected)
        self.drawn[name] = value if fits else substitute
        return self.drawn[name]


def _is(value: object, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def random_study(seed: int) -> Any:
    """Return a study whose trials (``study.ask()``) draw at random."""
    from optuna.samplers import RandomSampler

    return silent_study(RandomSampler(seed=seed))


def silent_study(sampler: BaseSampler) -> Any:
    """Return an Optuna study in memory that is not announced in Optuna's log."""
    from optuna import create_study
    from optuna.storages import InMemoryStorage

    storage = InMemoryStorage()
    with unannounced(storage):
        return create_study(storage=storage, sampler=sampler)


@contextlib.contextmanager
def unannounced(storage: BaseStorage) -> Iterator[None]:
    """Keep a storage from logging what this thread does here.

    Every storage of Optuna announces the studies that are created in it. The level of that log
    is a global setting that is not ours to change, not even for a moment: other threads log.
    """
    here = threading.get_ident()
    logger = logging.getLogger(type(storage).__module__)

    def elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != here

    logger.addFilter(elsewhere)
    try:
        yield
    finally:
        logger.removeFilter(elsewhere)
