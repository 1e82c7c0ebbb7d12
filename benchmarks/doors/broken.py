"""Files that are broken: every one has to be refused."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence

import pandas as pd

Lines = list[str]


def _lines(rows: Sequence[dict[str, str]]) -> Lines:
    return pd.DataFrame(rows).to_csv(index=False).splitlines()


def _joined(lines: Lines) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def comma_at_every_end(lines: Lines) -> bytes:
    """Add a comma at the end of every line but the header."""
    return _joined([lines[0], *(f"{line}," for line in lines[1:])])


def comma_at_one_end(lines: Lines) -> bytes:
    """Add a comma at the end of the last line."""
    return _joined([*lines[:-1], f"{lines[-1]},"])


def cut_off(lines: Lines) -> bytes:
    """Take two cells off the last line."""
    return _joined([*lines[:-1], lines[-1].rsplit(",", 2)[0]])


def header_twice(lines: Lines) -> bytes:
    """Name two columns alike."""
    return _joined([f"{line},{line.partition(',')[0]}" for line in lines])


def column_missing(lines: Lines) -> bytes:
    """Leave out the last column."""
    return _joined([line.rpartition(",")[0] for line in lines])


def empty(lines: Lines) -> bytes:
    """Leave nothing."""
    return b""


def latin(lines: Lines) -> bytes:
    """Write Latin-1 without declaring it."""
    return _joined(lines[:-1]) + lines[-1].replace("y", "ÿ").encode("latin-1") + b"\xff\n"


def truncated(lines: Lines) -> bytes:
    """Compress the file, and cut it off."""
    return gzip.compress(_joined(lines) * 20)[:-12]


def no_header(lines: Lines) -> bytes:
    """Leave out the header: the first row takes its place."""
    return _joined(lines[1:])


#: By what is broken: the ending of the file's name, and how.
BROKEN: dict[str, tuple[str, Callable[[Lines], bytes]]] = {
    "a comma at every end": (".csv", comma_at_every_end),
    "a comma at one end": (".csv", comma_at_one_end),
    "a line cut off": (".csv", cut_off),
    "a column twice": (".csv", header_twice),
    "a column missing": (".csv", column_missing),
    "empty": (".csv", empty),
    "Latin-1, undeclared": (".csv", latin),
    "truncated .gz": (".csv.gz", truncated),
    "no header": (".csv", no_header),
}


def broken_file(name: str, rows: Sequence[dict[str, str]]) -> tuple[str, bytes]:
    """Return the ending and the content of a broken file."""
    ending, spoil = BROKEN[name]
    return ending, spoil(_lines(rows))
