"""Progress in a log: a line now and then."""

from __future__ import annotations

import threading

import click

from hpmkd.progress.base import View, phase_facts
from hpmkd.progress.heartbeat import SECONDS_BETWEEN_LINES, SECONDS_OF_SILENCE
from hpmkd.progress.state import Phase


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
        head = f"{phase.label}: {phase.shown}/{phase.total}"
        facts = phase_facts(self.state, self.memory, phase)
        return f"{head}  {', '.join(facts)}" if facts else head
