"""The leaderboard as a frame that notebooks show with its units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hpmkd import html
from hpmkd.evaluation.shown import digits, duration, percent, ratio, size

#: Heading, key of the record, and how it is written: what fits beside each other.
COMPACT = (
    ("accuracy", "accuracy", percent),
    ("log loss", "log_loss", digits),
    ("size", "bytes", size),
    ("one row", "row_us", duration),
    ("smaller", "compression", ratio),
    ("faster", "speedup", ratio),
    ("retention", "retention", percent),
)
SHIPS = "✓ ships"


class Leaderboard(pd.DataFrame):
    """A frame of raw numbers, a row per model; what is taken out of it is a plain DataFrame."""

    def _repr_html_(self) -> str | None:
        """Return the columns that matter most, with units; of an altered frame what pandas has."""
        known = {"role", "name", "chosen", *(key for _, key, _ in COMPACT)}
        if not known <= {*self.columns}:
            plain: str | None = pd.DataFrame(self)._repr_html_()  # type: ignore[operator]
            return plain
        rows = self.astype(object).where(self.notna(), None)
        return leaderboard_html(rows.to_dict("records"))


def leaderboard_html(records: Sequence[Mapping[Any, Any]], metric: str = "metric") -> str:
    """Return the compact leaderboard; `metric` heads the column of the run's own metric."""
    own = [(metric, "metric", digits)] if any(each.get("metric") for each in records) else []
    columns = [*own, *(each for each in COMPACT if not own or each[0] != metric)]
    rows = [
        [
            str(each["role"]),
            f"{each['name']} {SHIPS}" if each["chosen"] else str(each["name"]),
            *(shown(each[key]) for _, key, shown in columns),
        ]
        for each in records
    ]
    chosen = [at for at, each in enumerate(records) if each["chosen"]]
    headings = ["role", "name", *(heading for heading, _, _ in columns)]
    return html.table(headings, rows, names=2, bold=chosen)
