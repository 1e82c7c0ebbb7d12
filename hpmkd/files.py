"""Files that are written whole or not at all, and what to do where they cannot be written."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from hpmkd.errors import RunFolderError


def write_atomically(path: str | os.PathLike[str], content: bytes, mode: int = 0o666) -> Path:
    """Write a file, replacing one in the way; a failure leaves everything as it was.

    Only a regular file is replaced. Of a symbolic link it is the file that the link leads to, and
    the link stays.

    Parameters
    ----------
    path : path-like
        Where; the folder must exist.
    content : bytes
        All of it.
    mode : int
        Its permissions, less the process's umask.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    FileExistsError
        There is something that is no regular file. An empty path is the folder we are in.
    OSError
        The file cannot be written.
    """
    target = Path(os.path.realpath(path))
    # A link that is left leads to itself.
    if os.path.lexists(target) and not target.is_file():
        raise FileExistsError(
            errno.EEXIST, "it exists and is no regular file, but a folder, device or pipe"
        )
    # In the same folder, for only there is replacing atomic.
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, target)
    finally:
        with contextlib.suppress(OSError):  # normally it is gone already
            draft.unlink()
    return Path(path)


@contextlib.contextmanager
def explain_write_errors(path: Path, cure: str = "choose another --out") -> Iterator[None]:
    """Say what to do where a file or folder cannot be written.

    Raises
    ------
    RunFolderError
        For any OSError inside.
    """
    try:
        yield
    except OSError as error:
        file = file_above(path.parent)
        why = error.strerror or error if file is None else f"{file} is a file, and no folder"
        raise RunFolderError(f"cannot write {path}: {why}; {cure}") from error


def file_above(path: Path) -> Path | None:
    """Return the first part of a path that is a file, below which there are none; or None."""
    parts = [*reversed(path.parents), path]
    return next((part for part in parts if part.exists() and not part.is_dir()), None)
