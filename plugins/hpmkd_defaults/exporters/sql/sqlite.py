"""SQLite: doubles alone, cells of any type in any column, dates as text."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

from hpmkd_defaults.exporters.sql.dialects import Dialect, in_order
from hpmkd_defaults.exporters.sql.expressions import Sql

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hpmkd.student.columns.column import Column

#: Functions that some builds lack.
FUNCTIONS = {"exp": math.exp, "ln": math.log, "sqrt": math.sqrt}
#: Types of JSON that are read as a number.
_NUMBERS = "'integer', 'real', 'true', 'false', 'null'"
_DAY, _CLOCK = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]", "[0-9][0-9]:[0-9][0-9]"
_MINUTE = f"{_DAY}[T ]{_CLOCK}"
#: Forms of a moment, without its zone.
_FORMS = (
    f"(plain GLOB '{_DAY}' AND zone = '' OR (zone IN ('', 'Z') OR zone GLOB '[+-]{_CLOCK}') AND "
    f"(plain GLOB '{_MINUTE}' OR plain GLOB '{_MINUTE}:[0-9][0-9]' OR "
    f"plain GLOB '{_MINUTE}:[0-9][0-9].[0-9]*' AND plain NOT GLOB '*.*[^0-9]*'))"
)
#: Seconds since 1970 of the years 1 to 9999.
_FIRST, _LAST = -62_135_596_800, 253_402_300_799


class SQLite(Dialect):
    """SQLite 3.38 or later."""

    name = "sqlite"
    title = "SQLite"
    types: ClassVar = {
        "number": "INTEGER or REAL",
        "category": "TEXT",
        "datetime": "TEXT, ISO 8601",
    }
    # Subqueries that both have a limit are not merged, and run without being stored.
    fence = " LIMIT -1"
    double_type = "REAL"
    greatest = "max"
    # It has no float32, in which the student adds trees.
    tolerance = 1e-5
    ignores_case = True
    row_numbers = ("rowid", "_rowid_", "oid")
    notes = (
        "Needs SQLite 3.38, and of a student that is not a single tree its mathematical functions:",
        "where SELECT exp(1) fails, register exp, ln and sqrt (in Python: create_function).",
    )

    def double(self, value: float) -> str:
        """Write a float64; a number that is too large is infinite."""
        return repr(float(value)) if math.isfinite(value) else f"{'-' * (value < 0)}9e999"

    def single(self, value: np.float32) -> str:
        """Write a float32 as the double that it is."""
        return repr(float(value))

    def text(self, value: str) -> str:
        """Write a text; NUL would end the query."""
        return " || char(0) || ".join(map(super().text, value.split("\x00")))

    def number(self, cell: str, column: Column) -> str:
        """Read a number, or a text that spells one; at another text the query stops."""
        complaint = self._complaint(cell, column, "holds no number")
        texts = ", ".join(self.text(text) for text in ("", *column.missing) if self.holds(text))
        return (
            f"CASE WHEN typeof({cell}) IN ('integer', 'real') THEN CAST({cell} AS REAL) "
            f"WHEN {cell} IS NULL OR {self.category(cell)} IN ({texts}) THEN NULL "
            f"WHEN CASE WHEN json_valid({cell}) THEN json_type({cell}) END IN ({_NUMBERS}) "
            f"THEN CAST(json_extract({cell}, '$') AS REAL) "
            f"ELSE {complaint} END"
        )

    def category(self, cell: str) -> str:
        """Read a cell of any type as text, and compare it byte by byte."""
        return f"CAST({cell} AS TEXT) COLLATE BINARY"

    def microseconds(self, cell: str, column: Column) -> str:
        """Read ISO 8601 text: a date, or a date and a time, with a fraction and an offset or not.

        SQLite rounds to milliseconds: the fraction is read apart. It also reads what is no such
        text, and the 30th of February as a day of March: there the query stops.
        """
        texts = ", ".join(self.text(text) for text in ("", *column.missing) if self.holds(text))
        day = f"substr({cell}, 1, 10)"
        seconds = "CAST(strftime('%s', substr(plain, 1, 19) || zone) AS INTEGER)"
        micros = "CAST(round(CAST('0' || substr(plain, 20, 7) AS REAL) * 1000000) AS INTEGER)"
        return (
            f"CASE WHEN {cell} IS NULL OR {self.category(cell)} IN ({texts}) THEN NULL ELSE ("
            f"SELECT CASE WHEN typeof({cell}) = 'text' AND {_FORMS} "
            f"AND strftime('%Y-%m-%d', {day}) = {day} AND substr(plain, 12, 2) < '24' "
            f"AND {seconds} BETWEEN {_FIRST} AND {_LAST} THEN {seconds} * 1000000 + {micros} "
            f"ELSE {self._complaint(cell, column, 'holds no date')} END "
            f"FROM (SELECT zone, substr({cell}, 1, length({cell}) - length(zone)) AS plain "
            f"FROM (SELECT ltrim(substr({cell}, 11), 'T 0123456789:.') AS zone))) END"
        )

    def _complaint(self, cell: str, column: Column, what: str) -> str:
        """Return an expression that fails with a message: SQLite quotes what is no path."""
        name = column.name[:60].replace("\x00", "")
        message = self.text(f"column {name} {what}: ")
        return f"json_extract('0', {message} || {cell})"

    def rounded(self, value: Sql) -> Sql:
        """Return the double itself."""
        return value

    def as_double(self, value: Sql) -> Sql:
        """Return the double itself."""
        return value

    def answers(
        self, query: str, table: str, key: str, rows: Any
    ) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Run a query in memory."""
        with closing(sqlite3.connect(":memory:")) as connection:
            for name, function in FUNCTIONS.items():
                _supply(connection, name, function)
            cells = [_as_stored(rows[name]) for name in rows.columns]
            names = ", ".join(map(self.identifier, (key, *rows.columns)))
            connection.execute(f"CREATE TABLE {self.identifier(table)} ({names})")
            marks = ", ".join("?" * (1 + len(cells)))
            connection.executemany(
                f"INSERT INTO {self.identifier(table)} VALUES ({marks})",
                zip(range(len(rows)), *cells, strict=True),
            )
            return in_order(connection.execute(query))


def _supply(connection: sqlite3.Connection, name: str, function: Any) -> None:
    """Register a mathematical function that this build lacks."""
    try:
        connection.execute(f"SELECT {name}(1)")
    except sqlite3.OperationalError:
        connection.create_function(name, 1, function, deterministic=True)


def _as_stored(cells: Any) -> list[Any]:
    """Return cells as SQLite stores them: moments as text, missing ones as NULL."""
    if cells.dtype.kind == "M":
        return [None if text == "NaT" else text for text in cells.to_numpy().astype(str)]
    return [None if cell != cell else cell for cell in cells.tolist()]
