"""What a task says beside its result, in another process: warnings, and what it prints to stderr.

It is said where the run is, as if the task had been done there: the caller's filters hold, and
the caller's stderr is where it goes.
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

#: Which process of which machine.
Place = tuple[str, int]


def this_place() -> Place:
    """Return which process this is."""
    return platform.node(), os.getpid()


@dataclass(frozen=True)
class Warned:
    """A warning, by names that travel: its class may not be importable where it is heard."""

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
class Asides:
    """All that a task said.

    Parameters
    ----------
    warned : tuple of Warned
        In their order.
    printed : str
        To stderr.
    """

    warned: tuple[Warned, ...] = ()
    printed: str = ""

    def repeat(self, told: set[Warned]) -> None:
        """Say it here, but for warnings that were `told` before: many tasks give the same."""
        for each in self.warned:
            if each not in told:
                told.add(each)
                warnings.warn_explicit(each.message, each.type, each.filename, each.line)
        _print(self.printed)


@contextlib.contextmanager
def kept_for(place: Place) -> Iterator[Asides]:
    """Keep what is said inside for another process; in `place` itself it is just said.

    If the task raises, it is said here, for nothing else will reach the other process.
    """
    asides = Asides()
    if place == this_place():
        yield asides
        return
    printed = _Printed()
    try:
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stderr(printed):
            yield asides
    except BaseException:
        _print(printed.getvalue())
        raise
    asides.printed = printed.getvalue()
    asides.warned = tuple(
        Warned(
            str(each.message),
            each.category.__module__,
            each.category.__name__,
            each.filename,
            each.lineno,
        )
        for each in caught
    )


def _print(text: str) -> None:
    # A program without a console has no stderr.
    if text and sys.stderr is not None:
        sys.stderr.write(text)
        sys.stderr.flush()


class _Printed(io.StringIO):
    def fileno(self) -> int:
        """Return where processes that are started write to."""
        return sys.__stderr__.fileno() if sys.__stderr__ is not None else super().fileno()
