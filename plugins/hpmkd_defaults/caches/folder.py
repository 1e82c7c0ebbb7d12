"""Where the files of the cache are; who they belong to shows in their names.

``FOLDER/v1/REGION/DIGEST.array``, and ``….part`` while one is being written. Imports
nothing heavy, for the command line looks here.
"""

from __future__ import annotations

import contextlib
import glob
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Goes up when the layout of an entry changes: older entries are then not found.
VERSION = 1
SUFFIX = ".array"
DRAFT_SUFFIX = ".part"
#: No write takes that long: an older draft is what a killed process left.
DRAFT_SECONDS = 3600.0


@dataclass(frozen=True)
class Stored:
    """One file of the cache.

    Parameters
    ----------
    path : Path
        Where it is.
    region : str
        Which region it belongs to.
    n_bytes : int
        Its size.
    read_at : float
        When it was last read, in seconds since the epoch.
    """

    path: Path
    region: str
    n_bytes: int
    read_at: float


def cache_folder(given: str = "") -> Path:
    """Return the folder given, or ``hpmkd`` in the user's cache folder."""
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_path("hpmkd", appauthor=False))


def stored(folder: Path) -> Iterator[Stored]:
    """Find the entries of every version; whatever else is in the folder is not ours."""
    yield from _found(folder, SUFFIX)


def abandoned(folder: Path) -> Iterator[Stored]:
    """Find drafts that no living process writes."""
    for draft in _found(folder, DRAFT_SUFFIX):
        if draft.read_at < time.time() - DRAFT_SECONDS:
            yield draft


def _found(folder: Path, suffix: str) -> Iterator[Stored]:
    # Not Path.glob, which fails where another process removes a folder meanwhile.
    for name in glob.iglob(f"v[0-9]*/*/*{suffix}", root_dir=folder):
        path = folder / name
        with contextlib.suppress(FileNotFoundError):
            state = path.stat()
            if stat.S_ISREG(state.st_mode):
                yield Stored(path, path.parent.name, state.st_size, state.st_mtime)


def in_the_way(path: Path) -> bool:
    """Return whether something other than a file has the name of an entry: it is not ours."""
    return path.exists() and not path.is_file()


def foreign(folder: Path) -> list[Path]:
    """Return what has the name of an entry and is none; :func:`clear` leaves it alone."""
    named = glob.iglob(f"v[0-9]*/*/*{SUFFIX}", root_dir=folder)
    return sorted(folder / name for name in named if in_the_way(folder / name))


def trim(folder: Path, max_bytes: int) -> None:
    """Remove what was not read for longest, until `max_bytes` are left."""
    for draft in abandoned(folder):
        draft.path.unlink(missing_ok=True)
    entries = sorted(stored(folder), key=lambda entry: entry.read_at)
    excess = sum(entry.n_bytes for entry in entries) - max_bytes
    for entry in entries:
        if excess <= 0:
            return
        entry.path.unlink(missing_ok=True)
        excess -= entry.n_bytes


def clear(folder: Path) -> tuple[int, int]:
    """Remove all entries and the folders they leave empty; return their number and bytes."""
    n_entries = n_bytes = 0
    for entry in stored(folder):
        entry.path.unlink(missing_ok=True)
        n_entries, n_bytes = n_entries + 1, n_bytes + entry.n_bytes
    for draft in abandoned(folder):
        draft.path.unlink(missing_ok=True)
    for emptied in (*folder.glob("v[0-9]*/*/"), *folder.glob("v[0-9]*/"), folder):
        # A folder that holds something else stays.
        with contextlib.suppress(OSError):
            os.rmdir(emptied)
    return n_entries, n_bytes
