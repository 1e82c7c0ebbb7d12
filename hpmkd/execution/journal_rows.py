"""The rows of a journal: their table, their seal, and the header among them.

A row is a name, the seconds that the run had taken, a seal (HMAC-SHA256 with a user's key of the
rest), and a pickle; that of the header is plain JSON.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HEADER = "header"
TABLE = "CREATE TABLE results (name TEXT PRIMARY KEY, seconds REAL, seal BLOB, pickle BLOB)"
ROW = "SELECT name, seconds, seal, pickle FROM results WHERE name = ?"


def seal(key: bytes, name: Any, seconds: Any, content: bytes) -> bytes:
    """Return the seal of a row."""
    made = hmac.new(key, f"{name}\0{seconds!r}\0".encode(), "sha256")
    made.update(content)
    return made.digest()


def is_sealed(key: bytes, name: Any, seconds: Any, found: Any, content: Any) -> bool:
    """Return whether the seal that was found in a row is that of this key."""
    if not (isinstance(found, bytes) and isinstance(content, bytes)):
        return False  # of a damaged row
    return hmac.compare_digest(found, seal(key, name, seconds, content))


def is_journal(path: Path) -> bool:
    """Return whether a file is a journal that was begun, by whomever; also one that is open."""
    return _header(path)[1] is not None


def read_header(path: Path, key: bytes) -> Mapping[str, Any] | None:
    """Return the header of a journal, also of one that is open; None unless this key sealed it.

    Another user may write anything into a journal, such as a command that does something else.
    """
    row, header = _header(path)
    return header if header is not None and is_sealed(key, *row) else None


def _header(path: Path) -> tuple[tuple[Any, ...], Mapping[str, Any] | None]:
    """Return the row of the header, and what it holds; None where there is none.

    It takes no lock, and does not open the file by itself: to close it again would end the lock
    that this process may have.
    """
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            row: tuple[Any, ...] = database.execute(ROW, (HEADER,)).fetchone()
            header = json.loads(row[3])
    except (sqlite3.Error, TypeError, ValueError, RecursionError):
        return (), None
    return row, header if isinstance(header, dict) else None
