"""Keeps what belongs to the caller's process from Dask: its random numbers and its loggers."""

from __future__ import annotations

import contextlib
import logging
import random
import sys
import threading
from collections.abc import Iterator
from typing import Any

#: Where Dask draws from the generator of the whole process, in threads of its own.
DRAWING = ("distributed", "dask.sizeof")
#: Loggers of others that importing Dask sets, for they would be loud beside it.
FOREIGN = ("bokeh", "tornado", "tornado.application")

_lock = threading.Lock()
_connections = 0


class Generator(random.Random):
    """A generator that its users take for the module ``random``."""

    def __getattr__(self, name: str) -> Any:
        """Return what the module has and a generator has not."""
        return getattr(random, name)


_generator = Generator()


def isolate_random() -> None:
    """Give Dask's modules a generator of their own while there are connections.

    Restoring the state of the caller's generator would give other threads the same numbers twice.
    """
    _count_connection(1)


def restore_random() -> None:
    """Undo :func:`isolate_random`; the last connection restores the modules."""
    _count_connection(-1)


def _count_connection(change: int) -> None:
    global _connections
    with _lock:
        _connections += change
        old, new = (random, _generator) if _connections else (_generator, random)
        for name, module in list(sys.modules.items()):
            if name.startswith(DRAWING) and vars(module).get("random") is old:
                vars(module)["random"] = new


@contextlib.contextmanager
def loggers_preserved() -> Iterator[None]:
    """Leave loggers that are not Dask's as they were, around its import.

    An application that is itself built on Tornado would else lose its errors.
    """
    loggers = [logging.getLogger(name) for name in FOREIGN]
    before = [(each.level, each.propagate, list(each.handlers)) for each in loggers]
    try:
        yield
    finally:
        for each, (level, propagate, handlers) in zip(loggers, before, strict=True):
            each.setLevel(level)
            each.propagate, each.handlers = propagate, handlers
