"""Tables and plain text in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

BAR = "&#124;"


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; its cells are Markdown."""
    names = list(header)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    """Return text of one line, in which no bar ends the cell; in code none does."""
    safe = re.sub(r"`[^`]*`|\|", lambda found: found[0].replace("|", BAR, found[0] == "|"), text)
    return " ".join(safe.split())


def escaped(text: str) -> str:
    """Return plain text as Markdown that shows the same characters."""
    return re.sub(r"([\\`*_\[\]])", r"\\\1", text).replace("<", "&lt;")
