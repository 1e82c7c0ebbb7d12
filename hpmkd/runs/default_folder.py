"""The folder of a run if none is named: ``runs/DATA-1``, then ``runs/DATA-2`` and so on."""

from __future__ import annotations

import os
import re
from pathlib import Path

PARENT = Path("runs")
#: Endings of tables that may have a further one, of their compression.
TABLES = {".csv", ".tsv", ".txt"}
#: A longer name of a file is cut: the names of drafts beside the folder are longer still.
LONGEST = 80


def next_folder(data: str, parent: Path = PARENT) -> Path:
    """Return the folder of the next run on a table: its number is above all that are there.

    Parameters
    ----------
    data : str
        What the table is called, as the file with its rows.
    parent : Path
        The folder of all runs, likewise.
    """
    name = Path(data).stem
    while Path(name).suffix.lower() in TABLES:  # of a compressed one
        name = Path(name).stem
    name = name[:LONGEST] or "run"
    numbered = re.compile(rf"{re.escape(name)}-([0-9]{{1,9}})")
    there = os.listdir(parent) if os.path.isdir(parent) else []
    numbers = [int(found[1]) for each in there if (found := numbered.fullmatch(each))]
    return parent / f"{name}-{max(numbers, default=0) + 1}"
