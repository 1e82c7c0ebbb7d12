"""Keeps Dask's logging to itself: importing and using it must not change that of the caller."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

#: Loggers of others that importing Dask sets, for they would be loud beside it.
FOREIGN = ("bokeh", "tornado", "tornado.application")


@contextlib.contextmanager
def foreign_loggers_kept() -> Iterator[None]:
    """Leave loggers that are not Dask's as they were, around its import.

    An application that is itself built on Tornado would else hear no more of its errors.
    """
    loggers = [logging.getLogger(name) for name in FOREIGN]
    before = [(each.level, each.propagate, list(each.handlers)) for each in loggers]
    try:
        yield
    finally:
        for each, (level, propagate, handlers) in zip(loggers, before, strict=True):
            each.setLevel(level)
            each.propagate = propagate
            each.handlers[:] = handlers


class Hush(logging.Filter):
    """Drops what Dask logs in one thread, that of our own event loop.

    What matters is told by warnings and errors. Other clients in this process have other
    threads and go on logging.

    Parameters
    ----------
    thread : int
        Its identifier.
    """

    def __init__(self, thread: int) -> None:
        super().__init__()
        self._thread = thread
        self._places: list[logging.Filterer] = []

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is of another thread."""
        return record.thread != self._thread

    def start(self) -> None:
        """Begin."""
        # A filter is asked only by the logger that a record was made with, so it sits on each
        # that there is; and on Dask's handler, for those that are yet to come.
        known = list(logging.root.manager.loggerDict.items())
        self._places = [
            each
            for name, each in known
            if isinstance(each, logging.Logger) and name.partition(".")[0] in DASK
        ]
        self._places += logging.getLogger("distributed").handlers
        for each in self._places:
            each.addFilter(self)

    def stop(self) -> None:
        """End."""
        for each in self._places:
            each.removeFilter(self)
        self._places.clear()


#: Whose loggers are meant.
DASK = ("dask", "distributed", "tornado", "asyncio")
