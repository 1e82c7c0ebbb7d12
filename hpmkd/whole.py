"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file, replacing one in the way; a failure leaves everything as it was.

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
    OSError
        The file cannot be written.
    """
    target = Path(path)
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
    return target
