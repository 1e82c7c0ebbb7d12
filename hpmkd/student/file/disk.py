"""Content of student files, to and from disk."""

from __future__ import annotations

import os
import stat
from mmap import ACCESS_READ, mmap
from pathlib import Path

from hpmkd.errors import StudentFileError
from hpmkd.files import write_atomically
from hpmkd.student.file.container import LARGEST_FILE, damaged

# A map shares its pages between all processes that load the file. But if someone truncates a
# mapped file in place, touching what is gone kills the process (SIGBUS), and no Python code
# can catch that. A small file saves nothing by it: it is read, and then is safe.
_MAPPED_FROM = 2**20


def read_content(path: str | os.PathLike[str]) -> bytes | mmap:
    """Read a small file, map a large one.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    bytes or mmap
        A read-only map from 1 MB on. Replacing the file, as :func:`write_content` does,
        leaves the map as it was; it must not be truncated or altered in place.

    Raises
    ------
    StudentFileError
        The file is missing, unreadable, or too long for a student file.
    """
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(_MAPPED_FROM)
            if len(content) < _MAPPED_FROM:
                return content
            found = os.fstat(stream.fileno())
            if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST_FILE:
                return mmap(stream.fileno(), 0, access=ACCESS_READ)
    except OSError as error:
        raise StudentFileError(
            f"cannot read the student {str(path)!r}: {error.strerror}; pass the path of a "
            ".hpmkd file"
        ) from error
    except ValueError as error:  # of mmap: it is empty by now
        raise damaged("it shrank while it was read") from error
    raise damaged(f"it is no regular file of at most {LARGEST_FILE:,} bytes")


def write_content(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file, whole or not at all.

    Parameters
    ----------
    path : path-like
        Where; the folder must exist, a file in the way is replaced.
    content : bytes

    Returns
    -------
    Path

    Raises
    ------
    StudentFileError
        The file cannot be written.
    """
    try:
        return write_atomically(path, content)
    except OSError as error:
        raise StudentFileError(
            f"cannot write the student to {str(path)!r}: {error.strerror}; choose a path "
            "in an existing folder that you may write to"
        ) from error
