"""Signs of life of what has no steps to count, or takes its time between two of them."""

from __future__ import annotations

import abc
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import click

SECONDS_BETWEEN_LINES = 2.0
#: Between two measurements of the memory, and between two looks at the silence.
SECONDS_BETWEEN_LOOKS = 1.0
#: After so long without a word, one says that the run goes on.
SECONDS_OF_SILENCE = 30.0


@contextlib.contextmanager
def beating(seconds: float, beat: Callable[[], None]) -> Iterator[None]:
    """Call `beat` every so many seconds, in a thread of its own, as long as the block runs."""
    ended = threading.Event()

    def go() -> None:
        while not ended.wait(seconds):
            beat()

    teller = threading.Thread(target=go, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


class Heartbeat(abc.ABC):
    """Looks around every second, from when it is entered until it is left."""

    def __init__(self) -> None:
        self._beat = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._beat.enter_context(beating(SECONDS_BETWEEN_LOOKS, self.look))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._beat.close()

    @abc.abstractmethod
    def look(self) -> None:
        """See whether there is anything to say; called in a thread of its own."""


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on stderr, every two seconds, how long something takes that has no steps to count."""
    started = time.monotonic()

    def tell() -> None:
        click.echo(f"{what}: {time.monotonic() - started:.0f} s", err=True)

    with beating(SECONDS_BETWEEN_LINES, tell):
        yield
