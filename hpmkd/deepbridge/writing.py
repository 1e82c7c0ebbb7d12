"""Files that an AutoDistiller is told to write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hpmkd.errors import RecipeError, RunFolderError
from hpmkd.files import explain_write_errors


def as_path(value: Any, name: str) -> Path:
    """Return a path that a caller gave; `name` is what the error calls it.

    Raises
    ------
    RecipeError
        If it is none.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise RecipeError(f"{name}: got {value!r}; expected a path")
    return Path(value)


def check_file(path: Path) -> None:
    """Refuse, before any work is done, a file that could not be written afterwards.

    Raises
    ------
    RunFolderError
        If it is a folder, or is protected.
    """
    if path.is_dir() or (path.exists() and not os.access(path, os.W_OK)):
        problem = "is a folder" if path.is_dir() else "may not be written"
        raise RunFolderError(
            f"{path} {problem}; expected a file to write the results to: choose another output_dir"
        )


def write(path: Path, content: bytes, name: str) -> str:
    """Write a file and the folders above it, and return its path.

    Raises
    ------
    RunFolderError
        If that cannot be; `name` is the argument to change.
    """
    with explain_write_errors(path, f"choose another {name}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return str(path)
