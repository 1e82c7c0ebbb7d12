"""Keys of rows that are mappings: among others, a row needs those that it needs alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpmkd.errors import DataError
from hpmkd.student.columns.tables import listed


def check_keys(table: Any, wanted: tuple[str, ...] | None) -> None:
    """Refuse a list of mappings that do not all have their cells.

    Parameters
    ----------
    table : Any
        A raw table; one that is no list of mappings passes.
    wanted : tuple of str or None
        Keys that each row must have; None if cells are matched by position: then each row
        must have the keys of the first one, in the same order.

    Raises
    ------
    DataError
        A row lacks a key, or has others than the first one.
    """
    if not isinstance(table, list | tuple) or not table or not isinstance(table[0], Mapping):
        return
    first = list(table[0])
    for at, row in enumerate(table):
        if wanted is None and list(row) != first:
            raise DataError(
                f"row {at} has the keys {_shown(row)}, row 0 has {_shown(first)}: the student "
                "reads cells by position; give every row the same keys in the same order"
            )
        missing = [name for name in wanted or () if name not in row]
        if missing:
            raise DataError(
                f"row {at} lacks the columns {listed(missing)}: add them to the row, with None "
                "or NaN where the value is not known"
            )


def _shown(keys: Any) -> str:
    return listed([str(key) for key in keys])
