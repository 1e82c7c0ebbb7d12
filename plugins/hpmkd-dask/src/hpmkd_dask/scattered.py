"""Brings what tasks share to the workers: large pieces once a run, the small rest with a batch."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd.execution.toolkit.sharing import Names, pack
from hpmkd_dask.task import Piece, hold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd_dask.cluster import Cluster


@dataclass(frozen=True)
class Parcel:
    """A shared value, ready to be sent.

    Parameters
    ----------
    name : str
        Of the batch.
    body : Piece
        The value without its pieces.
    pieces : mapping
        They, by name.
    """

    name: str
    body: Piece
    pieces: Mapping[str, Piece]


class Placing:
    """What of a run is on the workers, as Dask's futures.

    A thing is sent once, to one worker, and the others have it from there. Each holds it as
    the result of a task of its own: what is only a copy Dask takes away again.

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
        self._held: dict[str, dict[str, Any]] = {}

    def parcel(self, shared: Any) -> Parcel:
        """Pack a shared value."""
        for name in self._names.gone():
            self._forget(name)
        pieces: dict[str, Piece] = {}

        def name_of_piece(piece: Any) -> str:
            name, _ = self._names.of(piece)
            pieces[name] = Piece(piece)
            return name

        body = Piece(pack(shared, name_of_piece))
        return Parcel(f"batch-{next(self._numbers)}", body, pieces)

    def placed(self, parcel: Parcel, worker: str) -> tuple[Any, dict[str, Any]]:
        """Return the futures of a parcel's body and pieces on a worker, seeing to it all."""
        body = self._on(worker, parcel.name, parcel.body)
        return body, {name: self._on(worker, name, each) for name, each in parcel.pieces.items()}

    def drop(self, parcel: Parcel) -> None:
        """Forget the body of a parcel; its pieces stay for the next batch."""
        self._forget(parcel.name)

    def left(self, worker: str) -> None:
        """Forget what a worker held that has left."""
        self._held.pop(worker, None)

    def _forget(self, name: str) -> None:
        self._sent.pop(name, None)
        for held in self._held.values():
            held.pop(name, None)

    def _on(self, worker: str, name: str, piece: Piece) -> Any:
        client, held = self._cluster.client, self._held.setdefault(worker, {})
        if name in held and held[name].status in ("pending", "finished"):
            return held[name]
        if name not in self._sent or self._sent[name].status != "finished":
            # It may have been on one worker alone, and gone with it.
            scatter = client.scatter
            self._sent[name] = self._cluster.connection.ask(
                scatter, piece, workers=[worker], hash=False
            )
        held[name] = client.submit(
            hold,
            self._sent[name],
            key=f"hpmkd-hold-{uuid.uuid4().hex}",
            pure=False,
            workers=[worker],
            allow_other_workers=False,
        )
        return held[name]
