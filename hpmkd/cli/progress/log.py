"""Progress in a log: a line now and then."""

from __future__ import annotations

import threading

import click

from hpmkd.cli.progress.base import View, clock, doing, in_memory
from hpmkd.cli.progress.heartbeat import (
    SECONDS_BETWEEN_LINES,
    SECONDS_OF_SILENCE,
    Heartbeat,
)
from hpmkd.cli.progress.state import Phase

#: Phases in which there may be a new best.
SEARCHING = ("search", "chain", "collapse")


class PlainProgress(View, Heartbeat):
    """An observer that writes a line to stderr now and then."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._last, self._state = self.course.now, ("", False)

    def say(self, line: str) -> None:
        """Write a line."""
        with self._lock:
            self._last = self.course.now
            click.echo(line, err=True)

    def moved(self) -> None:
        """Say how far a phase is: when it begins, when it ends, and every two seconds."""
        phase = self.course.current
        if phase is None or not phase.total:
            return
        state = (phase.name, phase.ended is not None)
        late = self.course.now - self._last > SECONDS_BETWEEN_LINES and phase.ended is None
        if state != self._state or late:
            self._state = state
            self.say(self._line(phase))

    def look(self) -> None:
        """Say that the run goes on, after a long silence."""
        self.memory.look()
        phase = self.course.current
        if phase is not None and self.course.now - self._last > SECONDS_OF_SILENCE:
            self.say(self._line(phase))

    def _line(self, phase: Phase) -> str:
        """Return ``what: done/total``, and behind two spaces what is known besides."""
        now = self.course.now
        head = f"{phase.label}: {phase.shown}/{phase.total}"
        if not phase.shown and phase.seconds(now) < SECONDS_BETWEEN_LINES:
            return head
        took, left = clock(phase.seconds(now)), phase.left(now)
        best = self.course.best if phase.name in SEARCHING else None
        facts = [
            *([str(best)] if best else []),
            *doing(phase),
            f"{took} so far" if phase.ended is None else f"took {took}",
            *([] if left is None else [f"about {clock(left)} left"]),
            *in_memory(self.memory),
        ]
        return f"{head}  {', '.join(facts)}"
