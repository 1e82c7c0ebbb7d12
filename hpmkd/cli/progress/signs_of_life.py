"""Signs of life of what has no steps to count, or takes its time between two of them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import click

SECONDS_BETWEEN_LINES = 2.0


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


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on stderr, every two seconds, how long something takes that has no steps to count."""
    started = time.monotonic()

    def tell() -> None:
        click.echo(f"{what}: {time.monotonic() - started:.0f} s", err=True)

    with beating(SECONDS_BETWEEN_LINES, tell):
        yield
