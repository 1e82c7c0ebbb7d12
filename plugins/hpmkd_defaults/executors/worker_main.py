"""The main loop of a worker process: one task after the other, until its parent is gone."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle

from hpmkd.errors import HpmkdError
from hpmkd.execution.toolkit import PROTOCOL, portable_exception, unpack
from hpmkd.values import Lost
from hpmkd_defaults.executors.shared_files import load

#: Messages of a worker that can be given tasks, and of one that begins its task:
#: what the task needs is loaded then, and its time runs.
READY, BEGUN = b"ready", b"begun"
#: Seconds between checks that the parent is still there.
PARENT_CHECKED_EVERY = 0.5
#: Seconds without a task after which a worker prepares itself for those to come.
IDLE = 0.05


def serve(connection: Connection, parent: int) -> None:
    """Run every task that comes over the connection.

    Parameters
    ----------
    connection : Connection
        Brings ``(body, task)``, both packed: the body is a function and its shared value, None if
        it is the one that came last. Takes `READY`, and for each task `BEGUN` and what
        :func:`packed_result` returns. A body without a task is for when there is nothing to do.
    parent : int
        Process number of the other side.
    """
    # Ctrl-C reaches every process of the terminal; the parent handles it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    pieces, call, ahead = Pieces(), None, None

    def begin() -> None:
        connection.send_bytes(BEGUN)

    try:
        connection.send_bytes(READY)
        while True:
            if ahead is not None and not connection.poll(IDLE):
                # An error here will occur again in a task, and be reported there.
                with suppress(Exception):
                    function, shared = ahead.unpacked()
                    function(shared)
                ahead = None
            body, task = connection.recv()
            if task is None:
                ahead = _Call(body, pieces)
                continue
            if body is not None:
                call = _Call(body, pieces)
            assert call is not None, "a task came before its batch"
            connection.send_bytes(packed_result(call, task, begin))
    except (EOFError, OSError):
        return  # the parent has closed the connection, or has ended


def packed_result(
    call: Callable[[bytes, Callable[[], None]], Any], task: bytes, begin: Callable[[], None]
) -> bytes:
    """Return the pickle of ``(True, result)``, or of ``(False, exception)``.

    A result that cannot be pickled is as good as lost.
    """
    try:
        outcome = True, call(task, begin)
    except Exception as error:
        outcome = False, portable_exception(error, "in a worker process")
    try:
        return bytes(cloudpickle.dumps(outcome, protocol=PROTOCOL))
    except Exception as error:
        reason = f"its result cannot be sent by a worker process: {type(error).__name__}: {error}"
        return pickle.dumps((True, Lost(reason)), protocol=PROTOCOL)


class _Call:
    """A batch's function and shared value; unpacked when a task first needs them."""

    def __init__(self, body: bytes, pieces: Pieces) -> None:
        self._body, self._pieces = body, pieces
        self._unpacked: tuple[Callable[..., Any], Any] | None = None

    def __call__(self, task: bytes, begin: Callable[[], None]) -> Any:
        function, shared = self.unpacked()
        unpacked = unpack(task, self._pieces.read)
        begin()
        return function(shared, unpacked)

    def unpacked(self) -> tuple[Callable[..., Any], Any]:
        if self._unpacked is None:
            self._pieces.drop_removed()
            self._unpacked = unpack(self._body, self._pieces.read)
        return self._unpacked


class Pieces:
    """Pieces by the paths of their files; each is read once, and stays as long as its file."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def read(self, path: str) -> Any:
        """Return the piece in a file."""
        if path not in self._loaded:
            try:
                self._loaded[path] = load(path)
            except OSError as error:
                raise HpmkdError(
                    f"{path}: cannot be read by a worker process: {error.strerror}; the folder "
                    "must stay unchanged until the run has ended. Run the command again"
                ) from error
        return self._loaded[path]

    def drop_removed(self) -> None:
        """Forget the pieces whose files are gone."""
        for path in [path for path in self._loaded if not os.path.exists(path)]:
            del self._loaded[path]


def _end_with(parent: int) -> None:
    """End this process soon after its parent, even within a task."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECKED_EVERY)
    os._exit(1)
