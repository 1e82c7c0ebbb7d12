"""Values as Python source, laid out for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

#: Longer values stand in several lines.
LONGEST_LINE = 96
#: Longer items stand in a line each.
LONGEST_ITEM = 40


def literal(value: Any, indent: int = 0) -> str:
    """Return plain values as source: what is short in one line, else in several.

    Parameters
    ----------
    value : dict, list, str, float, int, bool or None
        Nested at will; numbers are finite. Texts are escaped as :func:`repr` does it, which leaves
        no line break, nothing that text editors hide, and no half of a character.
    indent : int
        Of the line in which it begins.
    """
    line = repr(value)
    if len(line) + indent <= LONGEST_LINE or not isinstance(value, (dict, list)):
        return line
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    inner = indent + 4
    if isinstance(value, dict):
        items = [f"{key!r}: {literal(each, inner)}" for key, each in value.items()]
    else:
        items = [literal(each, inner) for each in value]
    nested = any(isinstance(each, (dict, list)) for each in _values(value))
    if nested or max(map(len, items)) > LONGEST_ITEM:
        lines = "".join(f"{' ' * inner}{item},\n" for item in items)
    else:
        lines = filled(items, inner)
    return f"{opening}\n{lines}{' ' * indent}{closing}"


def _values(value: dict[Any, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def filled(items: Sequence[str], indent: int) -> str:
    """Return lines of short items with commas, as many in a line as there is room for."""
    lines, line = [], ""
    for item in items:
        if line and len(line) + len(item) + 2 + indent > LONGEST_LINE:
            lines.append(line)
            line = ""
        line += f" {item}," if line else f"{item},"
    return "".join(f"{' ' * indent}{each}\n" for each in (*lines, line))
