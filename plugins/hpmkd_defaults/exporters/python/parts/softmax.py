"""The link of a margin per class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hpmkd_defaults.exporters.python.parts.student import numpy

# --------------------------------------------------------------- from margins to probabilities

#: Beyond any margin, so that an overflowed one does not become inf - inf.
FARTHEST = 1e300


def softmax(margins: Sequence[float]) -> list[float]:
    """Return exp(margin) of each class, divided by their sum."""
    clipped = [min(max(margin, -FARTHEST), FARTHEST) for margin in margins]
    top = max(clipped)
    powers = [math.exp(margin - top) for margin in clipped]
    total = sum(powers)
    return [power / total for power in powers]


def softmax_many(margins: Any) -> Any:
    """Return the probabilities (n, K) of margins (K, n)."""
    clipped = numpy.clip(margins.astype(float), -FARTHEST, FARTHEST)
    powers = numpy.exp(clipped - clipped.max(axis=0))
    return (powers / powers.sum(axis=0)).T
