"""Finds the student that a command uses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hpmkd.errors import StudentFileError

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.data.sources.table_source import TableSource
    from hpmkd.data.table_files import CsvFormat
    from hpmkd.student import Student


def student_of(run: Path, name: str | None) -> Student:
    """Load the student of a run folder, or of a ``.hpmkd`` file.

    Parameters
    ----------
    run : path
        Either of the two.
    name : str or None
        A stage of the run; None for the student that the run chose.

    Raises
    ------
    StudentFileError
        If there is none.
    """
    from hpmkd.student import Student

    return Student.load(path_of(run, name))


def path_of(run: Path, name: str | None) -> Path:
    """Return the file of a student; see :func:`student_of`.

    Raises
    ------
    StudentFileError
        If it is no run folder, or the run has no student of this name, or is not at its end.
    """
    if not os.path.isdir(run) and (os.path.exists(run) or run.suffix == ".hpmkd"):
        return run
    if not any(os.path.isfile(run / name) for name in ("run.json", "student.hpmkd")):
        from hpmkd.runs.folder import read_json

        read_json(run / "run.json")
    if name is None:
        return run / "student.hpmkd"
    known = names_of(run)
    if name not in known:
        listed = ", ".join(known) or "none"
        raise StudentFileError(f"{run} has no student {name!r}; it has: {listed}")
    return run / "students" / f"{name}.hpmkd"


def names_of(run: Path) -> list[str]:
    """Return the names of the students that a run folder holds; of a file, there are none."""
    return sorted(each.stem for each in run.glob("students/*.hpmkd") if each.is_file())


def rows_of(
    source: TableSource,
    model: Student,
    target: str | None = None,
    format: CsvFormat | None = None,
    *,
    sort: bool = False,
) -> pd.DataFrame:
    """Read rows for a student, whose columns define what a cell of a CSV file means.

    Parameters
    ----------
    source : TableSource
        Where they are.
    model : Student
        Whose text columns stay text.
    target : str, optional
        Column of the labels, of which the same is true.
    format : CsvFormat, optional
        How a CSV file is written.
    sort : bool
        Whether the order of the rows means nothing, if they are those of a database.
    """
    from hpmkd.data.columns import is_text

    columns = model.encoder.schema.columns
    texts = {each.name: each.categories for each in columns if each.kind != "number"}
    if target is not None and model.classes.dtype.kind == "U":
        texts[target] = tuple(model.classes.tolist())
    frame = source.read(format, texts, sort=sort)
    # One odd cell leaves text of all numbers beside it: what is measured is a row of plain values.
    numbers = {
        each.name: each.read(frame[each.name])[0]
        for each in columns
        if each.kind == "number" and each.name in frame and is_text(frame[each.name].dtype)
    }
    return frame.assign(**numbers) if numbers else frame


def target_of(run: Path) -> str:
    """Return the name of the column that a run learned to predict.

    Raises
    ------
    StudentFileError
        If the run does not know it.
    """
    target = known_target(run)
    if target is None:
        raise StudentFileError(
            f"{run} does not record which column holds the labels: give --target"
        )
    return target


def known_target(run: Path) -> str | None:
    """Return the name of the column that a run learned to predict; None if it does not know it."""
    return _known_column(run, "target")


def known_weights(run: Path) -> str | None:
    """Return the name of the column with the weights of a run's rows; None if it had none."""
    return _known_column(run, "weights")


def _known_column(run: Path, what: str) -> str | None:
    from hpmkd.runs.folder import read_json

    name = read_json(run / "run.json", dict).get(what) if os.path.isdir(run) else None
    return name if isinstance(name, str) else None
