"""Runs one task in a worker, and returns its outcome as bytes.

Payloads and results are pickled here and not by Dask, so that a worker that lacks a module
can say which, and so that components defined in a script or a notebook travel.
"""

from __future__ import annotations

import contextlib
import pickle
import sys
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import cloudpickle
import numpy as np
import threadpoolctl

from hpmkd.execution.toolkit import portable_exception, size_of_piece, unpack

#: Outcomes of a task.
DONE, RAISED, UNREADABLE = "done", "raised", "unreadable"

#: Boundary, in bytes, at which arrays begin; some kernels need more than that of a number.
ALIGNMENT = 16


class Piece:
    """A shared value as Dask keeps it on a worker, where all tasks see the same object.

    Parameters
    ----------
    value : ndarray, DataFrame or bytes
        The piece; where it has arrived, an array is read-only.
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (self.value,)

    def __sizeof__(self) -> int:
        """Return how many bytes it has, for Dask's accounts."""
        return size_of_piece(self.value) or sys.getsizeof(self.value)


def _arrived(value: Any) -> Piece:
    if not isinstance(value, np.ndarray):
        return Piece(value)
    # Buffers of a message may begin anywhere.
    settled = value.view() if value.ctypes.data % ALIGNMENT == 0 else value.copy(order="K")
    settled.flags.writeable = False
    return Piece(settled)


#: What this process has unpacked, as long as Dask keeps what it was unpacked from: a batch has
#: many tasks and one shared value.
_unpacked: weakref.WeakKeyDictionary[Piece, Any] = weakref.WeakKeyDictionary()


def call(
    topic: str, key: str, payload: bytes, body: Piece, pieces: Mapping[str, Piece]
) -> tuple[str, Any]:
    """Run one task.

    Parameters
    ----------
    topic : str
        Where the client reads that the task `key` has started, and whether a nanny watches over
        the worker.
    key : str
        Name of the task.
    payload : bytes
        Pickle of the function and the task.
    body : Piece
        The shared value, packed.
    pieces : mapping
        Its pieces by name.

    Returns
    -------
    tuple
        What became of it; with its result or exception pickled, or with what could not be read
        and the module that was missing for it, if one was.
    """
    # Not above: the client imports Dask with more care.
    from distributed import get_worker

    try:
        function, task = pickle.loads(payload)
        shared = _shared(body, pieces)
    except Exception as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        return UNREADABLE, (f"{type(error).__name__}: {error}", missing)
    # From here on the time of the task is counted; a first one may have had much to import.
    worker = get_worker()
    worker.log_event(topic, [key, worker.nanny is not None])
    try:
        with one_thread():
            result = function(shared, task)
        return DONE, cloudpickle.dumps(result)
    except BaseException as error:
        # A task that ends itself must end neither the worker nor the client.
        return RAISED, cloudpickle.dumps(portable_exception(error, f"in worker {worker.address}"))


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Hold libraries that are loaded to one thread; a worker may be used by others as well."""
    numba = sys.modules.get("numba")
    before = 1 if numba is None else numba.config.NUMBA_NUM_THREADS
    if numba is not None and before > 1:
        # Before the others: when it starts its threads, numba sets those of OpenMP.
        before = numba.get_num_threads()
        numba.set_num_threads(1)
    try:
        with threadpoolctl.threadpool_limits(1):
            yield
    finally:
        if numba is not None and before > 1:
            numba.set_num_threads(before)


def _shared(body: Piece, pieces: Mapping[str, Piece]) -> Any:
    if body not in _unpacked:
        _unpacked[body] = unpack(body.value, lambda name: pieces[name].value)
    return _unpacked[body]


def hold(piece: Piece) -> Piece:
    """Keep a piece on a worker, as a result that Dask does not move away."""
    return piece
