"""Files that are written whole or not at all, and what to do where they cannot be written."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from hpmkd.errors import RunFolderError

#: Characters of a file's name that are in that of its draft's folder, which would else be too long.
LONGEST_PREFIX = 40


def write_atomically(path: str | os.PathLike[str], content: bytes, mode: int | None = None) -> Path:
    """Write a file, replacing one in the way; a failure changes nothing.

    Parameters
    ----------
    path : path-like
        Where; the folder must exist.
    content : bytes
        All of it.
    mode : int, optional
        Its permissions; see :func:`replacing`.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    OSError
        The file cannot be written; see :func:`replacing`.
    """
    with replacing(path, mode) as draft:
        draft.write_bytes(content)
    return Path(path)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], mode: int | None = None) -> Iterator[Path]:
    """Give an empty draft to write to, which takes the place of a file at the end of the block.

    Only a regular file is replaced. Of a symbolic link it is the file that the link leads to, and
    the link stays. If the block fails, nothing changes.

    Parameters
    ----------
    path : path-like
        Where; the folder must exist.
    mode : int, optional
        Permissions of the file, less the process's umask. By default those of the file in the
        way; of a new file, read and write.

    Yields
    ------
    Path
        The draft, which has the name of the file, in a folder of its own.

    Raises
    ------
    FileExistsError
        There is something that is not a regular file. An empty path is the folder we are in.
    OSError
        The file cannot be written.
    """
    import tempfile  # who only reads need not load it

    target = Path(os.path.realpath(path))
    # A link that is left leads to itself.
    if os.path.lexists(target) and not target.is_file():
        raise FileExistsError(
            errno.EEXIST, "it exists and is not a regular file but a folder, device or pipe"
        )
    # In the same folder, for only there is replacing atomic.
    prefix = f".{target.name[:LONGEST_PREFIX]}."
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=prefix) as folder:
        draft = Path(folder) / target.name
        draft.touch(0o666 if mode is None else mode)
        yield draft
        sync(draft)
        if mode is None and target.exists():
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
        os.replace(draft, target)


def sync(path: Path) -> None:
    """Have what was written to a file reach the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether writes there leave at once: to a pipe, terminal or device."""
    try:
        kind = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))


@contextlib.contextmanager
def explain_write_errors(path: Path, cure: str = "choose another --out") -> Iterator[None]:
    """Raise what to do where a file or folder cannot be written.

    Raises
    ------
    RunFolderError
        For any OSError inside.
    """
    try:
        yield
    except OSError as error:
        file = file_above(path.parent)
        why = error.strerror or error if file is None else f"{file} is a file, not a folder"
        raise RunFolderError(f"cannot write {path}: {why}; {cure}") from error


def file_above(path: Path) -> Path | None:
    """Return the first part of a path that is a file, below which there are none; or None."""
    # Of the names that cannot be looked up, too long ones above all, Path.exists raises an error.
    for part in (*reversed(path.parents), path):
        if os.path.exists(part) and not os.path.isdir(part):
            return part
    return None
