"""How figures are written for people, with the same digits everywhere."""

from __future__ import annotations

from hpmkd.recipe.units import shown_size, shown_time

#: What stands for a number that is not known.
UNKNOWN = "–"


def percent(share: float | None) -> str:
    """Return a share in percent, of the same digits everywhere."""
    return UNKNOWN if share is None else f"{share:.2%}"


def digits(value: float | None) -> str:
    """Return a number with four decimals, so that those of a column can be compared."""
    return UNKNOWN if value is None else f"{value:.4f}"


def few(value: float | None) -> str:
    """Return a number with two decimals, such as a setting."""
    return UNKNOWN if value is None else f"{value:.2f}"


def ratio(value: float | None) -> str:
    """Return how many times, such as ``1,056 ×``."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f} ×" if value >= 10 else f"{value:.1f} ×"


def size(n_bytes: float | None) -> str:
    """Return a size with its unit, as the terminal has it."""
    return UNKNOWN if n_bytes is None else shown_size(n_bytes)


def duration(us: float | None) -> str:
    """Return microseconds with the unit that suits them, as the terminal has them."""
    return UNKNOWN if us is None else shown_time(us)
