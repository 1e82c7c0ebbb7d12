"""Whether the compiled file agrees with the student."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import ExportWarning, warn
from hpmkd_defaults.exporters.c.compiler import ADVICE, build, find_compiler
from hpmkd_defaults.exporters.parity import check_answers
from hpmkd_defaults.exporters.parity_rows import UNSEEN, probe_rows
from hpmkd_defaults.exporters.programs import run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.student import Student
    from hpmkd.student.columns.column import Column

#: Compiles in little time, and inlines enough to answer soon.
FLAGS = ("-O1", "-ffp-contract=off")


def check_parity(student: Student, content: str, prefix: str) -> None:
    """Refuse a file that disagrees with the student, if there is a compiler.

    Raises
    ------
    ExportError
        It does not compile or run, or a probability or a label differs.

    Warns
    -----
    ExportWarning
        There is no compiler.
    """
    compiler = find_compiler()
    if not compiler:
        warn(
            "no C compiler was found (cc, gcc, clang, or $CC), so the C file was not "
            "checked against the student: install one, or compare answers where it runs",
            ExportWarning,
        )
        return
    rows = probe_rows(student)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "student"
        source = program.with_suffix(".c")
        source.write_text(content, "utf-8")
        build(compiler, source, program, [*FLAGS, f"-D{prefix.upper()}_MAIN"])
        given = as_csv(student, rows)
        answers = run([str(program)], given, "the program of the C file", ADVICE)
    labels, probabilities = read_answers(student, answers)
    check_answers(student, rows, labels, probabilities, "the compiled C file")


def as_csv(student: Student, rows: Any) -> bytes:
    """Return raw rows, a frame, as the program of the file reads them."""
    columns = student.encoder.schema.columns
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow([column.name for column in columns])
    writer.writerows(zip(*(_spelt(column, rows[column.name]) for column in columns), strict=True))
    return out.getvalue().encode()


def _spelt(column: Column, cells: Any) -> list[str]:
    """Return the cells of a column as text: numbers and moments to the last bit."""
    if column.kind == "number":
        return [repr(cell) for cell in cells.to_numpy(np.float64).tolist()]
    if column.kind == "datetime":
        moments = np.datetime_as_string(cells.to_numpy("datetime64[us]"))
        return ["" if moment == "NaT" else moment for moment in moments.tolist()]
    # An unknown text is read as a missing cell; the empty one may be a category.
    return [UNSEEN if cell is None else cell for cell in cells.to_numpy(object)]


def read_answers(student: Student, answers: bytes) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return labels (n,) and probabilities (n, K) that the program has printed."""
    lines = csv.reader(io.StringIO(answers.decode(), newline=""))
    codes = {str(label): code for code, label in enumerate(student.classes.tolist())}
    next(lines)
    read = [(codes[label], probabilities) for label, *probabilities in lines]
    found = np.array([code for code, _ in read], dtype=np.intp)
    return student.classes[found], np.array([row for _, row in read], dtype=np.float64)
