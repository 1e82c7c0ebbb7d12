"""Progress for programs: one JSON object per event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hpmkd.cli.output.json_lines import Events, failure
from hpmkd.contracts import Predictor
from hpmkd.hookspecs import hookimpl
from hpmkd.progress.heartbeat import SECONDS_OF_SILENCE, Heartbeat
from hpmkd.progress.memory_usage import MemoryUsage
from hpmkd.runs.optuna_study import as_plain
from hpmkd.values import DataFacts, Trial


class JsonLines(Heartbeat):
    """An observer that writes every event: its name is the hook's, its fields the arguments.

    Parameters
    ----------
    events : Events
        Where they go.
    """

    def __init__(self, events: Events) -> None:
        super().__init__()
        self._events, self._memory = events, MemoryUsage()

    @hookimpl
    def hpmkd_run_started(self, facts: DataFacts, recipe: Mapping[str, Any]) -> None:
        """Write it."""
        self._events.write("run_started", facts=facts, recipe=recipe)

    @hookimpl
    def hpmkd_phase_advanced(self, phase: str, done: int, total: int) -> None:
        """Write it."""
        self._events.write("phase_advanced", phase=phase, done=done, total=total)

    @hookimpl
    def hpmkd_work_advanced(
        self, job: str, done: int, total: int, busy: int, workers: int, seconds_left: float | None
    ) -> None:
        """Write it."""
        counts = {"done": done, "total": total, "busy": busy, "workers": workers}
        self._events.write("work_advanced", job=job, **counts, seconds_left=seconds_left)

    @hookimpl
    def hpmkd_noted(self, note: str) -> None:
        """Write it."""
        self._events.write("noted", note=note)

    @hookimpl
    def hpmkd_trial_finished(self, trial: Trial) -> None:
        """Write it, without the losses of its rows."""
        self._events.write("trial_finished", trial=as_plain(trial))

    @hookimpl
    def hpmkd_stage_finished(self, stage: str, trial: Trial) -> None:
        """Write it, likewise."""
        self._events.write("stage_finished", stage=stage, trial=as_plain(trial))

    @hookimpl
    def hpmkd_run_finished(
        self,
        leaderboard: Iterable[Mapping[str, Any]],
        verdict: Mapping[str, Any],
        counts: Mapping[str, Any],
        student: Predictor,
    ) -> None:
        """Write it; of the student, what it is."""
        self._events.write(
            "run_finished",
            leaderboard=leaderboard,
            verdict=verdict,
            counts=counts,
            student=repr(student),
        )

    @hookimpl
    def hpmkd_run_failed(self, error: BaseException) -> None:
        """Write it; the exit code comes with the ``error`` of the command."""
        self._events.write("run_failed", error=failure(error))

    def tick(self) -> None:
        """Report, after a long silence, that the run is alive."""
        self._memory.measure()
        if self._events.silence > SECONDS_OF_SILENCE:
            self._events.write("alive", memory_mb=self._memory.now, most_mb=self._memory.most)
