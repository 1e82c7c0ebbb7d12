"""How names and numbers are written for people."""

from __future__ import annotations

from hpmkd.recipe.units import shown_size, shown_time

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


def rounded(shown: str) -> str:
    """Return a number with its unit without zeros at the end, such as ``10 KB`` of an axis."""
    number, unit = shown.split(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {unit}"
