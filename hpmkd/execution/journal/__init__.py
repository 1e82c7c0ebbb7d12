"""Where finished work is kept, so that a run that was stopped can go on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Journal(Protocol):
    """Where finished work is kept, and looked for before it is done."""

    @property
    def seconds(self) -> float:
        """Seconds that the run has taken, in this process and in those that were ended."""
        ...

    def get(self, name: str) -> Any:
        """Return the result that was put under a name; KeyError if there is none."""
        ...

    def put(self, name: str, result: T) -> T:
        """Keep a result; return it as :meth:`get` would, or as it is where it cannot be kept."""
        ...

    def kept(self, name: str, compute: Callable[[], T]) -> T:
        """Return the result of this name, computing and keeping it if it is missing."""
        ...


class NoJournal:
    """Keeps nothing: everything is done."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._started

    def get(self, name: str) -> Any:
        """Find nothing."""
        raise KeyError(name)

    def put(self, name: str, result: T) -> T:
        """Return a result as it is."""
        return result

    def kept(self, name: str, compute: Callable[[], T]) -> T:
        """Compute."""
        return compute()
