"""Where commands write: runs, the user's folders, temporary files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hpmkd.cli.doctor.check import Check
from hpmkd.errors import RunFolderError
from hpmkd.files import file_above
from hpmkd.recipe.units import shown_size
from hpmkd.runs.default_folder import PARENT
from hpmkd.user_key import key_path, user_key

#: With less free space a run cannot be written.
LEAST_FREE = 10_000_000


def places() -> Iterator[Check]:
    """Try to write where commands do; nothing stays there."""
    import platformdirs

    data = Path(platformdirs.user_data_path("hpmkd", appauthor=False))
    cache = Path(platformdirs.user_cache_path("hpmkd", appauthor=False))
    yield _place(
        "runs", PARENT.absolute(), "change to a folder that you may write to, or give --out"
    )
    yield _place("data folder", data, "give HOME, or XDG_DATA_HOME, a folder that you may write to")
    yield _place(
        "cache", cache, "give XDG_CACHE_HOME a folder that you may write to, or distil --no-cache"
    )
    try:
        temporary = Path(tempfile.gettempdir())
    except OSError as error:
        yield Check("temporary", str(error), "problem", "set TMPDIR")
    else:
        yield _place("temporary", temporary, "set TMPDIR")


def key() -> Iterator[Check]:
    """Look at the user's key, which seals journals and cached predictions."""
    path = key_path()
    if not os.path.exists(path):
        yield Check("key", f"none yet; the first run creates {path}")
        return
    try:
        user_key(path)
    except (OSError, RunFolderError) as error:
        yield Check("key", str(error), "problem", f"rm {path}; a new one is made")
    else:
        yield Check("key", str(path))


def _place(name: str, folder: Path, advice: str) -> Check:
    """Try whether a folder can be written, or made."""
    try:
        if (file := file_above(folder)) is not None:
            raise NotADirectoryError(0, f"{file} is a file")
        there = next(each for each in (folder, *folder.parents) if os.path.isdir(each))
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        return Check(name, f"cannot write {folder}: {error.strerror or error}", "problem", advice)
    if free < LEAST_FREE:
        return Check(name, f"{folder}: only {shown_size(free)} free", "problem", "make room")
    held = _held(folder)
    holds = f"{shown_size(held)}, " if held else ""
    return Check(name, f"{folder}: {holds}{shown_size(free)} free")


def _held(folder: Path) -> int:
    """Return the bytes of the files in a folder of ours; of what is not there, 0."""
    if folder.name != "hpmkd":
        return 0
    return sum(
        os.path.getsize(Path(place) / name)
        for place, _, names in os.walk(folder)
        for name in names
        if os.path.isfile(Path(place) / name)
    )
