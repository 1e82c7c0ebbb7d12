"""The differences between databases: names, values, types, and how cells are read."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from hpmkd.errors import ExportError
from hpmkd_defaults.exporters.sql.expressions import Sql, sql

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hpmkd.student.columns.column import Column

#: A function of several arguments takes so many at most.
MAX_ARGUMENTS = 100


class Dialect(ABC):
    """A database."""

    #: The name in the setting, and the one that users read.
    name: ClassVar[str]
    title: ClassVar[str]
    #: Types of columns that suit numbers, categories and moments, for the head of the query.
    types: ClassVar[dict[str, str]]
    #: Ends a subquery that must not be merged with the one around it.
    fence: ClassVar[str] = ""
    #: Divides integers that are not negative, rounding down.
    quotient: ClassVar[str] = "/"
    double_type: ClassVar[str]
    #: The larger of several values.
    greatest: ClassVar[str] = "greatest"
    #: Columns that a subquery may have.
    max_columns: ClassVar[int] = 2000
    #: By how much a probability may differ from the student's.
    tolerance: ClassVar[float]
    #: Whether names that differ only in case are the same.
    ignores_case: ClassVar[bool] = False
    #: Names that are the number of the row where a table has no such column.
    row_numbers: ClassVar[tuple[str, ...]] = ()
    #: Further lines of the query's head.
    notes: ClassVar[tuple[str, ...]] = ()

    # ------------------------------------------------------------------ values

    @abstractmethod
    def double(self, value: float) -> str:
        """Write a float64, also an infinite one."""

    @abstractmethod
    def single(self, value: np.float32) -> str:
        """Write a finite float32."""

    def text(self, value: str) -> str:
        """Write a text."""
        return "'" + value.replace("'", "''") + "'"

    def holds(self, value: str) -> bool:
        """Return whether a text of the database can be this one."""
        try:
            value.encode()
        except UnicodeEncodeError:  # half of a character
            return False
        return True

    def label(self, value: Any) -> str:
        """Write a label: a truth value, a number or a text."""
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, int):
            return str(value)
        if isinstance(value, float):
            return self.double(value)
        if not self.holds(value):
            raise ExportError(f"the label {shortened(value)} cannot be a text in {self.title}")
        return self.text(value)

    # ------------------------------------------------------------------- names

    def identifier(self, name: str) -> str:
        """Write the name of a table or of a column of it."""
        return '"' + name.replace('"', '""') + '"'

    def objection(self, name: str) -> str:
        """Return why the database can have nothing of this name, or an empty text."""
        if not name or "\x00" in name:
            return "a name has one character at least, and none of them is NUL"
        return "" if self.holds(name) else "it holds half of a character"

    # ------------------------------------------------------------------- cells

    @abstractmethod
    def number(self, cell: str, column: Column) -> str:
        """Read a cell as a double; NULL where missing or NaN."""

    @abstractmethod
    def category(self, cell: str) -> str:
        """Read a cell as a text that is compared character by character."""

    @abstractmethod
    def microseconds(self, cell: str, column: Column) -> str:
        """Read a cell as an integer, the microseconds since 1970, UTC; NULL where missing."""

    def or_missing(self, cell: str, column: Column, read: str) -> str:
        """Read a cell unless it holds a text that stands for a missing one."""
        texts = ", ".join(self.text(text) for text in column.missing if self.holds(text))
        return (
            f"CASE WHEN {self.category(cell)} NOT IN ({texts}) THEN {read} END" if texts else read
        )

    # -------------------------------------------------------------- arithmetic

    @abstractmethod
    def rounded(self, value: Sql) -> Sql:
        """Round a double within the range of float32, which may be tiny, to float32."""

    def as_double(self, value: Sql) -> Sql:
        """Turn a float32 into a double."""
        return sql(f"CAST({{}} AS {self.double_type})", value)

    def largest(self, values: Sequence[Sql]) -> Sql:
        """Return the largest of two or more values."""
        if len(values) > MAX_ARGUMENTS:
            head, tail = values[: MAX_ARGUMENTS - 1], values[MAX_ARGUMENTS - 1 :]
            values = [*head, self.largest(tail) if len(tail) > 1 else tail[0]]
        listed = ", ".join(["{}"] * len(values))
        return sql(f"{self.greatest}({listed})", *values)

    # ------------------------------------------------------------------ engine

    def answers(
        self, query: str, table: str, key: str, rows: Any
    ) -> tuple[NDArray[Any], NDArray[np.float64]] | None:
        """Run a query.

        Parameters
        ----------
        query : str
            Reads `table`, and keeps `key`.
        table, key : str
            Names of a table to make, and of a column with the numbers of its rows.
        rows : DataFrame
            Its other columns: numbers, texts and datetimes.

        Returns
        -------
        tuple of ndarray or None
            Labels (n,) and probabilities (n, K) in the order of the rows; None if the database is
            not at hand.

        Raises
        ------
        Exception
            The database refuses the query.
        """
        return None


def shortened(name: str) -> str:
    """Return a name as a message shows it."""
    return repr(name if len(name) <= 60 else f"{name[:57]}...")


def exponent_form(value: float) -> str:
    """Write a finite float64 with an exponent, in as few digits as tell it from others."""
    text = repr(float(value))
    assert math.isfinite(value), "infinities are written otherwise"
    return text if "e" in text else f"{text}e0"


def in_order(found: Any) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return labels and probabilities of what a query returned: row number, label, and those."""
    import numpy as np

    found = sorted(found, key=lambda row: row[0])
    labels = np.array([row[1] for row in found])
    return labels, np.array([row[2:] for row in found], dtype=np.float64)
