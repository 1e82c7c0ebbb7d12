"""Brings what tasks share to the workers: large pieces once a run, the small rest with a batch."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd.execution.toolkit import Names, pack
from hpmkd_dask.task import Piece, hold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd_dask.cluster import Cluster


@dataclass(frozen=True)
class Packed:
    """A shared value, ready to be sent: its body, and its large pieces by name."""

    name: str
    body: Piece
    pieces: Mapping[str, Piece]


class ScatteredData:
    """The pieces of a run that workers hold, as Dask's futures.

    A piece is sent once, to one worker, and the others fetch it from there. Each holds it as
    the result of a task of its own: Dask removes mere copies again.

    Parameters
    ----------
    cluster : Cluster
        Where.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._names = Names()
        self._numbers = itertools.count(1)
        self._sent: dict[str, Any] = {}
        self._futures: dict[str, dict[str, Any]] = {}

    def pack(self, shared: Any) -> Packed:
        """Pack a shared value."""
        for name in self._names.gone():
            self._forget(name)
        pieces: dict[str, Piece] = {}

        def name_of_piece(piece: Any) -> str:
            name, _ = self._names.of(piece)
            pieces[name] = Piece(piece)
            return name

        body = Piece(pack(shared, name_of_piece))
        return Packed(f"batch-{next(self._numbers)}", body, pieces)

    def on(self, worker: str, packed: Packed) -> tuple[Any, dict[str, Any]]:
        """Return the futures of a body and its pieces on a worker; send what is not there."""
        body = self._future(worker, packed.name, packed.body)
        return body, {
            name: self._future(worker, name, each) for name, each in packed.pieces.items()
        }

    def drop(self, packed: Packed) -> None:
        """Forget a body; its pieces stay for the next batch."""
        self._forget(packed.name)

    def forget_worker(self, worker: str) -> None:
        """Forget what was on a worker that has left."""
        self._futures.pop(worker, None)

    def _forget(self, name: str) -> None:
        self._sent.pop(name, None)
        for futures in self._futures.values():
            futures.pop(name, None)

    def _future(self, worker: str, name: str, piece: Piece) -> Any:
        connection, futures = self._cluster.connection, self._futures.setdefault(worker, {})
        if name in futures and futures[name].status in ("pending", "finished"):
            return futures[name]
        if name not in self._sent or self._sent[name].status != "finished":
            # It may have been on one worker alone, and gone with it.
            self._sent[name] = connection.call(
                connection.client.scatter, piece, workers=[worker], hash=False
            )
        key = f"hpmkd-hold-{uuid.uuid4().hex}"
        futures[name] = connection.submit(worker, key, hold, self._sent[name])
        return futures[name]
