"""Defers Ctrl-C during steps that must not be interrupted, here and in processes begun there."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker as standard
from types import FrameType
from typing import Any

from loky.backend import resource_tracker

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_back() -> Iterator[None]:
    """Defer exceptions that signals raise until the end.

    Blocking them would not do: another thread, which does not, takes the signal, and Python
    raises in the main thread all the same.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # nothing is raised in others
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    handlers: dict[int, Any] = {key: each for key, each in before.items() if callable(each)}
    pending: list[tuple[int, FrameType | None]] = []
    holding = True

    def handle(number: int, frame: FrameType | None) -> None:
        if holding:
            pending.append((number, frame))
        else:
            handlers[number](number, frame)

    with ExitStack() as ending:
        for number, handler in handlers.items():
            ending.callback(signal.signal, number, handler)
            signal.signal(number, handle)
        try:
            yield
        finally:
            holding = False
            for number, frame in pending:
                handlers[number](number, frame)


@contextmanager
def sigint_blocked_in_children() -> Iterator[None]:
    """Start processes that do not receive SIGINT before they ignore it.

    A process inherits what is blocked: it is not to be stopped while it is loading its libraries,
    in a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Where these processes have yet to be started, that would unblock the signal.
    standard.ensure_running()
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
