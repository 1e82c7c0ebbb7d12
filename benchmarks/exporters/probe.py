"""A fresh process that predicts: the time to its first answer, and that of one row.

It writes a line when it has answered the first row, then one of JSON: ``row``, microseconds, and
``probabilities`` of all rows.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.exporters.targets import Target
from hpmkd.student import Student


class Rows:
    """The rows that every target answers, in the forms that they read.

    Parameters
    ----------
    student : Student
    table : DataFrame of shape (n, d)
        Raw rows.
    """

    def __init__(self, student: Student, table: pd.DataFrame) -> None:
        self.expected = student.predict_proba(table)
        known = table.astype(object).where(table.notna(), None)
        self.plain: list[dict[str, Any]] = json.loads(json.dumps(known.to_dict("records")))
        self.cells = student.encoder.schema.matrix(table)

    def write(self, folder: Path) -> None:
        """Write ``rows.json``, and ``cells.bin``: float64, with categories as codes."""
        folder.joinpath("rows.json").write_text(json.dumps(self.plain), "utf-8")
        folder.joinpath("cells.bin").write_bytes(self.cells.astype("<f8").tobytes())


class Measured(NamedTuple):
    """The measurements of one process.

    Parameters
    ----------
    start : float
        Seconds until the first answer.
    row : float
        Microseconds.
    difference : float
        Largest difference of a probability from that of the student.
    """

    start: float
    row: float
    difference: float


def measured(target: Target, rows: Rows) -> Measured:
    """Run a target once, in its folder."""
    begun = time.perf_counter()
    with subprocess.Popen(target.command, stdout=subprocess.PIPE, cwd=target.folder) as process:
        assert process.stdout is not None
        process.stdout.readline()
        start = time.perf_counter() - begun
        told = json.loads(process.stdout.read())
    difference = np.abs(np.array(told["probabilities"]) - rows.expected).max()
    return Measured(start, told["row"], float(difference))
