"""What a command reports that is stopped."""

from __future__ import annotations

import shlex
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hpmkd.cli.output.json_lines import Events
    from hpmkd.cli.session import RunSession

#: Under which name the context of a command has its report.
KEY = "hpmkd.shutdown"


@dataclass(frozen=True)
class RunStatus:
    """How far a run has got.

    Parameters
    ----------
    finished : str
        As a sentence.
    best : mapping, optional
        The best student so far: its ``stage``, its ``selection_log_loss``, and the ``path`` of
        its file.
    go_on : str, optional
        The command that resumes it.
    trouble : str, optional
        Why not all that was finished could be stored.
    """

    finished: str = "nothing was finished"
    best: dict[str, Any] | None = None
    go_on: str | None = None
    trouble: str | None = None

    def text(self, before: str = "") -> str:
        """Return it as lines; `before`, on what terms to resume."""
        lines = [self.finished]
        if self.trouble is not None:
            lines.append(f"not all that was finished could be kept: {self.trouble}")
        if (best := self.best) is not None:
            lines.append(
                f"best so far: {best['stage']}, log loss {best['selection_log_loss']:.4f} on the "
                f"selection rows; use it with: hpmkd predict {shlex.quote(best['path'])} DATA"
            )
        if self.go_on is not None:
            lines.append(f"{before}go on with: {self.go_on}")
        return "\n".join(lines)


class ShutdownReport:
    """Written once, by the first thread that comes; others wait until it is written.

    Parameters
    ----------
    events : Events, optional
        Where it goes instead of stderr.

    Attributes
    ----------
    session : RunSession or None
        What it is about, as soon as its folder is known.
    """

    def __init__(self, events: Events | None = None) -> None:
        self.session: RunSession | None = None
        self._events, self._lock, self._written = events, threading.Lock(), False

    def on_signal(self) -> None:
        """Pass on that the process is asked to end."""
        if self.session is not None:
            self.session.on_signal()

    def write(self) -> None:
        """Write how far the run has got, and leave things in order."""
        with self._lock:
            if self._written:
                return
            self._written = True
            status = RunStatus() if self.session is None else self.session.status()
            if self._events is None:
                click.echo(f"\nstopped; {status.text()}", err=True)
            else:
                self._events.write("stopped", **asdict(status))
            self.close()

    def close(self) -> None:
        """Let others resume the run."""
        if self.session is not None:
            self.session.close()

    def ended(self, code: int) -> None:
        """Write what the process ends with, where programs listen."""
        if self._events is not None:
            self._events.ended(code)
