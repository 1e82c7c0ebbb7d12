"""Values as Python source, laid out for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: Longer values stand in several lines.
LONGEST_LINE = 96


def literal(value: Any, indent: int = 0) -> str:
    """Return plain values as source: what is short in one line, else an item a line.

    Parameters
    ----------
    value : mapping, list, tuple, str, float, int, bool or None
        Nested at will; numbers are finite. Texts are escaped as :func:`repr` does it, which leaves
        no line break, nothing that text editors hide, and no half of a character.
    indent : int
        Of the line in which it begins.
    """
    line = repr(value)
    if len(line) + indent <= LONGEST_LINE or not isinstance(value, (Mapping, list, tuple)):
        return line
    if not isinstance(value, Mapping) and all(isinstance(each, float) for each in value):
        return "[\n" + filled(list(map(repr, value)), indent + 4) + " " * indent + "]"
    inner = " " * (indent + 4)
    if isinstance(value, Mapping):
        items = [f"{key!r}: {literal(each, indent + 4)}" for key, each in value.items()]
    else:
        items = [literal(each, indent + 4) for each in value]
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    lines = "".join(f"{inner}{item},\n" for item in items)
    return f"{opening}\n{lines}{' ' * indent}{closing}"


def filled(items: Sequence[str], indent: int) -> str:
    """Return lines of short items with commas, as many in a line as there is room for."""
    lines, line = [], ""
    for item in items:
        if line and len(line) + len(item) + 2 + indent > LONGEST_LINE:
            lines.append(line)
            line = ""
        line += f" {item}," if line else f"{item},"
    return "".join(f"{' ' * indent}{each}\n" for each in (*lines, line))
