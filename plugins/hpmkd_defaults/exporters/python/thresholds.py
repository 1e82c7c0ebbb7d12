"""Conditions on cells that hold for just those doubles for which the student's hold."""

from __future__ import annotations

import math
import struct
from decimal import ROUND_FLOOR, Context
from functools import cache

import numpy as np

_SIGN = 1 << 63


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


@cache
def exact_threshold(threshold: float, offset: float) -> float:
    """Return the smallest double x for which ``float32(x - offset) < threshold`` does not hold.

    Rounding never changes an order, so that the condition holds for each double below it. It is
    infinite if the condition holds for all of them, or all but infinity.
    """
    low, high = _order(-math.inf), _order(math.inf)
    while low < high:
        middle = (low + high) // 2
        if _rounded(_double(middle) - offset) < threshold:
            low = middle + 1
        else:
            high = middle
    return _double(low)


def _rounded(number: float) -> float:
    """Round to float32."""
    with np.errstate(over="ignore"):
        return float(np.float32(number))


def _order(number: float) -> int:
    """Return where among all doubles a number stands, 0 in the middle."""
    (bits,) = struct.unpack("<Q", struct.pack("<d", number))
    return -int(bits ^ _SIGN) if bits & _SIGN else int(bits)


def _double(order: int) -> float:
    """Return the double at such a place."""
    bits = -order | _SIGN if order < 0 else order
    return float(struct.unpack("<d", struct.pack("<Q", bits))[0])
