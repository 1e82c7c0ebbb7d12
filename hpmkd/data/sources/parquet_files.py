"""The Parquet files of a folder, or of a pattern of names."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from hpmkd.errors import DataError

ENDINGS = (".parquet", ".pq")


def is_parquet(path: str) -> bool:
    """Whether a file has the name of a Parquet file."""
    return path.lower().endswith(ENDINGS)


def parquet_files(location: str) -> list[str]:
    """Return the paths of Parquet files, in the order of their names.

    Parameters
    ----------
    location : str
        A folder, also with files in folders of its own; a pattern such as ``part-*.parquet``,
        in which ``**`` stands for folders; or a file.

    Raises
    ------
    DataError
        There are none.
    """
    folder = os.path.isdir(location)
    found = _inside(location) if folder else sorted(glob.glob(location, recursive=True))
    if os.path.isfile(location):
        found = [location]  # also one whose name looks like a pattern
    paths = [each for each in found if is_parquet(each) and os.path.isfile(each)]
    if not paths:
        what = "the folder has no Parquet files" if folder else "no Parquet file has this name"
        raise DataError(f"{location}: {what}; expected names that end in .parquet or .pq")
    return paths


def _inside(folder: str) -> list[str]:
    paths = (each.relative_to(folder) for each in Path(folder).rglob("*"))
    # What Spark and others leave beside the data begins with these signs.
    shown = [each for each in paths if not any(part[0] in "_." for part in each.parts)]
    return [str(Path(folder, each)) for each in sorted(shown)]
