"""The connection to a scheduler: one client, its event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
import tempfile
import threading
import time
import weakref
from concurrent.futures import wait
from typing import TYPE_CHECKING, Any

from hpmkd.errors import PluginError
from hpmkd_dask.apart import APART
from hpmkd_dask.quiet import Hush, foreign_loggers_kept

with foreign_loggers_kept():
    from distributed import Client, LocalCluster
    from distributed.utils import LoopRunner
    from distributed.versions import VersionMismatchWarning

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds in which a scheduler must answer, and in which it is taken leave of.
ANSWERS_WITHIN = 10.0
LEAVES_WITHIN = 2.0
#: Seconds between two looks whether a scheduler that is asked something is still there.
GLANCE = 0.2
#: So many of them later the client knows that it is not.
NOTICED_IN = 5


class Connection:
    """A client of a scheduler, which is somewhere or made here.

    Nothing of it is global: not the default client of this process, not its configuration, not
    its logging, its random numbers or ``sys.path``.

    Parameters
    ----------
    address : str
        Of the scheduler; empty to make one on loopback, without workers and dashboard.

    Raises
    ------
    PluginError
        If no scheduler answers, or one of another version of Dask.
    """

    def __init__(self, address: str) -> None:
        self._end = weakref.finalize(self, APART.leave)
        APART.enter()
        self._runner = LoopRunner(asynchronous=False)
        self._runner.start()
        self._hush = Hush(self._runner.run_sync(_thread))
        self._hush.start()
        # What is cut short leaves errors that nobody waits for; asyncio would tell of them when
        # they are garbage, in whichever thread that is.
        self._runner.loop.asyncio_loop.set_exception_handler(_told_to_nobody)
        self._local: _LocalScheduler | None = None
        self.client: Any = None
        self.address = address
        try:
            if not address:
                self._local = _LocalScheduler(self._runner.loop)
                self.address = self._local.address
            self.client = _client(self.address, self._runner.loop)
        except BaseException:
            self.close()
            raise

    def hear(self, topic: str, handler: Callable[[Any], None]) -> None:
        """Have `handler` called with each message of a topic, in the thread of the loop."""
        self.client.subscribe_topic(topic, lambda event: handler(event[1]))

    def ask(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Return what a method of the client or of its scheduler answers, by way of the loop.

        Called from here, they would wait for a scheduler that is gone until their time is out.

        Raises
        ------
        PluginError
            If the scheduler goes away meanwhile.
        """
        loop = self._runner.loop.asyncio_loop
        asked = asyncio.run_coroutine_threadsafe(_awaited(function, *arguments, **options), loop)
        try:
            while not asked.done():
                self.require_alive()
                wait([asked], timeout=GLANCE)
            return asked.result()
        except OSError:
            self.require_alive_yet()
            raise
        finally:
            asked.cancel()

    def require_alive(self) -> None:
        """Raise unless the scheduler is there.

        Raises
        ------
        PluginError
            It is gone, and with it what was on its way.
        """
        if self.client.status != "running":
            raise PluginError(
                f"executor dask: the scheduler at {self.address} has gone away in the middle of "
                "the run; start it again, see its log for why, and repeat the command"
            )

    def require_alive_yet(self) -> None:
        """Do so after a connection has broken: to a worker, or to the scheduler.

        Of the latter the client hears in a moment.
        """
        for _ in range(NOTICED_IN):
            self.require_alive()
            time.sleep(GLANCE)

    def tell(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> None:
        """Do as :meth:`ask` does, and wait for no answer."""
        loop = self._runner.loop.asyncio_loop
        asyncio.run_coroutine_threadsafe(_awaited(function, *arguments, **options), loop)

    def close(self) -> None:
        """Leave the scheduler; one that was made here ends."""
        try:
            if self.client is not None:
                self.client.close(timeout=LEAVES_WITHIN)
            if self._local is not None:
                self._local.close()
        finally:
            self._runner.stop()
            self._hush.stop()
            self._end()


class _LocalScheduler:
    """A scheduler on loopback, without workers and dashboard."""

    def __init__(self, loop: Any) -> None:
        self._folder = tempfile.mkdtemp(prefix="hpmkd-dask-")
        self._clean = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._cluster = LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            host="127.0.0.1",
            # Any free port for its health check; no dashboard.
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False, "local_directory": self._folder},
            silence_logs=False,
            loop=loop,
        )
        self.address: str = self._cluster.scheduler_address
        # For modules that clients upload, of which there are none. It would be taken away again
        # only if nothing had come before it.
        scratch = self._cluster.scheduler.local_directory
        if scratch in sys.path:
            sys.path.remove(scratch)

    def close(self) -> None:
        try:
            self._cluster.close(timeout=LEAVES_WITHIN)
        finally:
            # It stays with the logger until the scheduler is garbage, and has no public name.
            handler = getattr(self._cluster.scheduler, "_deque_handler", None)
            if handler is not None:
                logging.getLogger("distributed.scheduler").removeHandler(handler)
            self._clean()


class QuietClient(Client):  # type: ignore[misc]
    """A client that closes when it is told to, and not as garbage.

    One that could not be made, for want of a scheduler, would complain a second time then.
    """

    def __del__(self) -> None:
        """Do nothing."""


async def _awaited(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    # In the thread of the loop they return something to wait for.
    return await function(*arguments, **options)


def _told_to_nobody(loop: Any, context: Any) -> None:
    """Drop an error of the loop that no coroutine waits for any more."""


async def _thread() -> int:
    return threading.get_ident()


def _client(address: str, loop: Any) -> Any:
    try:
        client = QuietClient(
            address, loop=loop, timeout=ANSWERS_WITHIN, set_as_default=False, name="hpmkd"
        )
    except (OSError, ValueError, TypeError, RuntimeError, VersionMismatchWarning) as error:
        raise PluginError(
            f"executor.address: no Dask scheduler can be reached at {address!r} "
            f"({type(error).__name__}: {error}); expected an address such as "
            "tcp://10.0.0.1:8786, as `dask scheduler` prints it. Without an address worker "
            "processes of this machine are used"
        ) from error
    found = client.get_versions()
    there = found["scheduler"]["packages"]["distributed"]
    here = found["client"]["packages"]["distributed"]
    if there != here:
        client.close(timeout=LEAVES_WITHIN)
        raise PluginError(
            f"executor.address: the scheduler at {address} has distributed {there}, here it is "
            f"{here}; install the same version on both: pip install distributed=={there}"
        )
    return client
