"""A dict, read as a row."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_NUMBERS = frozenset({float, int, bool})


def reader(
    numbers: Sequence[str], n_parts: int, categories: Sequence[tuple[str, Mapping[str, float]]]
) -> Callable[[Any], list[float] | None]:
    """Return what reads a dict; it returns None where a cell is not plain.

    Parameters
    ----------
    numbers, n_parts, categories
        As for :func:`hpmkd.kernels.packed.dict_kernel`.
    """

    def read(row: Any) -> list[float] | None:
        parts: Sequence[Any] = ()
        if n_parts:
            row, parts = row
        if type(row) is not dict:
            return None
        try:
            cells = [_number(row[name]) for name in numbers]
            cells += [_number(part) for part in parts]
            return cells + [_code(row[name], levels) for name, levels in categories]
        except (KeyError, TypeError, OverflowError):
            return None

    return read


def _number(cell: Any) -> float:
    """Return a plain number or None as float64; other errors are TypeErrors."""
    if cell is None:
        return math.nan
    if type(cell) not in _NUMBERS:
        raise TypeError
    return float(cell)


def _code(cell: Any, levels: Mapping[str, float]) -> float:
    """Return the code of text, NaN where it is unknown, or None."""
    if cell is None:
        return math.nan
    if type(cell) is not str:
        raise TypeError
    return levels.get(cell, math.nan)
