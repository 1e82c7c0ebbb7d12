"""Where the files of the cache are; who they belong to shows in their names.

``FOLDER/v1/REGION/DIGEST.array``, and ``DIGEST-….part`` while one is being written. The folder
may be one with other things in it: whatever is not named so, to the letter, is somebody else's.
Imports nothing heavy, for the command line looks here.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpmkd_defaults.caches.regions import REGIONS

#: Goes up when the layout of an entry changes: older entries are then not found.
VERSION = 1
SUFFIX = ".array"
DRAFT_SUFFIX = ".part"
#: No write takes that long: an older draft is what a killed process left.
DRAFT_SECONDS = 3600.0
#: Names of files that are ours, by their suffix, below the folder of a region.
NAMES = {
    SUFFIX: re.compile(r"[0-9a-f]{64}\.array"),
    DRAFT_SUFFIX: re.compile(r"[0-9a-f]{64}-[a-z0-9_]+\.part"),
}
VERSIONS = re.compile(r"v[0-9]+", re.ASCII)


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


def file_instead(folder: Path) -> str:
    """Return what to say where the folder is a file; nothing where it is none."""
    wrong = folder.exists() and not folder.is_dir()
    return f"{folder} is a file; expected the folder of the cache" if wrong else ""


def stored(folder: Path) -> Iterator[Stored]:
    """Find the entries of every version; whatever else is in the folder is not ours."""
    yield from _found(folder, SUFFIX)


def abandoned(folder: Path) -> Iterator[Stored]:
    """Find drafts that no living process writes."""
    for draft in _found(folder, DRAFT_SUFFIX):
        if draft.read_at < time.time() - DRAFT_SECONDS:
            yield draft


def _found(folder: Path, suffix: str) -> Iterator[Stored]:
    for path in _named(folder, suffix):
        with contextlib.suppress(FileNotFoundError):
            state = path.stat()
            if stat.S_ISREG(state.st_mode):
                yield Stored(path, path.parent.name, state.st_size, state.st_mtime)


def _named(folder: Path, suffix: str) -> Iterator[Path]:
    """Find what has a name of ours, file or not."""
    # Not Path.glob, which fails where another process removes a folder meanwhile.
    for name in glob.iglob(f"v[0-9]*/*/*{suffix}", root_dir=folder):
        path = folder / name
        ours = (
            VERSIONS.fullmatch(path.parent.parent.name)
            and path.parent.name in REGIONS
            and NAMES[suffix].fullmatch(path.name)
        )
        if ours:
            yield path


def in_the_way(path: Path) -> bool:
    """Return whether something other than a file has the name of an entry: it is not ours."""
    # Asked once: between two questions another process may remove an entry.
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def foreign(folder: Path) -> list[Path]:
    """Return what has the name of an entry and is none; :func:`clear` leaves it alone."""
    return sorted(path for path in _named(folder, SUFFIX) if in_the_way(path))


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
    """Remove all entries and the folders they leave empty; return their number and bytes.

    The folder itself stays: who named it may have made it for more than the cache.
    """
    n_entries = n_bytes = 0
    regions = set()
    for entry in stored(folder):
        entry.path.unlink(missing_ok=True)
        regions.add(entry.path.parent)
        n_entries, n_bytes = n_entries + 1, n_bytes + entry.n_bytes
    for draft in abandoned(folder):
        draft.path.unlink(missing_ok=True)
        regions.add(draft.path.parent)
    for emptied in (*regions, *{region.parent for region in regions}):
        # A folder that holds something else stays.
        with contextlib.suppress(OSError):
            os.rmdir(emptied)
    return n_entries, n_bytes
