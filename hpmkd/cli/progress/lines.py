"""Progress for programs: one JSON object per event."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from hpmkd.cli.events import Events, failure
from hpmkd.cli.progress.memory import Memory
from hpmkd.cli.progress.signs_of_life import beating
from hpmkd.hookspecs import hookimpl
from hpmkd.study import as_plain
from hpmkd.values import DataFacts, Trial

#: Between two measurements of the memory, and between two looks at the silence.
SECONDS_BETWEEN_LOOKS = 1.0
#: After so long without an event, one says that the run goes on.
SECONDS_OF_SILENCE = 30.0


class JsonLines:
    """An observer that writes every event as it hears it.

    The name of an event is that of its hook, its fields are the arguments of the hook.

    Parameters
    ----------
    events : Events
        Where they go.
    """

    def __init__(self, events: Events) -> None:
        self._events, self._memory = events, Memory()
        self._beat = contextlib.ExitStack()

    def __enter__(self) -> JsonLines:
        self._beat.enter_context(beating(SECONDS_BETWEEN_LOOKS, self._look))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._beat.close()

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
        self._events.write(
            "work_advanced",
            job=job,
            done=done,
            total=total,
            busy=busy,
            workers=workers,
            seconds_left=seconds_left,
        )

    @hookimpl
    def hpmkd_noted(self, note: str) -> None:
        """Write it."""
        self._events.write("noted", note=note)

    @hookimpl
    def hpmkd_trial_finished(self, trial: Trial) -> None:
        """Write it, without what is said of each row."""
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
    ) -> None:
        """Write it."""
        self._events.write("run_finished", leaderboard=leaderboard, verdict=verdict, counts=counts)

    @hookimpl
    def hpmkd_run_failed(self, error: BaseException) -> None:
        """Write it: what the command ends with comes as an event of its own."""
        self._events.write("run_failed", error=failure(error))

    def _look(self) -> None:
        self._memory.look()
        if self._events.silence > SECONDS_OF_SILENCE:
            self._events.write("alive", memory_mb=self._memory.now, most_mb=self._memory.most)
