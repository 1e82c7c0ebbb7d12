"""A file that one process holds, and reads and writes at any place."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from hpmkd.errors import RunFolderError

_PIECE = 1 << 20


def locked(path: Path) -> int:
    """Open a file that nobody else has open so; the lock ends with the process, however it ends."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it before may have replaced it in between.
            if path.exists() and os.path.samestat(os.fstat(file), path.stat()):
                return file
        except BlockingIOError as error:
            os.close(file)
            raise RunFolderError(
                f"another process is at work on {path.parent}; wait for its end, or choose "
                "another folder"
            ) from error
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def put(file: int, at: int, content: bytes | memoryview) -> None:
    """Write all of something at a place in a file."""
    view = memoryview(content)
    while view:
        written = os.pwrite(file, view, at)
        at, view = at + written, view[written:]


def pieces(file: int, at: int, length: int) -> Iterator[bytes]:
    """Yield a part of a file; what is behind its end is left out."""
    end = at + length
    while at < end:
        piece = os.pread(file, min(end - at, _PIECE), at)
        if not piece:
            return
        yield piece
        at += len(piece)
