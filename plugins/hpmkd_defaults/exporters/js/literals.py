"""Python values as they stand in JavaScript and TypeScript, within an HTML page too."""

from __future__ import annotations

import json
from typing import Any

#: Integers up to here are numbers, larger ones need another type.
MAX_SAFE_INTEGER = 2**53 - 1


def text(value: str) -> str:
    """Return a text in double quotes: ASCII only, and no ``<``, so that no page sees a tag."""
    return json.dumps(value).replace("<", "\\u003c")


def label(value: Any) -> str:
    """Return a label: a text, an integer, a float or a boolean."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}n" if abs(value) > MAX_SAFE_INTEGER else str(value)
    return repr(value)


def parsed(value: Any) -> str:
    """Return an expression for a plain JSON value.

    Of an object literal ``__proto__`` would be another thing than a name.
    """
    plain = json.dumps(value, allow_nan=False, separators=(",", ":"))
    quoted = plain.replace("\\", "\\\\").replace("'", "\\'").replace("<", "\\u003c")
    return f"JSON.parse('{quoted}')"
