"""Signs of life of what has no steps to count, or takes its time between two of them."""

from __future__ import annotations

import abc
import threading
import time
from typing import Self

import click

SECONDS_BETWEEN_LINES = 2.0
SECONDS_BETWEEN_TICKS = 1.0
#: After so long without a line, one reports that the run is alive.
SECONDS_OF_SILENCE = 30.0


class Heartbeat(abc.ABC):
    """Calls :meth:`tick` every second, from when it is entered until it is left."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @abc.abstractmethod
    def tick(self) -> None:
        """Report what there is to report; called in a thread of its own."""

    def _beat(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN_TICKS):
            self.tick()


class Waiting(Heartbeat):
    """Prints on stderr, every two seconds, how long something without countable steps takes."""

    def __init__(self, task: str) -> None:
        super().__init__()
        self._task = task
        self._started = self._last = time.monotonic()

    def tick(self) -> None:
        """Print it."""
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            click.echo(f"{self._task}: {now - self._started:.0f} s", err=True)
