"""Worker processes of a Dask cluster, here or elsewhere."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from hpmkd_dask.batch import ClusterBatch
from hpmkd_dask.cluster import Cluster
from hpmkd_dask.local import LocalWorkers
from hpmkd_dask.scattered import ScatteredData

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Worker processes of a cluster of this machine by default.
DEFAULT_WORKERS = 2


class DaskExecutor:
    """Runs each task in a worker process of a Dask cluster, one at a time in each.

    Without an address it is a ``LocalCluster`` whose workers are processes of one thread on
    loopback, started with the first task and ended when the executor is closed. Large arrays
    and frames are scattered once a run. A worker that leaves is survived.

    Parameters
    ----------
    address : str
        Of a Dask scheduler; empty for a cluster of this machine.
    workers : int or None
        Processes of the cluster of this machine, 2 if None; of another how many are used at
        most, all if None.
    patience : float
        Seconds to wait for a worker when there is none.

    Raises
    ------
    PluginError
        If no scheduler answers at the address.
    """

    #: A task can be given up: its worker is ended.
    gives_up = True

    def __init__(
        self, *, address: str = "", workers: int | None = None, patience: float = 60.0
    ) -> None:
        self._address, self._patience = address, patience
        self._limit = workers if address else workers or DEFAULT_WORKERS
        #: Whether workers are there already; those of this machine are started when needed.
        self.standing = bool(address)
        #: Whether the workers are processes of this machine: unknown of a cluster elsewhere.
        self.local = not address
        self._lock = threading.Lock()
        self._own: LocalWorkers | None = None
        self._cluster: Cluster | None = None
        self._data: ScatteredData | None = None
        #: How many tasks run at once; of a cluster elsewhere, as many as it has workers now.
        self.workers = self._connected()[0].workers if address else self._limit or 1

    def run(
        self,
        function: Callable[[Any, Any], Any],
        shared: Any,
        tasks: Sequence[Any],
        *,
        timeout: float | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """Yield ``(index, function(shared, tasks[index]))`` as the tasks complete.

        Raises
        ------
        PluginError
            If there is no scheduler or no worker, if versions differ, or if the scheduler goes
            away.
        """
        if not tasks:
            return
        cluster, data = self._connected()
        batch = ClusterBatch(cluster, data, function, shared, tasks, timeout, self._patience)
        with contextlib.closing(batch.results()) as results:
            for result in results:
                if self._address:
                    self.workers = cluster.workers
                yield result

    def close(self) -> None:
        """Leave the cluster; end the one of this machine."""
        with self._lock:
            cluster, own = self._cluster, self._own
            self._cluster = self._data = self._own = None
        try:
            if cluster is not None:
                cluster.close()
        finally:
            if own is not None:
                own.close()

    def _connected(self) -> tuple[Cluster, ScatteredData]:
        with self._lock:
            if self._cluster is None or self._data is None:
                if not self._address and self._own is None:
                    self._own = LocalWorkers(self._limit or 1)
                address = self._address if self._own is None else self._own.address
                self._cluster = Cluster(address, self._limit)
                self._data = ScatteredData(self._cluster)
            return self._cluster, self._data
