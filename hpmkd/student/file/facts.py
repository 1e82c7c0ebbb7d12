"""What a student's file tells beside the student."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def plain_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Copy facts, as they will be read back from the file.

    Raises
    ------
    ValueError
        One is not a plain JSON value.
    """
    try:
        text = json.dumps(dict(facts), allow_nan=False, default=lambda value: value.item())
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"the facts are not plain values ({error}): use text, finite numbers, booleans, "
            "None, lists and dicts"
        ) from error
    plain: dict[str, Any] = json.loads(text)
    return plain
