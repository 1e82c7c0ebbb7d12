"""Ends the process soon when it is asked to: by Ctrl-C (SIGINT), or by SIGTERM."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from hpmkd.cli.child_processes import end_children
from hpmkd.cli.shutdown import ShutdownReport

#: How long a process may take to end in order, once it was asked to.
GRACE_SECONDS = 0.8
#: How long it may take to say its last words; whoever reads them may not.
WORDS_SECONDS = 0.5
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """The process was asked to end.

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
def stoppable(farewell: ShutdownReport) -> Iterator[None]:
    """Raise :class:`Stopped` at the first signal, and pay no heed to further ones.

    Before it is raised, `farewell` hears of it: some code, as the neural networks of
    scikit-learn, catches it and returns what is fitted by half.

    Python hears of a signal only when the code that runs comes back to it, which a long fit may
    not do for minutes. If the process has not ended in order after a while, it ends on the spot:
    all that was finished is on the disk already.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only there signals are heard; whoever started the thread sees to them
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    heard: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        if not heard:
            heard.append(number)
            farewell.asked()
            raise Stopped(number)

    # The system writes there at once, whatever the main thread is at.
    waked = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, hear) for number in SIGNALS}
    threading.Thread(target=_watch, args=(reading, farewell), daemon=True).start()
    try:
        yield
    finally:
        # Once a signal came, the watcher stays, and further ones are ignored, until the very end.
        if not heard:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(waked)
            os.close(writing)


def _watch(reading: int, farewell: ShutdownReport) -> None:
    """Wait for a signal, then for the end; bring it about if it does not come by itself."""
    number = 0
    while number not in SIGNALS:
        told = os.read(reading, 1)
        if not told:
            os.close(reading)
            return
        number = told[0]
    try:
        threading.Event().wait(GRACE_SECONDS)
        words = threading.Thread(target=_say, args=(farewell, 128 + number), daemon=True)
        words.start()
        words.join(WORDS_SECONDS)
        end_children()
    finally:
        os._exit(128 + number)


def _say(farewell: ShutdownReport, code: int) -> None:
    farewell.say()
    farewell.ended(code)
    sys.stderr.flush()
