"""How names and numbers are written for people."""

from __future__ import annotations

#: Names in a picture are cut beyond this many characters; tables have them whole.
LONGEST = 24


def clean(name: object) -> str:
    """Return any name as one line of characters that can be printed."""
    printable = "".join(each if each.isprintable() else " " for each in str(name))
    return " ".join(printable.split()) or "(empty)"


def short(name: object, longest: int = LONGEST) -> str:
    """Return a name that fits beside a picture; what distinguishes two is often at the end."""
    whole = clean(name)
    tail = longest // 3
    return whole if len(whole) <= longest else f"{whole[: longest - 1 - tail]}…{whole[-tail:]}"


def rounded(shown: str) -> str:
    """Return a number with its unit without zeros at the end, such as ``10 KB`` of an axis."""
    number, unit = shown.split(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {unit}"
