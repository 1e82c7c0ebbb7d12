"""Whether a module agrees with the student in Node.js."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import ExportWarning, warn
from hpmkd.student.columns.cells import read_moments
from hpmkd_defaults.exporters.parity import check_answers
from hpmkd_defaults.exporters.parity_rows import N_ROWS, probe_rows
from hpmkd_defaults.exporters.programs import run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.student import Student

#: Of more columns, fewer rows are answered.
MANY_COLUMNS = 500


def check_parity(student: Student, module: str) -> None:
    """Refuse a module that disagrees with the student in Node.js.

    Raises
    ------
    ExportError
        Node.js cannot run it, takes too long, or a probability or a label differs.

    Warns
    -----
    ExportWarning
        There is no Node.js.
    """
    node = shutil.which("node")
    if node is None:
        message = (
            "there is no Node.js here: the module was not compared with the student (install "
            "node to have it compared)"
        )
        warn(message, ExportWarning)
        return
    n_columns = max(MANY_COLUMNS, len(student.encoder.schema.columns))
    rows = probe_rows(student, max(1, N_ROWS * MANY_COLUMNS // n_columns))
    found = run_module(node, module, json.dumps(given(student, rows), allow_nan=False))
    check_answers(student, rows, *answers_of(student, found), "Node.js")


def run_module(node: str, module: str, rows: str) -> str:
    """Return what ``check/answers.mjs`` answers to rows, in Node.js."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "student.mjs").write_text(module, "ascii")
        for script in ("answers.mjs", "node.mjs"):
            source = files(__package__).joinpath("check", script)
            (folder / script).write_text(source.read_text("utf-8"), "utf-8")
        return run([node, str(folder / "node.mjs")], rows.encode(), "Node.js").decode()


def given(student: Student, rows: Any) -> list[dict[str, Any]]:
    """Return raw rows, a frame, as ``check/answers.mjs`` takes them: by column, as JSON."""
    found = []
    for column in student.encoder.schema.columns:
        cells: list[Any] = rows[column.name].tolist()
        if column.kind == "datetime":
            moments = read_moments(rows[column.name], column.name)
            cells = [None if np.isnat(each) else str(each) for each in moments]
        elif column.kind == "number":
            cells = list(map(_as_json, cells))
        else:
            cells = [cell if isinstance(cell, str) else None for cell in cells]
        found.append({"floats": column.kind == "number", "cells": cells})
    return found


def answers_of(student: Student, found: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the labels (n,) and probabilities (n, K) that ``check/answers.mjs`` answered."""
    answers = json.loads(found)
    return student.classes[answers["codes"]], np.array(answers["probabilities"], dtype=np.float64)


def _as_json(cell: float) -> float | str | None:
    if math.isfinite(cell):
        return cell
    return None if math.isnan(cell) else "Infinity" if cell > 0 else "-Infinity"
