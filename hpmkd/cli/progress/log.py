"""Progress in a log: a line now and then."""

from __future__ import annotations

import threading

import click

from hpmkd.cli.progress.base import View, best_text, clock, memory_text, work_text
from hpmkd.cli.progress.heartbeat import SECONDS_BETWEEN_LINES, SECONDS_OF_SILENCE
from hpmkd.cli.progress.state import Phase

#: Phases in which there may be a new best.
SEARCHING = ("search", "chain", "collapse")


class LogProgress(View):
    """An observer that writes a line to stderr now and then."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._last, self._shown = self.state.now, ("", False)

    def say(self, line: str) -> None:
        """Write a line."""
        with self._lock:
            self._last = self.state.now
            click.echo(line, err=True)

    def update(self) -> None:
        """Report a phase when it begins, when it ends, and every two seconds in between."""
        phase = self.state.current
        if phase is None or not phase.total:
            return
        shown = (phase.name, phase.ended is not None)
        late = self.state.now - self._last > SECONDS_BETWEEN_LINES and phase.ended is None
        if shown != self._shown or late:
            self._shown = shown
            self.say(self._line(phase))

    def tick(self) -> None:
        """Report, after a long silence, that the run is alive."""
        super().tick()
        phase = self.state.current
        if phase is not None and self.state.now - self._last > SECONDS_OF_SILENCE:
            self.say(self._line(phase))

    def _line(self, phase: Phase) -> str:
        """Return ``label: done/total``, and behind two spaces what is known besides."""
        now = self.state.now
        head = f"{phase.label}: {phase.shown}/{phase.total}"
        if not phase.shown and phase.seconds(now) < SECONDS_BETWEEN_LINES:
            return head
        took, left = clock(phase.seconds(now)), phase.left(now)
        best = self.state.best if phase.name in SEARCHING else None
        facts = [
            *best_text(best),
            *work_text(phase),
            f"{took} so far" if phase.ended is None else f"took {took}",
            *([] if left is None else [f"about {clock(left)} left"]),
            *memory_text(self.memory),
        ]
        return f"{head}  {', '.join(facts)}"
