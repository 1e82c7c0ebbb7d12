"""The students that can be picked, as a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpmkd.report.limits import BREAKS
from hpmkd.report.render.format import digits, duration, percent, size
from hpmkd.report.render.tables import Table, cell, table

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation

#: Heading, key of the contender, and how it is written.
FRONT = (
    ("student", "name", digits),
    ("role", "role", digits),
    ("selection log loss", "selection_log_loss", digits),
    ("selection retention", "selection_retention", percent),
    ("size", "bytes", size),
    ("one row", "row_us", duration),
    ("test accuracy", "accuracy", percent),
    ("test log loss", "log_loss", digits),
    ("on the front", "on_front", digits),
)


def front(found: Distillation) -> Table:
    """Return the students to pick from; no rows in a folder of before there was a front."""
    limits = found.recipe.limits
    headings = [heading for heading, _, _ in FRONT]
    rows = [[cell(getattr(each, key), shown) for _, key, shown in FRONT] for each in found.front]
    if limits:
        headings.append("breaks")
        for row, each in zip(rows, found.front, strict=True):
            broken = limits.broken(each.metrics)
            row.append(cell(", ".join(BREAKS[name] for name in broken) or "nothing"))
    made = table("Students to pick from", headings, rows)
    return replace(made, bold=frozenset(at for at, each in enumerate(found.front) if each.chosen))
