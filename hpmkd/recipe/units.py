"""Sizes and times with their units: as people type them, and as they are shown.

Parsing raises RecipeError, which begins with `what`, where a text is not a quantity above 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from hpmkd.errors import RecipeError

#: Bytes behind each unit, in lower case.
SIZES: Mapping[str, float] = {
    "b": 1,
    "kb": 1e3,
    "mb": 1e6,
    "gb": 1e9,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
}
#: Microseconds behind each unit, in lower case; both signs that look like a micro.
TIMES: Mapping[str, float] = {
    "ns": 1e-3,
    "us": 1,
    "\N{MICRO SIGN}s": 1,
    "\N{GREEK SMALL LETTER MU}s": 1,
    "ms": 1e3,
    "s": 1e6,
}
_QUANTITY = re.compile(r"\s*([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*([^\W\d_]*)\s*", re.IGNORECASE)


def parse_size(text: str, what: str) -> int:
    """Return bytes, rounded down, e.g. 50000 of ``50KB`` and 51200 of ``50KiB``."""
    # 128.7 * 1000 is a little less than 128700.
    found = int((_parse(text, SIZES, SIZES["b"]) or 0) + 1e-6)
    if found < 1:
        raise RecipeError(
            f"{what}: got {text!r}; expected a size above 0, such as 800B, 50KB (1000 bytes "
            "each), 50KiB (1024) or 1.5MB"
        )
    return found


def parse_time(text: str, what: str) -> float:
    """Return microseconds, e.g. 2.0 of ``2us`` and 1500.0 of ``1.5ms``."""
    found = _parse(text, TIMES, None)
    if not found:
        raise RecipeError(
            f"{what}: got {text!r}; expected a time above 0 with its unit, such as 800ns, 2us, "
            "1.5ms or 1s"
        )
    return found


def parse_share(text: str, what: str) -> float:
    """Return a share, e.g. 0.99 of ``0.99`` and of ``99%``."""
    found = _parse(text.replace("%", "percent"), {"percent": 0.01}, 1)
    if not found or found > 2:
        raise RecipeError(
            f"{what}: got {text!r}; expected a share of the teacher's accuracy above 0 and at most "
            "2, such as 0.99 or 99%"
        )
    return round(found, 12)


def _parse(text: str, units: Mapping[str, float], bare: float | None) -> float | None:
    """Return a quantity, a number without a unit times `bare`; None if it is none."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    unit = units.get(match[2].lower()) if match[2] else bare
    found = None if unit is None else float(match[1]) * unit
    return found if found is not None and math.isfinite(found) else None


def shown_size(n_bytes: float) -> str:
    """Return a size for people, e.g. ``4.1 KB``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f} {unit}"
    return f"{n_bytes / 1e3:.1f} KB"


def shown_time(us: float) -> str:
    """Return a time for people, e.g. ``1.30 us``."""
    for unit, factor in (("s", 1e6), ("ms", 1e3)):
        if us >= factor:
            return f"{us / factor:.1f} {unit}"
    return f"{us:.1f} us" if us >= 10 else f"{us:.2f} us"
