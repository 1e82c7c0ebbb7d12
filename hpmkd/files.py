"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path


class NotAFileError(FileExistsError):
    """What is there is no regular file, such as a folder, a device or a pipe."""


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file, replacing one in the way; a failure leaves everything as it was.

    Only a regular file is replaced. Of a symbolic link it is the file that the link leads to, and
    the link stays.

    Parameters
    ----------
    path : path-like
        Where; the folder must exist.
    content : bytes
        All of it.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    NotAFileError
        There is something that is no regular file. An empty path is the folder we are in.
    OSError
        The file cannot be written.
    """
    target = Path(os.path.realpath(path))
    # A link that is left leads to itself.
    if os.path.lexists(target) and not target.is_file():
        raise NotAFileError(
            errno.EEXIST, "it exists and is no regular file, but a folder, device or pipe"
        )
    # In the same folder, for only there is replacing atomic.
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, target)
    finally:
        with contextlib.suppress(OSError):  # normally it is gone already
            draft.unlink()
    return Path(path)
