"""Rows of a raw table, whatever a table is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpmkd.values import IntArray


def take(table: Any, rows: IntArray) -> Any:
    """Return some rows of a frame or array, by position."""
    return table.iloc[rows] if hasattr(table, "iloc") else table[rows]
