"""Thresholds in few digits, which people read."""

from __future__ import annotations

import math
from decimal import ROUND_FLOOR, Context

import numpy as np


def short_threshold(threshold: np.float32) -> float:
    """Return a short number that splits all float32 as a threshold does.

    ``x < short_threshold(t)`` just if ``x < t``, for every x of float32.
    """
    exact = float(threshold)
    if not math.isfinite(exact) or exact == 0.0:
        return exact
    with np.errstate(over="ignore"):
        before = float(np.nextafter(threshold, np.float32(-np.inf)))
    for digits in range(1, 10):
        short = float(Context(digits, ROUND_FLOOR).create_decimal_from_float(exact))
        if before < short <= exact:
            return short
    return exact
