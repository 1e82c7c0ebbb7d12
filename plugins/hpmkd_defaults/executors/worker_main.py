"""What a worker process does: one task after the other, until its parent is gone."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle

from hpmkd.errors import HpmkdError
from hpmkd.execution.toolkit.sharing import PROTOCOL, unpack
from hpmkd.values import Lost
from hpmkd_defaults.executors import memmap

#: What a worker says once it can be given tasks, and when it begins one:
#: what the task needs is loaded then, and its time runs.
READY, BEGUN = b"ready", b"begun"
#: Seconds between looks at whether the parent is still there.
PARENT_SEEN_EVERY = 0.5
#: Seconds without a task after which a worker prepares itself for those to come.
IDLE = 0.05


def serve(connection: Connection, parent: int) -> None:
    """Answer every task that comes over the connection.

    Parameters
    ----------
    connection : Connection
        Brings ``(body, task)``, both packed: the body is what
        :func:`hpmkd.execution.toolkit.sharing.pack` made of function and shared value, None if it
        is the one that came last. Takes `BEGUN` and what :func:`answer` returns. A body without a
        task is for when there is nothing to do.
    parent : int
        Process number of the other side.
    """
    # Ctrl-C reaches every process of the terminal; what it means is the parent's to decide.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    pieces, call, ahead = _Pieces(), _nothing, None
    try:
        connection.send_bytes(READY)
        while True:
            if ahead is not None and not connection.poll(IDLE):
                _prepare(ahead)
                ahead = None
            body, task = connection.recv()
            if task is None:
                ahead = _Call(body, pieces)
                continue
            if body is not None:
                call = _Call(body, pieces)
            connection.send_bytes(answer(call, task, partial(connection.send_bytes, BEGUN)))
    except (EOFError, OSError):
        return  # the parent has closed the connection, or has ended


def answer(
    call: Callable[[bytes, Callable[[], None]], Any], task: bytes, begin: Callable[[], None]
) -> bytes:
    """Return the pickle of ``(True, result)``, or of ``(False, exception)``.

    A result that cannot be pickled is as good as lost.
    """
    content: bytes
    try:
        result = call(task, begin)
    except Exception as error:
        content = cloudpickle.dumps((False, _portable(error)), protocol=PROTOCOL)
        return content
    try:
        content = cloudpickle.dumps((True, result), protocol=PROTOCOL)
    except Exception as error:
        reason = f"its result cannot be sent by a worker process: {type(error).__name__}: {error}"
        content = cloudpickle.dumps((True, Lost(reason)), protocol=PROTOCOL)
    return content


class _Call:
    """A batch's function and shared value; unpacked when a task first needs them."""

    def __init__(self, body: bytes, pieces: _Pieces) -> None:
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


def _prepare(call: _Call) -> None:
    # Whatever goes wrong will go wrong again in a task, and be told there.
    with suppress(Exception):
        function, shared = call.unpacked()
        function(shared)


class _Pieces:
    """Pieces by the paths of their files; each is read once, and kept as long as its file."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def read(self, path: str) -> Any:
        if path not in self._known:
            try:
                self._known[path] = memmap.load(path)
            except OSError as error:
                raise HpmkdError(
                    f"{path}: cannot be read by a worker process: {error.strerror}; the folder "
                    "must stay as it is until the run has ended. Type the command again"
                ) from error
        return self._known[path]

    def drop_removed(self) -> None:
        for path in [path for path in self._known if not os.path.exists(path)]:
            del self._known[path]


def _portable(error: Exception) -> Exception:
    """Return the exception with a note of where it was raised; in words if it cannot travel."""
    where = "".join(traceback.format_exception(error))
    try:
        # One that does not survive pickling would look like a dead worker.
        pickle.loads(cloudpickle.dumps(error))
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"in a worker process:\n{where}")
    return error


def _end_with(parent: int) -> None:
    """End this process soon after its parent, even within a task: nobody wants the result."""
    while os.getppid() == parent:
        time.sleep(PARENT_SEEN_EVERY)
    os._exit(1)


def _nothing(task: bytes, begin: Callable[[], None]) -> Any:
    raise RuntimeError("a task came before its batch")
