"""The last words of a command that is stopped."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hpmkd.cli.output.json_lines import Events

#: Under which name the context of a command has its farewell.
KEY = "hpmkd.farewell"


@dataclass(frozen=True)
class RunState:
    """What a run has come to.

    Parameters
    ----------
    finished : str
        How far it has got, as a sentence.
    best : mapping, optional
        The best student so far: its ``stage``, its ``selection_log_loss``, and the ``path`` of
        its file.
    go_on : str, optional
        The command that goes on with it.
    trouble : str, optional
        Why not all that was finished could be kept.
    """

    finished: str = "nothing was finished"
    best: dict[str, Any] | None = None
    go_on: str | None = None
    trouble: str | None = None


@dataclass(frozen=True)
class RunStatus:
    """What a farewell is about.

    Parameters
    ----------
    state : callable
        Returns what to tell.
    asked : callable
        Called as soon as the process is asked to end.
    tidy : callable
        Leaves things in order behind the last words.
    text : callable
        Turns a state into words.
    """

    state: Callable[[], RunState] = RunState
    asked: Callable[[], None] = lambda: None
    tidy: Callable[[], None] = lambda: None
    text: Callable[[RunState], str] = lambda state: state.finished


NOTHING_YET = RunStatus()


class ShutdownReport:
    """Last words, said once, by whoever comes first; others wait until they are said.

    Parameters
    ----------
    events : Events, optional
        Where they go instead of stderr.
    work : RunStatus
        What they are about until other work begins.
    """

    def __init__(self, events: Events | None = None, work: RunStatus = NOTHING_YET) -> None:
        self._events, self._work = events, work
        self._lock, self._said = threading.Lock(), False

    @contextlib.contextmanager
    def about(self, work: RunStatus, done: RunState) -> Iterator[None]:
        """Speak of work that has begun; after it, of what it came to."""
        self._work = work
        yield
        self._work = RunStatus(lambda: done)

    def asked(self) -> None:
        """Hear that the process is asked to end."""
        self._work.asked()

    def say(self) -> None:
        """Tell the state, and leave things in order."""
        with self._lock:
            if self._said:
                return
            self._said = True
            state = self._work.state()
            if self._events is None:
                click.echo(f"\nstopped; {self._work.text(state)}", err=True)
            else:
                self._events.write("stopped", **asdict(state))
            self._work.tidy()

    def ended(self, code: int) -> None:
        """Tell what the process ends with, where programs listen."""
        if self._events is not None:
            self._events.ended(code)
