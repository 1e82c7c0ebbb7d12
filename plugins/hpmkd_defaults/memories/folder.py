"""The memory's file in the user's data folder, and the files set aside beside it.

Imports nothing heavy, for the command line looks here.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

STORE = "memory.sqlite3"
#: What SQLite keeps beside a store while it writes; it belongs to the file of that name.
COMPANIONS = ("-journal", "-wal", "-shm")
ASIDE = re.compile(r"\.set-aside-[0-9]+", re.ASCII)


def store_path(folder: str = "") -> Path:
    """Return the store in the folder given, or in ``hpmkd`` in the user's data folder."""
    if folder:
        return Path(os.path.expanduser(folder)) / STORE
    import platformdirs

    return Path(platformdirs.user_data_path("hpmkd", appauthor=False)) / STORE


def in_the_way(path: Path) -> str:
    """Return why a store cannot be at `path`; nothing if it can."""
    if os.path.exists(path.parent) and not os.path.isdir(path.parent):
        return f"{path.parent} is a file; expected the folder of the memory"
    if os.path.exists(path) and not os.path.isfile(path):
        return f"{path} is not a file; expected the memory's store"
    return ""


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at `path` from a later one of that name; None without one."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return state.st_dev, state.st_ino


def set_aside(path: Path, which: tuple[int, int] | None) -> Path | None:
    """Rename a store, with its companions, to the first name that is free, and return that.

    Returns None if the file at `path` is another than `which` by now: another process was
    faster, and its new store stays.
    """
    with contextlib.suppress(FileNotFoundError), _locked(path):
        if identity(path) != which:
            return None
        number = 1
        while (aside := path.with_name(f"{path.name}.set-aside-{number}")).exists():
            number += 1
        # Companions first: a new store under the old name must not find them.
        for suffix in (*COMPANIONS, ""):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
        return aside
    return None


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time rename a file."""
    if sys.platform == "win32":
        # Of two that rename one file, the system lets one fail.
        yield
        return
    import fcntl

    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def stores_set_aside(path: Path) -> list[Path]:
    """Find the stores that were set aside from `path`."""
    if not os.path.isdir(path.parent):
        return []
    return sorted(
        each
        for each in path.parent.iterdir()
        if each.name.startswith(path.name) and ASIDE.fullmatch(each.name[len(path.name) :])
    )


def remove(path: Path) -> None:
    """Remove a store and its companions."""
    for suffix in ("", *COMPANIONS):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
