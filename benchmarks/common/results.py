"""Results in a file, a line of JSON each: an interrupted benchmark continues where it was.

Lines are only ever added, so several processes may write to one file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path


def read_lines(path: Path, key: Sequence[str] = ()) -> list[dict]:
    """Return the lines of a file; of several with the same values of `key` the last counts."""
    lines = []
    for text in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            lines.append(json.loads(text))
        except ValueError:  # blank, or cut off when the process was ended
            continue
    return list({key_of(line, key): line for line in lines}.values()) if key else lines


def key_of(line: dict, key: Sequence[str]) -> tuple:
    """Return the values that identify a line."""
    return tuple(line[name] for name in key)


def done(path: Path, key: Sequence[str]) -> set[tuple]:
    """Return the keys of all lines of a file."""
    return {key_of(line, key) for line in read_lines(path)}


def add_line(path: Path, line: dict) -> None:
    """Add a line; NumPy's numbers are written as plain ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        # The line break stands first: the line before may have been cut off.
        file.write("\n" + json.dumps(line, default=lambda value: value.item()))


def write_lines(path: Path, lines: Iterable[dict]) -> None:
    """Replace a file at once."""
    partial = path.with_name(path.name + ".tmp")
    partial.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    partial.replace(path)
