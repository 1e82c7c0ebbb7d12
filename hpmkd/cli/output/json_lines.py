"""All that a command says on stderr, as one JSON object per line.

With ``--json`` a program reads the result from stdout and everything else from stderr: progress,
warnings, errors, and what somebody prints, each with the name of its event.
"""

from __future__ import annotations

import contextlib
import io
import json
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

import click
import msgspec

from hpmkd.errors import HpmkdError

#: Under what the events of a command are found in the context of click.
KEY = "hpmkd.events"
INTERRUPTED = 130


class Events:
    """Writes events to a stream.

    Parameters
    ----------
    stream : text file
        Where they go.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream, self._lock = stream, threading.Lock()
        self._started = self._last = time.monotonic()
        self._ended = False

    @property
    def silence(self) -> float:
        """Seconds since the last event."""
        return time.monotonic() - self._last

    def write(self, event: str, **fields: Any) -> None:
        """Write an event, with the seconds since the command began."""
        with self._lock:
            self._last = time.monotonic()
            seconds = round(self._last - self._started, 3)
            told = {"event": event, "seconds": seconds, **fields}
            # msgspec knows dataclasses, and writes null for what is no finite number; json
            # escapes what a stream that is not in UTF-8 would lose.
            line = json.dumps(msgspec.json.decode(msgspec.json.encode(told, enc_hook=_plain)))
            # Who stops reading, or closes the stream, does not end the run.
            with contextlib.suppress(BrokenPipeError, ValueError):
                self.stream.write(f"{line}\n")
                self.stream.flush()

    def ended(self, code: int) -> None:
        """Write, once, that the command was stopped, and what it ends with."""
        if not self._ended:
            self._ended = True
            self.write("error", message="stopped", exit_code=code)

    @contextlib.contextmanager
    def everything(self) -> Iterator[None]:
        """Write what is warned of, printed to stderr or raised inside as events too.

        Raises
        ------
        Told
            In place of what was raised.
        """
        printed = Printed(self)
        try:
            with warnings.catch_warnings(), contextlib.redirect_stderr(printed):
                warnings.showwarning = self._warn
                yield
        except click.exceptions.Exit as ended:
            if ended.exit_code:
                self.ended(ended.exit_code)
            raise
        except EventObserver:
            raise
        except click.ClickException as error:
            raise EventObserver(self, error.format_message(), error.exit_code) from error
        except HpmkdError as error:
            raise EventObserver(self, str(error), error.exit_code) from error
        except (KeyboardInterrupt, click.Abort) as error:
            raise EventObserver(self, "interrupted", INTERRUPTED) from error
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            raise EventObserver(self, message, 1, traceback=traceback.format_exc()) from error
        finally:
            printed.end()

    def _warn(self, message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        self.write("warning", category=category.__name__, message=str(message))


class EventObserver(click.ClickException):
    """An error that is written as an event.

    Parameters
    ----------
    events : Events
        Where it goes.
    message : str
        What to tell.
    exit_code : int
        What the command ends with.
    **more
        Further fields.
    """

    def __init__(self, events: Events, message: str, exit_code: int, **more: Any) -> None:
        super().__init__(message)
        # click declares it on the class, as a constant.
        vars(self)["exit_code"] = exit_code
        self._events, self._more = events, more

    def show(self, file: Any = None) -> None:
        """Write it."""
        self._events.write("error", message=self.message, exit_code=self.exit_code, **self._more)


class Printed(io.TextIOBase):
    """Stands for stderr: every line is an event.

    Parameters
    ----------
    events : Events
        Where they go.
    """

    def __init__(self, events: Events) -> None:
        self._events, self._begun = events, ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Any text can be written."""
        return "utf-8"

    def writable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """Return where processes that are started write to."""
        return self._events.stream.fileno()

    def write(self, text: str) -> int:
        """Take a text; what follows its last line break waits."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in filter(str.strip, lines):
            self._events.write("printed", text=line)
        return len(text)

    def end(self) -> None:
        """Write what waits. A logger may go on with it: it is never closed."""
        self.write("\n")


def events_of_command() -> Events | None:
    """Return the events of the command that runs; None without ``--json``."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(KEY)


def failure(error: BaseException) -> dict[str, str]:
    """Return an error as a field of an event."""
    kind = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else type(error)
    return {"type": kind.__name__, "message": str(error) or kind.__name__}


def _plain(value: Any) -> Any:
    """Return what stands for a value that JSON does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    # NumPy's numbers and arrays say their values; of the rest, its text is what can be told.
    return value.tolist() if hasattr(value, "tolist") else str(value)
