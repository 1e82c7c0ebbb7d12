"""Where a run is, gathered from the events that observers receive; every view shows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.values import Trial

#: What each phase does, for people: at most 25 letters, so that a terminal of 60 has room.
LABELS = {
    "teachers": "predicting with teachers",
    "search": "searching configurations",
    "chain": "building on other stages",
    "refit": "refitting on all rows",
    "collapse": "distilling the ensemble",
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
        The arguments of ``hpmkd_work_advanced``.
    reported : float
        When they came, in seconds of the clock.
    first : int
        Steps of the phase that were done when the batch began.
    """

    job: str
    done: int
    total: int
    busy: int
    workers: int
    seconds_left: float | None
    reported: float
    first: int

    def left(self, now: float) -> float | None:
        """Return how many seconds it is expected to take yet; None if that is unknown."""
        if self.seconds_left is None:
            return None
        return max(0.0, self.seconds_left - (now - self.reported))


@dataclass(frozen=True)
class Phase:
    """A phase of the run.

    Parameters
    ----------
    name : str
        As the engine calls it.
    done, total : int
        Steps.
    started, ended : float
        When, in seconds of the clock; `ended` is None while it lasts.
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
        """Its description."""
        return LABELS.get(self.name, self.name)

    @property
    def shown(self) -> int:
        """Steps done, with those of the batch at hand that are not reported as steps yet."""
        if self.work is None or not self._counts(self.work):
            return self.done
        return min(self.total, max(self.done, self.work.first + self.work.done))

    def seconds(self, now: float) -> float:
        """Return how long it took so far."""
        return (now if self.ended is None else self.ended) - self.started

    def left(self, now: float) -> float | None:
        """Return how many seconds it is expected to take yet; None if that is unknown."""
        if self.ended is not None or self.shown >= self.total:
            return None
        work = self.work if self.work is not None and self.work.done < self.work.total else None
        pace = self.seconds(now) / self.shown if self.shown else None
        if work is None:
            return None if pace is None else pace * (self.total - self.shown)
        batch = work.left(now)
        # The steps behind the batch at hand.
        behind = self.total - (work.first + (work.total if self._counts(work) else 1))
        if behind <= 0:
            return batch
        return None if batch is None or pace is None else batch + pace * behind

    def _counts(self, work: PhaseWork) -> bool:
        """Whether tasks are steps of this phase."""
        return JOB_OF_A_STEP.get(self.name) == work.job


class ProgressState:
    """Gathers where a run is, by a clock that returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.phases: dict[str, Phase] = {}
        self.current: Phase | None = None
        self.best: Trial | None = None

    @property
    def now(self) -> float:
        """Seconds of the clock."""
        return self._clock()

    def phase_advanced(self, name: str, done: int, total: int) -> None:
        """Advance a phase; the one before is over then."""
        now, phase = self.now, self.current
        if phase is None or phase.name != name:
            if phase is not None and phase.ended is None:
                self._put(replace(phase, ended=now))
            phase = Phase(name, done, total, now)
        ended = now if done >= total else None
        self._put(replace(phase, done=done, total=total, ended=ended))

    def work_advanced(
        self, job: str, done: int, total: int, busy: int, workers: int, seconds_left: float | None
    ) -> None:
        """Advance a batch of tasks."""
        phase = self.current
        if phase is None:
            return
        first, work = phase.done, phase.work
        if work is not None and done:
            same = (work.job, work.total) == (job, total) and work.done <= done
            if same and work.done < total:
                first = work.first
        advanced = PhaseWork(job, done, total, busy, workers, seconds_left, self.now, first)
        self._put(replace(phase, work=advanced))

    def trial_finished(self, trial: Trial) -> None:
        """Take the best of those that may win."""
        if not trial.eligible:
            return
        if self.best is None or trial.log_loss < self.best.log_loss:
            self.best = trial

    def _put(self, phase: Phase) -> None:
        self.phases[phase.name] = self.current = phase
