"""The processes that a process has started, and those that they have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


def descendants(number: int) -> Iterator[int]:
    """Yield the processes that a process has started, each after its own; none without /proc.

    Parameters
    ----------
    number : int
        Of the process.
    """
    for path in Path(f"/proc/{number}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # it has just ended
            for child in map(int, path.read_text("ascii").split()):
                yield from descendants(child)
                yield child
