"""A task that was given to a worker."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from hpmkd_dask.task import call


@dataclass
class Attempt:
    """A task that was given to a worker.

    Parameters
    ----------
    index : int
        Of the task.
    worker : str
        Its address.
    future : distributed.Future
        The result, there.
    fetched : concurrent.futures.Future
        The result, here.
    deadline : float or None
        When it is given up, on the clock of ``time.monotonic``; None before it has started.
    nanny : bool
        Whether its worker would come back if it were killed.
    """

    index: int
    worker: str
    future: Any
    fetched: Future[Any]
    deadline: float | None = None
    nanny: bool = False

    @classmethod
    def submit(cls, client: Any, index: int, worker: str, key: str, *arguments: Any) -> Attempt:
        """Give :func:`call` to a worker and to no other, and have the result fetched."""
        future = client.submit(
            call,
            *arguments,
            key=key,
            pure=False,
            workers=[worker],
            allow_other_workers=False,
        )
        loop = client.loop.asyncio_loop
        fetched = asyncio.run_coroutine_threadsafe(_fetch(client, future), loop)
        return cls(index, worker, future, fetched)

    def drop(self) -> None:
        """Release the result; a task that has started goes on."""
        self.fetched.cancel()
        self.future.release()


async def _fetch(client: Any, future: Any) -> Any:
    return await client.gather(future, asynchronous=True)
