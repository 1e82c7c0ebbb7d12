"""Input formats in which a student gets rows."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from hpmkd.cli.load_student import rows_of
from hpmkd.data.sources.table_source import TableSource
from hpmkd.data.table_files import CsvFormat
from hpmkd.student import Student

Row = dict[str, str]
Door = Callable[[Student, Sequence[Row]], np.ndarray]


def _from_file(
    student: Student, content: bytes, name: str = "rows.csv", format: CsvFormat | None = None
) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return student.predict_proba(rows_of(TableSource(str(path)), student, format=format))


def _csv(rows: Sequence[Row], **options: object) -> str:
    return pd.DataFrame(rows).to_csv(index=False, **options)


def csv(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Read a CSV file, as ``hpmkd predict`` does."""
    return _from_file(student, _csv(rows).encode())


def csv_reordered(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Read one of further columns, in another order."""
    more = [{"more": "1", **dict(reversed(row.items()))} for row in rows]
    return _from_file(student, _csv(more).encode())


def csv_semicolons(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Read semicolons, UTF-16, lines as Windows ends them."""
    text = _csv(rows, sep=";", lineterminator="\r\n")
    return _from_file(student, text.encode("utf-16"))


def tsv(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Read tabs, with the mark of UTF-8."""
    return _from_file(student, _csv(rows, sep="\t").encode("utf-8-sig"), "rows.tsv")


def parquet(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Read a Parquet file of text."""
    content = io.BytesIO()
    pd.DataFrame(rows).to_parquet(content)
    return _from_file(student, content.getvalue(), "rows.parquet")


def zipped(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Read a CSV file in a ZIP archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("rows.csv", _csv(rows))
    return _from_file(student, content.getvalue(), "rows.csv.zip")


def array(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Pass an array of objects, by position."""
    names = student.encoder.schema.names
    cells = [[row[name] for name in names] for row in rows]
    return student.predict_proba(np.array(cells, dtype=object))


def json_lines(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Read lines of JSON, each to a dict."""
    lines = [json.dumps(row) for row in rows]
    return student.predict_proba([json.loads(line) for line in lines])


def dicts(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Pass dicts to ``predict_one``: codes of labels in place of probabilities."""
    answers = [student.predict_one(dict(row)) for row in rows]
    return np.array([student.classes.tolist().index(answer) for answer in answers])


def frame(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Pass a frame of objects."""
    return student.predict_proba(pd.DataFrame(rows, dtype=object))


def pandas_csv(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Let pandas read a CSV file, with the types that it finds."""
    return student.predict_proba(pd.read_csv(io.StringIO(_csv(rows))))


def columns(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Pass a mapping of columns."""
    return student.predict_proba({name: [row[name] for row in rows] for name in rows[0]})


def arrow(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Pass an Arrow table."""
    import pyarrow

    return student.predict_proba(pyarrow.Table.from_pylist(list(rows)))


def polars(student: Student, rows: Sequence[Row]) -> np.ndarray:
    """Pass a Polars frame."""
    import polars

    return student.predict_proba(polars.DataFrame(list(rows)))


DOORS: dict[str, Door] = {
    "CSV": csv,
    "CSV, other columns": csv_reordered,
    "CSV, semicolons, UTF-16": csv_semicolons,
    "TSV": tsv,
    "CSV in a ZIP": zipped,
    "Parquet": parquet,
    "array of objects": array,
    "JSON lines": json_lines,
    "dict, `predict_one`": dicts,
    "frame of objects": frame,
    "pandas.read_csv": pandas_csv,
    "mapping of columns": columns,
    "Arrow": arrow,
    "Polars": polars,
}
