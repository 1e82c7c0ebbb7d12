"""Why a file or folder cannot be written, and what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from hpmkd.errors import RunFolderError


@contextlib.contextmanager
def explained(path: Path, cure: str = "choose another --out") -> Iterator[None]:
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
