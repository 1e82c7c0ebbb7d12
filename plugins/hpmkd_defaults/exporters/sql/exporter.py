"""The exporter of SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from hpmkd.errors import ExportError
from hpmkd_defaults.exporters.sql.duckdb import DuckDB
from hpmkd_defaults.exporters.sql.parity import check_parity
from hpmkd_defaults.exporters.sql.postgresql import PostgreSQL
from hpmkd_defaults.exporters.sql.query import query_of
from hpmkd_defaults.exporters.sql.sqlite import SQLite
from hpmkd_defaults.exporters.writing import as_student, written

if TYPE_CHECKING:
    from pathlib import Path

    from hpmkd.contracts import Predictor
    from hpmkd_defaults.exporters.sql.dialects import Dialect

DIALECTS: tuple[Dialect, ...] = (SQLite(), DuckDB(), PostgreSQL())


class SqlExporter:
    """Writes a query that scores a table, and keeps it only if it agrees with the student.

    SQLite runs it, and DuckDB if it is installed; for PostgreSQL, a server, it is not run.

    Parameters
    ----------
    dialect : str
        ``"sqlite"``, ``"duckdb"`` or ``"postgresql"``.
    table : str or list of str
        Name of the table, view or, in DuckDB, file to score; a list for one in a schema.
    keep : str or list of str
        Names of columns to return along, such as a key.
    """

    suffix: ClassVar[str] = ".sql"

    def __init__(
        self,
        dialect: Literal["sqlite", "duckdb", "postgresql"] = "sqlite",
        table: str | list[str] = "rows",
        keep: str | list[str] = "",
    ) -> None:
        self.dialect = next(each for each in DIALECTS if each.name == dialect)
        self.table = [table] if isinstance(table, str) else table
        self.keep = ([keep] if keep else []) if isinstance(keep, str) else keep
        if not self.table:
            raise ExportError("table got an empty list, expected the name of a table")

    def export(self, student: Predictor, path: Path) -> Path:
        """Write a query, once its database agrees with the student.

        Parameters
        ----------
        student : Student
        path : Path
            In an existing folder; a file in the way is replaced.

        Returns
        -------
        Path

        Raises
        ------
        UnsupportedStudentError
            The database takes no such query; another student of the run may do.
        ExportError
            It is no :class:`~hpmkd.student.Student`, the database answers differently, a name
            cannot be written, or the file cannot be.

        Warns
        -----
        ExportWarning
            The database is a server, or is not installed, so the query was not run.
        """
        known = as_student(student, "sql")
        query = query_of(known, self.dialect, self.table, self.keep)
        check_parity(known, self.dialect)
        return written(path, query.text.encode())
