"""The connection to a scheduler: one client, its event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any

from hpmkd.errors import PluginError


@contextlib.contextmanager
def _loggers_preserved() -> Iterator[None]:
    """Restore other libraries' loggers, which Dask changes when it is imported.

    Otherwise they get noisy, and an application built on Tornado loses its errors.
    """
    loggers = [logging.getLogger(name) for name in ("bokeh", "tornado", "tornado.application")]
    before = [(each.level, each.propagate, list(each.handlers)) for each in loggers]
    yield
    for each, (level, propagate, handlers) in zip(loggers, before, strict=True):
        each.setLevel(level)
        each.propagate, each.handlers = propagate, handlers


with _loggers_preserved():
    from distributed import Client
    from distributed.utils import LoopRunner
    from distributed.versions import VersionMismatchWarning

if TYPE_CHECKING:
    from collections.abc import Callable


class _Random(random.Random):
    """A generator that stands in for the module ``random``."""

    def __getattr__(self, name: str) -> Any:
        return getattr(random, name)


# Dask draws from the generator of the whole process, in threads of its own: the caller's numbers
# would depend on it.
for _name, _module in list(sys.modules.items()):
    if _name.startswith(("distributed", "dask.sizeof")) and vars(_module).get("random") is random:
        vars(_module)["random"] = _Random()

#: Seconds in which a scheduler must answer, and in which the client leaves it.
ANSWERS_WITHIN = 10.0
LEAVES_WITHIN = 2.0
#: Seconds between two checks that a scheduler that is to answer is still there.
CHECK_EVERY = 0.2
#: After so many checks the client has noticed that it is gone.
NOTICED_IN = 5


class Connection:
    """A client of a scheduler.

    Nothing of it is global: not the default client of this process, not its configuration, not
    its random numbers.

    Parameters
    ----------
    address : str
        Of the scheduler.

    Raises
    ------
    PluginError
        If no scheduler answers, or one of another version of Dask.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.client: Any = None
        self._runner = LoopRunner(asynchronous=False)
        self._runner.start()
        self._loop = self._runner.loop.asyncio_loop
        # Cancelled calls leave errors that nothing awaits; asyncio would print them when they
        # are garbage, in whichever thread that is.
        self._loop.set_exception_handler(_ignore)
        try:
            self.client = _client(self.address, self._runner.loop)
        except BaseException:
            self.close()
            raise
        # Before a cluster of this machine ends with the interpreter: a client whose scheduler
        # goes first complains.
        atexit.register(self.close)

    def subscribe(self, topic: str, handler: Callable[[Any], None]) -> None:
        """Have `handler` called with each message of a topic, in the thread of the loop."""
        self.client.subscribe_topic(topic, lambda event: handler(event[1]))

    def submit(self, worker: str, key: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function on a worker and on no other; return Dask's future."""
        options = {"workers": [worker], "allow_other_workers": False, "pure": False}
        return self.client.submit(function, *arguments, key=key, **options)

    def start(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Future[Any]:
        """Call a method of the client in the thread of the loop; return its future."""
        return asyncio.run_coroutine_threadsafe(
            _awaited(function, *arguments, **options), self._loop
        )

    def call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Return the result of a method of the client, by way of the loop.

        Called from here, it would wait for a scheduler that is gone until its time is out.

        Raises
        ------
        PluginError
            If the scheduler goes away meanwhile.
        """
        pending = self.start(function, *arguments, **options)
        try:
            while not pending.done():
                self.require_alive()
                wait([pending], timeout=CHECK_EVERY)
            return pending.result()
        except OSError:
            self.require_alive_yet()
            raise
        finally:
            pending.cancel()

    def require_alive(self) -> None:
        """Raise unless the scheduler is there.

        Raises
        ------
        PluginError
            It is gone, and pending results with it.
        """
        if self.client.status != "running":
            raise PluginError(
                f"executor dask: the scheduler at {self.address} has gone away in the middle of "
                "the run; start it again, see its log for why, and repeat the command"
            )

    def require_alive_yet(self) -> None:
        """Do so after a connection has broken: to a worker, or to the scheduler.

        The client notices the latter in a moment.
        """
        for _ in range(NOTICED_IN):
            self.require_alive()
            time.sleep(CHECK_EVERY)

    def close(self) -> None:
        """Leave the scheduler."""
        atexit.unregister(self.close)
        try:
            if self.client is not None:
                self.client.close(timeout=LEAVES_WITHIN)
        finally:
            self._runner.stop()


class QuietClient(Client):  # type: ignore[misc]
    """A client that its owner closes, not the garbage collector.

    One that could not be made, for want of a scheduler, would complain a second time then.
    """

    def __del__(self) -> None:
        """Do nothing."""


async def _awaited(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    # In the thread of the loop methods return something to wait for. It is not cancelled
    # with us: Dask would pass that on to every later gather of the client.
    return await asyncio.shield(function(*arguments, **options))


def _ignore(loop: Any, context: Any) -> None:
    """Drop an error of the loop that no coroutine waits for any more."""


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
