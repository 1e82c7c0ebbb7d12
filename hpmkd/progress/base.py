"""The common part of the views for people: the events they receive, and their words."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any

from hpmkd.hookspecs import hookimpl
from hpmkd.progress.heartbeat import SECONDS_BETWEEN_LINES, Heartbeat
from hpmkd.progress.memory_usage import MemoryUsage
from hpmkd.progress.state import Phase, ProgressState
from hpmkd.values import DataFacts, Trial

#: Phases in which there may be a new best.
SEARCHING = ("search", "chain", "collapse")


class View(Heartbeat):
    """An observer that shows where a run is, from when it is entered until it is left."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.memory = ProgressState(), MemoryUsage()

    @abc.abstractmethod
    def say(self, line: str) -> None:
        """Show a line that stays."""

    @abc.abstractmethod
    def update(self) -> None:
        """Show how far the run is now."""

    def tick(self) -> None:
        """Measure the memory."""
        self.memory.measure()

    @hookimpl
    def hpmkd_run_started(self, facts: DataFacts, recipe: Mapping[str, Any]) -> None:
        """Print what is distilled."""
        self.say(
            f"distilling {facts.n_rows} rows of {facts.n_columns} columns, {facts.n_classes} "
            f"classes; recipe {recipe['name']}, stages {', '.join(recipe['stages'])}"
        )

    @hookimpl
    def hpmkd_phase_advanced(self, phase: str, done: int, total: int) -> None:
        """Show a phase."""
        self.state.phase_advanced(phase, done, total)
        self.update()

    @hookimpl
    def hpmkd_work_advanced(
        self, job: str, done: int, total: int, busy: int, workers: int, seconds_left: float | None
    ) -> None:
        """Show a batch of tasks."""
        self.state.work_advanced(job, done, total, busy, workers, seconds_left)
        self.update()

    @hookimpl
    def hpmkd_trial_finished(self, trial: Trial) -> None:
        """Remember the best, report failures."""
        self.state.trial_finished(trial)
        if trial.failure:
            self.say(f"warning: trial {trial.number} failed: {trial.failure}")

    @hookimpl
    def hpmkd_noted(self, note: str) -> None:
        """Report a decision of the run."""
        self.say(f"note: {note}")


def phase_facts(state: ProgressState, memory: MemoryUsage, phase: Phase) -> list[str]:
    """Return what is known of a phase beside its steps; nothing of one that just began."""
    now = state.now
    if not phase.shown and phase.seconds(now) < SECONDS_BETWEEN_LINES:
        return []
    took, left = clock(phase.seconds(now)), phase.left(now)
    best = state.best if phase.name in SEARCHING else None
    return [
        *best_text(best),
        *work_text(phase),
        f"{took} so far" if phase.ended is None else f"took {took}",
        *([] if left is None else [f"about {clock(left)} left"]),
        *(memory_text(memory) if phase == state.current else []),
    ]


def work_text(phase: Phase) -> list[str]:
    """Return what the workers do: ``trial 3/12``, ``2 of 2 workers busy``."""
    work = phase.work
    if work is None or phase.ended is not None or work.done >= work.total:
        return []
    busy = f"{work.busy} of {work.workers} worker{'s' * (work.workers != 1)} busy"
    # Where the steps of the phase are these tasks, they are counted there.
    steps = work.total == phase.total and work.first == 0
    return [busy] if steps else [f"{work.job} {work.done}/{work.total}", busy]


def best_text(best: Trial | None) -> list[str]:
    """Return the best trial so far, if there is one."""
    if best is None:
        return []
    stage = best.configuration.stage
    return [f"best log loss {best.log_loss:.4f} ({stage}, trial {best.number})"]


def memory_text(memory: MemoryUsage) -> list[str]:
    """Return the memory that is in use, and the most that was, if they are known."""
    if memory.now is None or memory.most is None:
        return []
    return [f"{memory.now:.0f} MB (at most {memory.most:.0f})"]


def clock(seconds: float) -> str:
    """Return a time as ``0:07`` or ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
