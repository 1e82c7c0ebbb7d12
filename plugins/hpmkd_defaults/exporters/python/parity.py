"""Whether a written file agrees with the student."""

from __future__ import annotations

from typing import Any

from hpmkd.errors import ExportError
from hpmkd.student import Student
from hpmkd_defaults.exporters.parity import check_answers
from hpmkd_defaults.exporters.parity_rows import probe_rows

#: Rows that are answered one by one with NumPy, too, of which only networks make use there.
FEW_ROWS = 200


def check_parity(student: Student, source: str) -> None:
    """Run a file with and without NumPy, and refuse it if it disagrees with the student.

    Raises
    ------
    ExportError
        It does not run, or a probability differs by more than
        :data:`hpmkd_defaults.exporters.parity.TOLERANCE`, or a label; or there are no rows to try
        it with, since a name is no text.
    """
    try:
        rows = probe_rows(student)
    except UnicodeEncodeError as error:
        raise ExportError(
            f"a name or a category holds half of a character ({error.object!r:.60}), so that no "
            "table holds rows to try the file with: rename it, and distil again"
        ) from error
    few, records = rows.iloc[:FEW_ROWS], rows.to_dict("records")
    try:
        module = run_source(source)
        many = module["predict_proba_many"](rows).tolist()
        some = [module["predict_proba"](row) for row in records[:FEW_ROWS]]
        module["numpy"] = None
        plain = module["predict_proba_many"](records)
        labels = list(map(module["most_probable"], plain))
    except Exception as error:  # any error of wrong source
        raise ExportError(
            f"the exported Python does not run ({type(error).__name__}: {error}); no file was "
            "written. The exporter 'json' may write this student"
        ) from error
    check_answers(student, rows, labels, plain, "the exported Python without NumPy")
    check_answers(student, rows, labels, many, "the exported Python with NumPy")
    check_answers(student, few, labels[:FEW_ROWS], some, "the exported Python, row by row,")


def run_source(source: str) -> dict[str, Any]:
    """Return what a file defines, by running it here: all of it is ours."""
    names: dict[str, Any] = {"__name__": "student"}
    exec(compile(source, "student.py", "exec", dont_inherit=True), names)
    return names
