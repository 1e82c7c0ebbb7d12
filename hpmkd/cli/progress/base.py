"""What the views for people have in common: they hear a run and put it into words."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any

from hpmkd.cli.progress.memory_usage import MemoryUsage
from hpmkd.cli.progress.state import Phase, PhaseWork, ProgressState
from hpmkd.hookspecs import hookimpl
from hpmkd.values import DataFacts, Trial


class View(abc.ABC):
    """An observer that shows where a run is, from when it is entered until it is left."""

    def __init__(self) -> None:
        super().__init__()
        self.course, self.memory = ProgressState(), MemoryUsage()

    @abc.abstractmethod
    def say(self, line: str) -> None:
        """Show a line that stays."""

    @abc.abstractmethod
    def moved(self) -> None:
        """Show that the run is further."""

    @hookimpl
    def hpmkd_run_started(self, facts: DataFacts, recipe: Mapping[str, Any]) -> None:
        """Say what is distilled."""
        self.say(
            f"distilling {facts.n_rows} rows of {facts.n_columns} columns, {facts.n_classes} "
            f"classes; recipe {recipe['name']}, stages {', '.join(recipe['stages'])}"
        )

    @hookimpl
    def hpmkd_phase_advanced(self, phase: str, done: int, total: int) -> None:
        """Show a phase."""
        self.course.phase_advanced(phase, done, total)
        self.moved()

    @hookimpl
    def hpmkd_work_advanced(
        self, job: str, done: int, total: int, busy: int, workers: int, seconds_left: float | None
    ) -> None:
        """Show a batch of tasks."""
        self.course.work_advanced(job, done, total, busy, workers, seconds_left)
        self.moved()

    @hookimpl
    def hpmkd_trial_finished(self, trial: Trial) -> None:
        """Remember the best, report failures."""
        self.course.trial_finished(trial)
        if trial.failure:
            self.say(f"warning: trial {trial.number} failed: {trial.failure}")

    @hookimpl
    def hpmkd_noted(self, note: str) -> None:
        """Say what the run decided by itself."""
        self.say(f"note: {note}")


def doing(phase: Phase) -> list[str]:
    """Say what the workers do: ``trial 3/12``, ``2 of 2 workers busy``."""
    work = phase.work
    if work is None or phase.ended is not None or work.done >= work.total:
        return []
    # Where the steps of the phase are these tasks, they are counted there.
    steps = work.total != phase.total or work.first > 0
    return [*([f"{work.job} {work.done}/{work.total}"] if steps else []), busy(work)]


def busy(work: PhaseWork) -> str:
    """Say how many workers are at it."""
    return f"{work.busy} of {work.workers} worker{'s' * (work.workers != 1)} busy"


def in_memory(memory: MemoryUsage) -> list[str]:
    """Say how much memory is taken, and was taken at most."""
    if memory.now is None or memory.most is None:
        return []
    return [f"{memory.now:.0f} MB (at most {memory.most:.0f})"]


def clock(seconds: float) -> str:
    """Return a time as ``0:07`` or ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
