"""Keeps stdout for the result of a command, whatever plugins and libraries print."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def results_only() -> Iterator[None]:
    """Send what is printed inside the block to stderr: what comes after it is the result.

    By file descriptor, so that it holds for compiled code and for worker processes that are
    started inside the block, too; by name where a stream has none (in tests, notebooks).
    """
    sys.stdout.flush()
    try:
        number, other = sys.stdout.fileno(), sys.stderr.fileno()
    except (OSError, ValueError):
        with contextlib.redirect_stdout(sys.stderr):
            yield
        return
    kept = os.dup(number)
    os.dup2(other, number)
    try:
        # By name as well: with --json, stderr takes events alone and makes one of each line.
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, number)
        os.close(kept)
