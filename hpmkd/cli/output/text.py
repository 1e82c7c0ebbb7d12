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
        out, err = sys.stdout.fileno(), sys.stderr.fileno()
    except (OSError, ValueError):
        with contextlib.redirect_stdout(sys.stderr):
            yield
        return
    saved = os.dup(out)
    os.dup2(err, out)
    try:
        # By name as well, so that lines come in the order in which they are printed.
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()
        os.dup2(saved, out)
        os.close(saved)
