"""Kinds of work that a pipeline does: what runs in a worker, and what is known about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hpmkd.values import frozen_mapping


@dataclass(frozen=True)
class Load:
    """What tells how long a task takes.

    Parameters
    ----------
    kind : str
        Tasks of one kind learn from each other, such as all fits of a stage.
    sizes : mapping of str to float
        Numbers > 0 to which the time is expected to be proportional: rows, classes, fits.
    settings : mapping of str to float
        Numbers >= 0 that may matter, such as a number of rounds: how is learned.
    """

    kind: str
    sizes: Mapping[str, float]
    settings: Mapping[str, float] = field(default_factory=frozen_mapping)


def _never(result: Any) -> bool:
    """Tell of no result that its task failed."""
    return False


@dataclass(frozen=True)
class Job:
    """A kind of work.

    Parameters
    ----------
    name : str
        What observers call it: "fold", "trial", "student" or "answers".
    function : callable
        Does one task, as ``function(shared, task)``, in a worker; importable by name.
    lost : callable
        Says what stands for the result of a task that has none, as ``lost(task, reason)``; it
        may raise.
    load : callable
        Tells how long a task takes, as ``load(shared, task)`` gives a :class:`Load`.
    key : callable
        Returns a digest of all that decides the result, as ``key(shared, task)``: equal in every
        process.
    timed : bool
        Whether the bound of a trial (``budget.trial_seconds``) holds for it.
    failed : callable
        Tells whether a result says that the task failed, as ``failed(result)``: that is not kept,
        but tried again by whoever goes on with the run. By default none does.
    """

    name: str
    function: Callable[[Any, Any], Any]
    lost: Callable[[Any, str], Any]
    load: Callable[[Any, Any], Load]
    key: Callable[[Any, Any], str]
    timed: bool = False
    failed: Callable[[Any], bool] = _never
