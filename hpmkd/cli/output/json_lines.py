"""What a command reports on stderr with ``--json``: one JSON object per line.

A program reads the result from stdout and progress, warnings and errors from stderr, each with
the name of its event.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

import click
import msgspec

from hpmkd.data.sources.passwords import without_passwords
from hpmkd.errors import HpmkdError

#: The key of a command's events in the context of click.
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
        self._stream, self._lock = stream, threading.Lock()
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
            facts = {"event": event, "seconds": seconds, **fields}
            # msgspec knows dataclasses, and writes null for what is no finite number; json
            # escapes what a stream that is not in UTF-8 would lose.
            line = json.dumps(msgspec.json.decode(msgspec.json.encode(facts, enc_hook=_plain)))
            # A reader that stops reading, or closes the stream, does not end the run.
            with contextlib.suppress(BrokenPipeError, ValueError):
                self._stream.write(f"{line}\n")
                self._stream.flush()

    def ended(self, code: int, message: str = "stopped", **more: Any) -> None:
        """Write, once, the error and the exit code that the command ends with."""
        if not self._ended:
            self._ended = True
            self.write("error", message=message, exit_code=code, **more)

    @contextlib.contextmanager
    def everything(self) -> Iterator[None]:
        """Write warnings and errors inside as events; an error ends the command."""
        code, message, more = 1, "", {}
        with warnings.catch_warnings():
            warnings.showwarning = self._warn
            try:
                yield
                return
            except click.exceptions.Exit as end:
                if end.exit_code:
                    self.ended(end.exit_code)
                raise
            except click.ClickException as error:
                code, message = error.exit_code, error.format_message()
            except HpmkdError as error:
                code, message = error.exit_code, str(error)
            except (KeyboardInterrupt, click.Abort):
                code, message = INTERRUPTED, "interrupted"
            except BrokenPipeError:
                message = "stdout was closed by its reader"
            except Exception as error:
                message = f"{type(error).__name__}: {error}"
                more = {"traceback": traceback.format_exc()}
        self.ended(code, without_passwords(message), **more)
        raise click.exceptions.Exit(code)

    def _warn(self, message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        self.write("warning", category=category.__name__, message=str(message))


def events_of_command() -> Events | None:
    """Return the events of the command that runs; None without ``--json``."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(KEY)


def report(message: str) -> None:
    """Write a message of the command to stderr; with ``--json``, as an event."""
    events = events_of_command()
    if events is None:
        click.echo(message, err=True)
    else:
        events.write("message", message=message)


def note(message: str) -> None:
    """Report what is neither result nor trouble: ``--quiet`` leaves it out."""
    context = click.get_current_context(silent=True)
    if context is None or not context.params.get("quiet"):
        report(message)


def failure(error: BaseException) -> dict[str, str]:
    """Return an error as a field of an event."""
    kind = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else type(error)
    return {"type": kind.__name__, "message": str(error) or kind.__name__}


def _plain(value: Any) -> Any:
    """Return a substitute for a value that JSON does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    # NumPy's numbers and arrays become their values; anything else its text.
    return value.tolist() if hasattr(value, "tolist") else str(value)
