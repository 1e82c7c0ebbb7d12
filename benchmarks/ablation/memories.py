"""Memories that runs on other data sets have filled."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hpmkd_defaults.memories.folder import store_path
from hpmkd_defaults.memories.store import RecordStore


def filled_from(folders: Iterable[Path], folder: Path) -> None:
    """Put what the memories in some folders hold into that of another.

    Raises
    ------
    FileNotFoundError
        If none of them holds anything.
    """
    stores = [RecordStore(store_path(str(each))) for each in folders]
    learned = [each for store in stores for each in store.read()]
    if not learned:
        raise FileNotFoundError("no run on another set has left a memory")
    RecordStore(store_path(str(folder))).keep(learned)


def is_filled(folder: Path) -> bool:
    """Tell whether a run has left a memory in a folder."""
    return store_path(str(folder)).exists()
