"""The leaderboard as people read it: sizes and times with their units."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hpmkd.recipe.units import shown_size, shown_time

if TYPE_CHECKING:
    from hpmkd.evaluation.leaderboard import ModelRecord

#: How the quantities of a record are shown.
QUANTITIES: Mapping[str, Callable[[float], str]] = {"bytes": shown_size, "row_us": shown_time}
#: The columns of the text, and their headings.
HEADINGS: Mapping[str, str] = {
    "role": "role",
    "name": "name",
    "accuracy": "accuracy",
    "log_loss": "log loss",
    "bytes": "size",
    "row_us": "1 row",
    "retention": "retention",
}


def to_text(records: Iterable[ModelRecord]) -> str:
    """Return a table of the columns that matter most; a star marks the student that ships."""
    import pandas as pd

    rows = [
        {heading: _cell(key, getattr(record, key)) for key, heading in HEADINGS.items()}
        | {"name": f"{record.name} *" if record.chosen else record.name}
        for record in records
    ]
    frame = pd.DataFrame(rows, columns=list(HEADINGS.values()))
    # Names begin below each other; numbers end so.
    widths = {name: max(len(name), frame[name].str.len().max()) for name in ("role", "name")}
    for name, width in widths.items():
        frame[name] = frame[name].str.ljust(width)
    padded = {name: name.ljust(width) for name, width in widths.items()}
    return frame.rename(columns=padded).to_string(index=False)


def _cell(key: str, value: Any) -> str:
    """Return a value as it is shown; of one that is not known, nothing."""
    if isinstance(value, str):
        return value
    if value is None or math.isnan(value):
        return ""
    show = QUANTITIES.get(key)
    return f"{value:.4f}" if show is None else show(value)
