"""What a task outputs beside its result, in another process: warnings, and what it prints.

It is repeated in the process of the run, as if the task had been done there: the caller's filters
hold, and it goes where the caller's output goes.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

#: Which process of which machine.
Place = tuple[str, int]


def this_place() -> Place:
    """Return which process this is."""
    return platform.node(), os.getpid()


@dataclass(frozen=True)
class CapturedWarning:
    """A warning, by names that travel: its class may not be importable here."""

    message: str
    module: str
    category: str
    filename: str
    line: int

    @property
    def type(self) -> type[Warning]:
        """Its class, if that is known here; nothing is imported for it."""
        found = getattr(sys.modules.get(self.module), self.category, None)
        if isinstance(found, type) and issubclass(found, Warning):
            return found
        return UserWarning


@dataclass
class CapturedOutput:
    """All that a task output.

    Parameters
    ----------
    warnings : tuple of CapturedWarning
        In their order.
    out, err : str
        Printed to stdout, to stderr.
    """

    warnings: tuple[CapturedWarning, ...] = ()
    out: str = ""
    err: str = ""

    def repeat(self, repeated: set[CapturedWarning]) -> None:
        """Output it here, except warnings that were `repeated` before: many tasks give the same."""
        for each in self.warnings:
            if each not in repeated:
                repeated.add(each)
                warnings.warn_explicit(each.message, each.type, each.filename, each.line)
        _print(self.out, sys.stdout)
        _print(self.err, sys.stderr)


@contextlib.contextmanager
def capture_output(place: Place) -> Iterator[CapturedOutput]:
    """Capture what is output inside for the process `place`; in that one itself nothing is.

    If the task raises, it is output after all, as nothing else will reach the other process.
    """
    output = CapturedOutput()
    if place == this_place():
        yield output
        return
    out, err = _CapturedStream(sys.__stdout__), _CapturedStream(sys.__stderr__)
    with warnings.catch_warnings(record=True) as caught:
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                yield output
        except BaseException:
            _print(out.getvalue(), sys.stdout)
            _print(err.getvalue(), sys.stderr)
            raise
    output.out, output.err = out.getvalue(), err.getvalue()
    output.warnings = tuple(
        CapturedWarning(
            str(each.message),
            each.category.__module__,
            each.category.__name__,
            each.filename,
            each.lineno,
        )
        for each in caught
    )


def _print(text: str, stream: TextIO | None) -> None:
    # A program without a console has no streams.
    if text and stream is not None:
        stream.write(text)
        stream.flush()


class _CapturedStream(io.StringIO):
    """What is printed to a stream."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream

    def fileno(self) -> int:
        """Return where processes that are started write to."""
        return super().fileno() if self._stream is None else self._stream.fileno()
