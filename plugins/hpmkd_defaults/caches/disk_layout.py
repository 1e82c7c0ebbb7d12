"""The layout of the cache's folder, and which files belong to the cache.

``FOLDER/v2/REGION/DIGEST.array``, and ``DIGEST-….part`` while one is being written; no other
file in the folder is touched. Imports nothing heavy, for the command line looks here.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Literal, NamedTuple

Region = Literal["teacher", "feature", "attention"]
#: Percent of the budget. A flood of entries in one region cannot push another's out.
REGIONS: Mapping[Region, int] = {"teacher": 50, "feature": 30, "attention": 20}
#: Goes up when the layout of an entry changes: older entries are then not found.
VERSION = 2
SUFFIX = ".array"
DRAFT_SUFFIX = ".part"
#: No write takes that long: an older draft is what a killed process left.
DRAFT_SECONDS = 3600.0
OURS = re.compile(
    rf"v[0-9]+/({'|'.join(REGIONS)})/[0-9a-f]{{64}}({SUFFIX}|-[a-z0-9_]+{DRAFT_SUFFIX})"
)


class Stored(NamedTuple):
    """One file of the cache; `read_at` is its last use, in seconds since the epoch."""

    path: Path
    region: str
    n_bytes: int
    read_at: float


def cache_folder(given: str = "") -> Path:
    """Return the folder given, or ``hpmkd`` in the user's cache folder."""
    if given:
        return Path(os.path.expanduser(given))
    import platformdirs

    return Path(platformdirs.user_cache_path("hpmkd", appauthor=False))


def file_instead(folder: Path) -> str:
    """Return the problem if the folder is a file, else nothing."""
    wrong = os.path.exists(folder) and not os.path.isdir(folder)
    return f"{folder} is a file; expected the folder of the cache" if wrong else ""


def stored(folder: Path, suffix: str = SUFFIX) -> Iterator[Stored]:
    """Find the entries, of every version."""
    # Not Path.glob, which fails where another process removes a folder meanwhile.
    for name in glob.iglob(f"v*/*/*{suffix}", root_dir=folder):
        if OURS.fullmatch(PurePath(name).as_posix()):
            path = folder / name
            with contextlib.suppress(FileNotFoundError):
                state = path.stat()
                if stat.S_ISREG(state.st_mode):
                    yield Stored(path, path.parent.name, state.st_size, state.st_mtime)


def size(folder: Path) -> int:
    """Return the bytes of all entries."""
    return sum(entry.n_bytes for entry in stored(folder))


def trim(folder: Path, max_bytes: int) -> list[Stored]:
    """Remove abandoned drafts and the least recently used entries beyond `max_bytes`.

    If there are any, a sixteenth of the budget is freed with them, for the next ones.

    Returns
    -------
    list of Stored
        What was removed.
    """
    drafts = stored(folder, DRAFT_SUFFIX)
    removed = [draft for draft in drafts if draft.read_at < time.time() - DRAFT_SECONDS]
    entries = sorted(stored(folder), key=lambda entry: entry.read_at)
    excess = sum(entry.n_bytes for entry in entries) - max_bytes
    if excess > 0:
        excess += max(max_bytes, 0) // 16
    for entry in entries:
        if excess <= 0:
            break
        removed.append(entry)
        excess -= entry.n_bytes
    for each in removed:
        each.path.unlink(missing_ok=True)
    return removed


def clear(folder: Path) -> tuple[int, int]:
    """Remove all entries and the folders they leave empty; return their number and bytes.

    The folder itself stays: it may hold other files of its owner.
    """
    removed = trim(folder, -1)
    regions = {each.path.parent for each in removed}
    for emptied in (*regions, *{region.parent for region in regions}):
        # A folder that holds something else stays.
        with contextlib.suppress(OSError):
            os.rmdir(emptied)
    entries = [each for each in removed if each.path.suffix == SUFFIX]
    return len(entries), sum(entry.n_bytes for entry in entries)
