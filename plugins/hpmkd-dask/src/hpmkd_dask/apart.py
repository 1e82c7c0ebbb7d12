"""Gives Dask random numbers of its own: those of the caller must stay as they are."""

from __future__ import annotations

import random
import sys
import threading
from types import ModuleType
from typing import Any

#: Where Dask draws from the generator of the whole process, in threads that nobody sees.
DRAWING = ("distributed", "dask.sizeof")


class Generator(random.Random):
    """A generator that its users take for the module ``random``."""

    def __getattr__(self, name: str) -> Any:
        """Return what the module has and a generator has not."""
        return getattr(random, name)


class Apart:
    """Holds while connections of this process are open.

    To note the state of the caller's generator and to put it back in the end would give other
    threads the same numbers twice.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._generator = Generator()
        self._changed: list[ModuleType] = []

    def enter(self) -> None:
        """Begin; the first one sees to it."""
        with self._lock:
            self._holders += 1
            if self._holders > 1:
                return
            for name, module in list(sys.modules.items()):
                if name.startswith(DRAWING) and vars(module).get("random") is random:
                    vars(module)["random"] = self._generator
                    self._changed.append(module)

    def leave(self) -> None:
        """End; the last one puts it back."""
        with self._lock:
            self._holders -= 1
            if self._holders:
                return
            for module in self._changed:
                vars(module)["random"] = random
            self._changed.clear()


#: Shared by all connections, for so are Dask's modules.
APART = Apart()
