"""Sends shared data to processes: large pieces once, the small rest with every batch.

A *piece* is a large thing that does not change: a read-only array or a frame. It is known by
its identity, not by its content, because comparing contents would cost as much as sending them.
So a maker of batches should pass the same object again, instead of an equal one. A body is
a pickle (by cloudpickle: what a script or a notebook defines travels too) in which names stand
for the pieces.

An executor keeps one :class:`Names` and packs every batch with it::

    def name_of_piece(piece):
        held.append(piece)  # until the batch is over: it may have been made while pickling
        name, new = names.of(piece)
        if new:
            ...  # send it to wherever workers find it by its name
        return name

    body = pack(shared, name_of_piece)  # in the parent
    shared = unpack(body, found.__getitem__)  # in a worker
    for name in names.gone():
        ...  # this piece is out of reach
"""

from __future__ import annotations

import io
import itertools
import pickle
import sys
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import cloudpickle
import numpy as np

#: Bytes from which on a thing is a piece; smaller ones travel in the body.
LEAST = 16_384

#: PEP 574: the buffers of arrays can be left outside the pickle.
PROTOCOL = 5


def size_of_piece(value: Any) -> int:
    """Return how many bytes a piece has; 0 if the value is not a piece.

    A writeable array is none, whatever its size: it may have changed when it is seen again.
    Of objects in arrays and frames only the references count.
    """
    if type(value) is np.ndarray:
        size = 0 if value.flags.writeable else value.nbytes
    elif _is_frame(value):
        size = int(value.memory_usage().sum())
    else:
        size = 0
    return size if size >= LEAST else 0


def pack(shared: Any, name_of_piece: Callable[[Any], str]) -> bytes:
    """Pickle an object, with names in the place of its pieces.

    Parameters
    ----------
    shared : object
        Anything that cloudpickle can pickle.
    name_of_piece : callable
        Given each piece, as often as it occurs; returns the name that :func:`unpack` will ask
        for. What it raises is raised here.
    """
    file = io.BytesIO()
    _Packer(file, name_of_piece).dump(shared)
    return file.getvalue()


def unpack(body: bytes, piece_of_name: Callable[[str], Any]) -> Any:
    """Return what was packed.

    Parameters
    ----------
    body : bytes
        What :func:`pack` returned.
    piece_of_name : callable
        Returns the piece of a name; its arrays may be read-only.
    """
    return _Unpacker(io.BytesIO(body), piece_of_name).load()


class Names:
    """Names for pieces, for as long as each lives: the same piece has the same name.

    A name is never given again. Pieces are not kept alive.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Any], str]] = {}
        self._gone: deque[str] = deque()
        self._numbers = itertools.count(1)

    def of(self, piece: Any) -> tuple[str, bool]:
        """Return the name of a piece, and whether it is new."""
        known = self._known.get(id(piece))
        if known is not None and known[0]() is piece:
            return known[1], False
        name = f"piece-{next(self._numbers)}"
        alive = weakref.ref(piece, partial(self._died, id(piece), name))
        self._known[id(piece)] = (alive, name)
        return name, True

    def gone(self) -> list[str]:
        """Return the names of pieces that have died since the last call."""
        # One by one: a piece may die, in any thread, meanwhile.
        return [self._gone.popleft() for _ in range(len(self._gone))]

    def _died(self, identity: int, name: str, alive: weakref.ref[Any]) -> None:
        # Another piece may have taken its place in memory, and here, already.
        known = self._known.get(identity)
        if known is not None and known[0] is alive:
            del self._known[identity]
        self._gone.append(name)


class _Packer(cloudpickle.Pickler):  # type: ignore[misc]
    def __init__(self, file: io.BytesIO, name_of_piece: Callable[[Any], str]) -> None:
        super().__init__(file, protocol=PROTOCOL)
        self._name_of_piece = name_of_piece

    def persistent_id(self, value: Any) -> str | None:
        return self._name_of_piece(value) if size_of_piece(value) else None


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, piece_of_name: Callable[[str], Any]) -> None:
        super().__init__(file)
        self._piece_of_name = piece_of_name

    def persistent_load(self, name: str) -> Any:
        return self._piece_of_name(name)


def _is_frame(value: Any) -> bool:
    # Who has a frame has imported pandas; this module need not.
    pandas = sys.modules.get("pandas")
    return pandas is not None and type(value) is pandas.DataFrame
