"""A worker process of a cluster of this machine: ``python -m hpmkd_dask.process ADDRESS FOLDER``.

Dask's own worker command would do. This one starts faster, has no supervisor process beside
it (the executor is that), says nothing, and is deaf to Ctrl-C: the client decides what ends.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys


async def serve(address: str, folder: str) -> None:
    """Work for a scheduler until it is gone."""
    from distributed import Worker

    # What matters of the log reaches the client by other ways.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    # Without a limit of memory: what one process of many may use only the system knows.
    worker = Worker(
        address,
        host="127.0.0.1",
        nthreads=1,
        memory_limit=0,
        local_directory=folder,
        dashboard=False,
        death_timeout=30,
    )
    async with worker:
        await worker.finished()


def main() -> None:
    """Serve, and end even while a task still runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(serve(*sys.argv[1:]))
    os._exit(0)


if __name__ == "__main__":
    main()
