"""The link of one margin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hpmkd_defaults.exporters.python.parts.student import numpy

# ---------------------------------------------------------------- from margin to probabilities


def sigmoid(margins: Sequence[float]) -> list[float]:
    """Return the probabilities of the two classes: 1 / (1 + exp(m)) and 1 / (1 + exp(-m))."""
    small = math.exp(-abs(margins[0]))
    likely, unlikely = 1 / (1 + small), small / (1 + small)
    return [unlikely, likely] if margins[0] >= 0 else [likely, unlikely]


def sigmoid_many(margins: Any) -> Any:
    """Return the probabilities (n, 2) of margins (1, n)."""
    small = numpy.exp(-abs(margins[0].astype(float)))
    both = numpy.stack([small / (1 + small), 1 / (1 + small)], axis=1)
    return numpy.where(margins[0][:, None] >= 0, both, both[:, ::-1])
