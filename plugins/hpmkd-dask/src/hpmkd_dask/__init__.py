"""Runs the tasks of hpmkd on a Dask cluster.

This module is imported whenever plugins are looked for, so it imports nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from hpmkd import Offer, hookimpl

if TYPE_CHECKING:
    from hpmkd.contracts import Executor

Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


@hookimpl
def hpmkd_executors() -> list[Offer[Executor]]:
    """Offer the executor."""
    return [Offer("dask", dask_executor, "processes of a Dask cluster, here or elsewhere")]


def dask_executor(
    *, address: str = "", workers: Count | None = None, patience: Seconds = 60.0
) -> Executor:
    """Build the executor; Dask is imported here and not before.

    Parameters
    ----------
    address : str
        Address of a Dask scheduler, e.g. ``tcp://10.0.0.1:8786``; empty for a local cluster
        that lives as long as the executor.
    workers : int, optional
        Worker processes of the cluster of this machine, 2 by default; of a cluster at
        an address how many are used at most, all by default.
    patience : float
        Seconds to wait for a worker when there is none.
    """
    from hpmkd_dask.executor import DaskExecutor

    return DaskExecutor(address=address, workers=workers, patience=patience)
