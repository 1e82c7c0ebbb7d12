"""Kinds of work that a pipeline does, and one task of such work in a worker."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hpmkd.execution.captured_output import CapturedOutput, Place, capture_output
from hpmkd.execution.cost_model import Load
from hpmkd.execution.counters import peak_mb


def _never(result: Any) -> bool:
    """Return False: no result means that its task failed."""
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
        Returns a substitute for the result of a task that has none, as ``lost(task, reason)``;
        it may raise.
    load : callable
        Returns what a task's time depends on, as ``load(shared, task)`` gives a :class:`Load`.
    key : callable
        Returns a digest of all that decides the result, as ``key(shared, task)``: equal in every
        process.
    timed : bool
        Whether the bound of a trial (``budget.trial_seconds``) holds for it.
    failed : callable
        Whether a result means that the task failed, as ``failed(result)``: that is not stored,
        but tried again when the run is resumed. By default none does.
    """

    name: str
    function: Callable[[Any, Any], Any]
    lost: Callable[[Any, str], Any]
    load: Callable[[Any, Any], Load]
    key: Callable[[Any, Any], str]
    timed: bool = False
    failed: Callable[[Any], bool] = _never


@dataclass(frozen=True)
class TaskResult:
    """The result of a task, its seconds, its output, and the peak memory of its process in MB."""

    result: Any
    seconds: float
    output: CapturedOutput
    process: str = ""
    peak_mb: float = 0.0


def perform(shared: Any, task: tuple[Callable[[Any, Any], Any], Any, Place]) -> TaskResult:
    """Do one task and time it; runs in worker processes."""
    function, task, home = task
    start = time.perf_counter()
    with capture_output(home) as output:
        result = function(shared, task)
    process = f"{platform.node()}:{os.getpid()}"
    return TaskResult(result, time.perf_counter() - start, output, process, peak_mb())
