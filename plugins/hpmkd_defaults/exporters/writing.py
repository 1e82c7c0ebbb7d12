"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from hpmkd.errors import ExportError


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file, replacing one in the way; a failure leaves everything as it was.

    Parameters
    ----------
    path : Path
        Where; the folder must exist.
    content : bytes
        All of it.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ExportError
        The file cannot be written.
    """
    # In the same folder, for only there is replacing atomic.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise ExportError(
            f"cannot write {str(path)!r}: {error.strerror}; choose a path in an existing folder "
            "that you may write to"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # normally it is gone already
            temporary.unlink()
    return path
