"""PostgreSQL: types are those of the student; what underflows is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from hpmkd_defaults.exporters.json.model import short
from hpmkd_defaults.exporters.parity import TOLERANCE
from hpmkd_defaults.exporters.sql.dialects import Dialect
from hpmkd_defaults.exporters.sql.expressions import Sql, sql

if TYPE_CHECKING:
    import numpy as np

    from hpmkd.student.columns.column import Column

#: Longer names are cut silently.
MAX_NAME = 63
#: PostgreSQL refuses to round what is smaller to float32; a margin does not feel it.
SMALLEST_SINGLE = "'1e-37'::float8"


class PostgreSQL(Dialect):
    """PostgreSQL 12 or later."""

    name = "postgresql"
    title = "PostgreSQL"
    types: ClassVar = {
        "number": "any number",
        "category": "text",
        "datetime": "timestamp, timestamptz or date",
    }
    # Subqueries with an offset are not merged, and run without being stored.
    fence = " OFFSET 0"
    double_type = "float8"
    max_columns = 1600
    tolerance = TOLERANCE
    notes = (
        "Not run when it was written, for that takes a server: hpmkd's tests run such queries.",
        "Where it is long and the table large: SET jit = off, for compiling it takes longer.",
        "Truth values are numbers to the student: cast those of type boolean to integer in a view.",
    )

    def double(self, value: float) -> str:
        """Write a float64; without a type it would be a decimal."""
        return f"'{float(value)!r}'::float8"

    def single(self, value: np.float32) -> str:
        """Write a float32."""
        return f"'{short(value)!r}'::real"

    def text(self, value: str) -> str:
        """Write a text; unless stated, it depends on the server whether a backslash is one."""
        plain = super().text(value)
        return "E" + plain.replace("\\", "\\\\") if "\\" in value else plain

    def holds(self, value: str) -> bool:
        """Return whether a text of PostgreSQL can be this one: NUL cannot be in it."""
        return "\x00" not in value and super().holds(value)

    def objection(self, name: str) -> str:
        """Return why PostgreSQL can have nothing of this name."""
        found = super().objection(name)
        if found or len(name.encode()) <= MAX_NAME:
            return found
        return f"it has more than {MAX_NAME} bytes, and would be cut silently"

    def number(self, cell: str, column: Column) -> str:
        """Read a number; NaN equals itself."""
        return self.or_missing(cell, column, f"nullif(CAST({cell} AS float8), 'NaN'::float8)")

    def category(self, cell: str) -> str:
        """Read a cell as text, regardless of its column's collation."""
        return f'CAST({cell} AS text) COLLATE "C"'

    def microseconds(self, cell: str, column: Column) -> str:
        """Read a date or a timestamp; one without a zone is one of UTC."""
        return f"CAST(round(EXTRACT(EPOCH FROM {cell}) * 1000000) AS bigint)"

    def rounded(self, value: Sql) -> Sql:
        """Round to real."""
        small = f"CASE WHEN abs({{}}) < {SMALLEST_SINGLE} THEN 0 ELSE {{}} END"
        return sql(f"CAST({small} AS real)", value, value)
