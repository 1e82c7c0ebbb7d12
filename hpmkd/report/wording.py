"""How names and numbers are written for people."""

from __future__ import annotations

#: What stands for a number that is not known.
UNKNOWN = "–"
#: Names in a picture are cut beyond this many characters; tables have them whole.
LONGEST = 24


def clean(name: object) -> str:
    """Return any name as one line of characters that can be printed."""
    printable = "".join(each if each.isprintable() else " " for each in str(name))
    return " ".join(printable.split()) or "(empty)"


def short(name: object, longest: int = LONGEST) -> str:
    """Return a name that fits beside a picture; what tells two apart is often at the end."""
    whole = clean(name)
    tail = longest // 3
    return whole if len(whole) <= longest else f"{whole[: longest - 1 - tail]}…{whole[-tail:]}"


def percent(share: float | None) -> str:
    """Return a share in percent."""
    return UNKNOWN if share is None else f"{share:.1%}"


def digits(value: float | None) -> str:
    """Return a number in four significant digits."""
    return UNKNOWN if value is None else f"{value:.4g}"


def ratio(value: float | None) -> str:
    """Return how many times, such as ``1,056 ×``."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f} ×" if value >= 10 else f"{value:.1f} ×"


def size(n_bytes: float | None) -> str:
    """Return a size with its unit, of 1000 bytes the kilobyte."""
    if n_bytes is None:
        return UNKNOWN
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "KB")):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.3g} {unit}"
    return f"{n_bytes:.3g} B"


def duration(us: float | None) -> str:
    """Return microseconds with the unit that suits them."""
    if us is None:
        return UNKNOWN
    for factor, unit in ((1e6, "s"), (1e3, "ms"), (1, "µs")):
        if us >= factor:
            return f"{us / factor:.3g} {unit}"
    return f"{us * 1e3:.3g} ns"
