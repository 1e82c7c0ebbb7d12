"""Where an exported student goes."""

from __future__ import annotations

from pathlib import Path

from hpmkd.errors import ExportError
from hpmkd.files import write_atomically


def written(path: Path, content: bytes) -> Path:
    """Write a file, whole or not at all.

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
    try:
        return write_atomically(path, content)
    except OSError as error:
        raise ExportError(
            f"cannot write {str(path)!r}: {error.strerror}; choose a path in an existing folder "
            "that you may write to"
        ) from error
