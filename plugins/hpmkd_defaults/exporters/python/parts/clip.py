"""Moving linear margins into the range in which trees were grown on them."""

from __future__ import annotations

from array import array
from typing import Any

from hpmkd_defaults.exporters.python.parts.student import numpy

# ------------------------------------------------------------- linear margins that trees start at


def clipped(margins: list[float], clip: dict[str, list[float]]) -> array[float]:
    """Round the margins of a row to float32, and move them into their range."""
    return array("f", map(min, map(max, array("f", margins), clip["low"]), clip["high"]))


def clipped_many(margins: Any, clip: dict[str, list[float]]) -> Any:
    """Do the same for margins (C, n) of many rows."""
    low, high = (numpy.array(clip[edge], dtype=numpy.float32)[:, None] for edge in ("low", "high"))
    with numpy.errstate(over="ignore"):
        return numpy.clip(margins.astype(numpy.float32), low, high)
