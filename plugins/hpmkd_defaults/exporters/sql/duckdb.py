"""DuckDB: types are those of the student, float32 among them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from hpmkd_defaults.exporters.json.model import short
from hpmkd_defaults.exporters.parity import TOLERANCE
from hpmkd_defaults.exporters.sql.dialects import Dialect, exponent_form, in_order
from hpmkd_defaults.exporters.sql.expressions import Sql, sql

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hpmkd.student.columns.column import Column


class DuckDB(Dialect):
    """DuckDB 1.1 or later."""

    name = "duckdb"
    title = "DuckDB"
    types: ClassVar = {
        "number": "any number, or BOOLEAN",
        "category": "VARCHAR",
        "datetime": "TIMESTAMP, TIMESTAMPTZ or DATE",
    }
    quotient = "//"
    double_type = "DOUBLE"
    tolerance = TOLERANCE
    ignores_case = True
    row_numbers = ("rowid",)

    def double(self, value: float) -> str:
        """Write a float64; without an exponent it would be a decimal."""
        if value in (float("inf"), float("-inf")):
            return f"CAST('{value}' AS DOUBLE)"
        return exponent_form(value)

    def single(self, value: np.float32) -> str:
        """Write a float32."""
        return f"{exponent_form(short(value))}::FLOAT"

    def text(self, value: str) -> str:
        """Write a text; NUL has no place in a file of text."""
        return " || chr(0) || ".join(map(super().text, value.split("\x00")))

    def number(self, cell: str, column: Column) -> str:
        """Read a number; NaN equals itself."""
        read = f"nullif(CAST({cell} AS DOUBLE), CAST('nan' AS DOUBLE))"
        return self.or_missing(cell, column, read)

    def category(self, cell: str) -> str:
        """Read a cell as text, regardless of its column's collation."""
        return f"CAST({cell} AS VARCHAR) COLLATE C"

    def microseconds(self, cell: str, column: Column) -> str:
        """Read a date or a timestamp; one without a zone is one of UTC."""
        return f"epoch_us({cell})"

    def rounded(self, value: Sql) -> Sql:
        """Round to FLOAT."""
        return sql("CAST({} AS FLOAT)", value)

    def answers(
        self, query: str, table: str, key: str, rows: Any
    ) -> tuple[NDArray[Any], NDArray[np.float64]] | None:
        """Run a query in memory, if DuckDB is installed."""
        if find_spec("duckdb") is None:
            return None
        import duckdb

        with duckdb.connect(":memory:", config={"threads": 1}) as connection:
            connection.register(table, rows.assign(**{key: range(len(rows))}))
            return in_order(connection.execute(query).fetchall())
