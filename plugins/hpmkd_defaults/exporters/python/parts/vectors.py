"""Adding trees of which each leaf holds a value for every margin."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

# ----------------------------------------------------------------- trees that add to all margins


def added(margins: Sequence[float], leaves: Sequence[Sequence[float]]) -> list[float]:
    """Add leaves to margins one by one, each sum rounded to float32."""
    found = []
    for margin, values in zip(margins, zip(*leaves)):
        total = array("f", [margin])
        for value in values:
            total[0] += value
        found.append(total[0])
    return found
