"""Ends the process soon after Ctrl-C (SIGINT) or SIGTERM."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from hpmkd.execution.process_tree import descendants

#: How long a process may take to end in order, after a signal.
GRACE_SECONDS = 0.8
#: How long it may take to write its report; its reader may hang.
REPORT_SECONDS = 0.5
#: How long killed processes are waited for; the system takes a moment for what had much memory.
GONE_SECONDS = 0.4
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """The process received a signal to end.

    Parameters
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        name = signal.Signals(number).name
        super().__init__(f"stopped by {'Ctrl-C (SIGINT)' if name == 'SIGINT' else name}")
        self.number = number


def exit_code(stopped: KeyboardInterrupt) -> int:
    """Return what a shell expects of a process that a signal ended."""
    return 128 + (stopped.number if isinstance(stopped, Stopped) else signal.SIGINT)


@contextlib.contextmanager
def stoppable(on_signal: Callable[[], object], report: Callable[[int], object]) -> Iterator[None]:
    """Raise :class:`Stopped` at the first signal, and ignore further ones.

    Python handles a signal only when the code that runs returns to it, which a long fit or a
    query may not do for minutes. If the process has not ended in order after a while, it ends on
    the spot: all that was finished is on the disk already.

    Parameters
    ----------
    on_signal : callable
        Called before it is raised: some code, such as the neural networks of scikit-learn,
        catches it and returns a half-fitted model.
    report : callable
        Called with the exit code where the process has to end on the spot.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals; its owner sees to them
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if not received:
            received.append(number)
            on_signal()
            raise Stopped(number)

    # The system writes there at once, whatever the main thread is at.
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, handle) for number in SIGNALS}
    threading.Thread(target=_watch, args=(reading, report), daemon=True).start()
    try:
        yield
    finally:
        # Once a signal came, the watcher stays, and further ones are ignored, until the very end.
        if not received:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(woken)
            os.close(writing)


def _watch(reading: int, report: Callable[[int], object]) -> None:
    """Wait for a signal, then for the end; bring it about if it does not come by itself."""
    number = 0
    while number not in SIGNALS:
        message = os.read(reading, 1)
        if not message:
            os.close(reading)
            return
        number = message[0]
    code = 128 + number

    def last_lines() -> None:
        report(code)
        sys.stderr.flush()

    try:
        time.sleep(GRACE_SECONDS)
        # Apart, for a pipe that is full would hold it up for ever.
        reporting = threading.Thread(target=last_lines, daemon=True)
        reporting.start()
        reporting.join(REPORT_SECONDS)
        _end_children()
    finally:
        os._exit(code)


def _end_children() -> None:
    """Kill all processes that this one has started, and theirs, and wait a little for their end.

    But for the resource trackers of multiprocessing and loky: they remove what others leave
    behind, and end by themselves.
    """
    late = time.monotonic() + GONE_SECONDS
    while (alive := [*_children()]) and time.monotonic() < late:
        for number in alive:
            with contextlib.suppress(OSError):
                os.kill(number, getattr(signal, "SIGKILL", signal.SIGTERM))
        time.sleep(0.01)


def _children() -> Iterator[int]:
    if not Path("/proc/self").is_dir():
        import multiprocessing

        yield from (each.pid for each in multiprocessing.active_children() if each.pid)
        return
    for number in descendants(os.getpid()):
        with contextlib.suppress(OSError):  # it has just ended
            place = Path(f"/proc/{number}")
            state = (place / "stat").read_text("ascii").rpartition(")")[2].split()[0]
            if state not in "ZX" and b"resource_tracker" not in (place / "cmdline").read_bytes():
                yield number
