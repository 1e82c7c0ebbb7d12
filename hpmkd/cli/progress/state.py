"""Where a run is, gathered from what observers hear; every view shows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.values import Trial

#: What each phase does, for people: at most 25 letters, so that a terminal of 60 has room.
LABELS = {
    "teachers": "reading the teachers",
    "search": "searching configurations",
    "chain": "building on other stages",
    "refit": "refitting on all rows",
    "collapse": "collapsing the ensemble",
    "measure": "measuring on test rows",
    "controls": "fitting the last control",
    "front": "fitting the whole front",
}
#: The job whose tasks are the steps of a phase. Others take several tasks for a step, or none.
JOB_OF_A_STEP = {"teachers": "fold", "search": "trial", "refit": "student"}


@dataclass(frozen=True)
class PhaseWork:
    """A batch of tasks.

    Parameters
    ----------
    job, done, total, busy, workers, seconds_left
        As observers hear them.
    heard : float
        When that was, in seconds of the clock.
    first : int
        Steps of the phase that were done when the batch began.
    """

    job: str
    done: int
    total: int
    busy: int
    workers: int
    seconds_left: float | None
    heard: float
    first: int

    def left(self, now: float) -> float | None:
        """Return how many seconds it is expected to take yet; None if nobody knows."""
        if self.seconds_left is None:
            return None
        return max(0.0, self.seconds_left - (now - self.heard))


@dataclass(frozen=True)
class Phase:
    """A phase of the run.

    Parameters
    ----------
    name : str
        As observers hear it.
    done, total : int
        Steps.
    started : float
        When, in seconds of the clock.
    ended : float or None
        When; None as long as it goes on.
    work : PhaseWork or None
        The last batch of tasks that was begun in it.
    """

    name: str
    done: int
    total: int
    started: float
    ended: float | None = None
    work: PhaseWork | None = None

    @property
    def label(self) -> str:
        """What it does."""
        return LABELS.get(self.name, self.name)

    @property
    def shown(self) -> int:
        """Steps done, with those of the batch at hand that the run has not been told of yet."""
        if self.work is None or not self._counted(self.work):
            return self.done
        return min(self.total, max(self.done, self.work.first + self.work.done))

    def seconds(self, now: float) -> float:
        """Return how long it took so far."""
        return (now if self.ended is None else self.ended) - self.started

    def left(self, now: float) -> float | None:
        """Return how many seconds it is expected to take yet; None if nobody knows."""
        if self.ended is not None or self.shown >= self.total:
            return None
        work = self.work if self.work is not None and self.work.done < self.work.total else None
        pace = self.seconds(now) / self.shown if self.shown else None
        if work is None:
            return None if pace is None else pace * (self.total - self.shown)
        batch = work.left(now)
        # What comes behind the batch at hand.
        behind = self.total - (work.first + (work.total if self._counted(work) else 1))
        if behind <= 0 or batch is None or pace is None:
            return batch if behind <= 0 else None
        return batch + pace * behind

    def _counted(self, work: PhaseWork) -> bool:
        return JOB_OF_A_STEP.get(self.name) == work.job


@dataclass(frozen=True)
class Best:
    """The best trial so far, of those on all rows."""

    log_loss: float
    stage: str
    number: int

    def __str__(self) -> str:
        return f"best log loss {self.log_loss:.4f} ({self.stage}, trial {self.number})"


class ProgressState:
    """Gathers where a run is.

    Parameters
    ----------
    clock : callable
        Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.phases: dict[str, Phase] = {}
        self.best: Best | None = None
        self._current: str | None = None

    @property
    def current(self) -> Phase | None:
        """The phase that was heard of last."""
        return None if self._current is None else self.phases[self._current]

    @property
    def now(self) -> float:
        """Seconds of the clock."""
        return self._clock()

    def phase_advanced(self, name: str, done: int, total: int) -> None:
        """Hear of a phase; the one before is over then."""
        now, before = self.now, self.current
        if before is not None and before.name != name and before.ended is None:
            self.phases[before.name] = replace(before, ended=now)
        phase = self.phases.get(name)
        if phase is None or self._current != name:
            phase = Phase(name, done, total, now)
        ended = now if done >= total else None
        self.phases[name] = replace(phase, done=done, total=total, ended=ended)
        self._current = name

    def work_advanced(
        self, job: str, done: int, total: int, busy: int, workers: int, seconds_left: float | None
    ) -> None:
        """Hear of a batch of tasks."""
        phase = self.current
        if phase is None:
            return
        same = (
            phase.work is not None
            and (phase.work.job, phase.work.total) == (job, total)
            and phase.work.done <= done
            and phase.work.done < total
        )
        first = phase.work.first if phase.work is not None and same and done else phase.done
        work = PhaseWork(job, done, total, busy, workers, seconds_left, self.now, first)
        self.phases[phase.name] = replace(phase, work=work)

    def trial_finished(self, trial: Trial) -> None:
        """Hear of a trial; one on a share of the rows wins nothing."""
        if trial.failure is not None or trial.configuration.share < 1:
            return
        if self.best is None or trial.log_loss < self.best.log_loss:
            self.best = Best(trial.log_loss, trial.configuration.stage, trial.number)
