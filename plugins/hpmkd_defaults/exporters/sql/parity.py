"""Whether a database agrees with the student."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.errors import ExportError, ExportWarning, warn
from hpmkd_defaults.exporters.parity import check_answers
from hpmkd_defaults.exporters.parity_rows import N_ROWS, probe_rows
from hpmkd_defaults.exporters.sql.query import query_of

if TYPE_CHECKING:
    from hpmkd.student import Student
    from hpmkd_defaults.exporters.sql.dialects import Dialect

TABLE = "probes"


def check_parity(student: Student, dialect: Dialect, n_rows: int = N_ROWS) -> None:
    """Refuse a student whose query disagrees with it, if the database is at hand.

    Raises
    ------
    ExportError
        The database does not run the query, or a probability differs by more than the dialect's
        tolerance, or a label where one class is clearly ahead.

    Warns
    -----
    ExportWarning
        The database is a server, or is not installed.
    """
    rows = probe_rows(student, n_rows)
    key = "row"
    while key in {name.casefold() for name in rows.columns}:
        key += "_"
    query = query_of(student, dialect, [TABLE], [key])
    try:
        answers = dialect.answers(query.text, TABLE, key, rows[list(query.reads)])
    except Exception as error:  # each database has its own
        raise ExportError(
            f"{dialect.title} cannot run the query ({type(error).__name__}: {error}); no file was "
            "written"
        ) from error
    if answers is None:
        message = (
            f"{dialect.title} is not available here, so the query was not run: compare its "
            "answers with those of hpmkd predict where it runs"
        )
        warn(message, ExportWarning)
        return
    check_answers(student, rows, *answers, dialect.title, dialect.tolerance)
