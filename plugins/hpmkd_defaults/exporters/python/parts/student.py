"""The part of a written file on its own student, here the least one; this is never copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from hpmkd_defaults.exporters.python.parts.cells import number_reader

__all__ = ["CLASSES", "COLUMNS", "KINDS", "NAMED", "numpy", "probabilities", "probabilities_many"]

CLASSES: list[Any] = ["no", "yes"]
COLUMNS: dict[str, dict[str, Any]] = {"x": {"kind": "number"}}
NAMED = True
KINDS: dict[str, Callable[..., Any]] = {"number": number_reader}


def probabilities(x: list[float]) -> list[float]:
    """Return the probabilities of one row of cells."""
    return [0.5, 0.5]


def probabilities_many(x: list[Any]) -> Any:
    """Return the probabilities (n, K) of many rows, of which each cell is an array (n,)."""
    return numpy.full((len(x[0]), 2), 0.5)
