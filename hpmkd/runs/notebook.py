"""The result of a run as notebooks show it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from hpmkd import html
from hpmkd.evaluation.leaderboard_frame import leaderboard_html
from hpmkd.evaluation.metrics import metric_class
from hpmkd.evaluation.shown import duration, percent, size

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation


def distillation_html(found: Distillation) -> str:
    """Return the HTML of the verdict, of what to ship and of the compact leaderboard."""
    verdict = found.verdict
    limits = found.unmet()
    return "".join(
        [
            html.paragraph(verdict.sentence, f"{verdict.outcome}."),
            html.bullets([*verdict.warnings, *([limits] if limits else [])]),
            html.paragraph(_shipped(found), "The student of this run:"),
            leaderboard_html(
                [asdict(record) for record in found.records],
                metric_class(found.recipe.metric.name).title,
            ),
        ]
    )


def _shipped(found: Distillation) -> str:
    record = next(each for each in found.records if each.chosen)
    test = found.facts["rows"]["test"]
    return (
        f"{record.name}: right on {percent(record.accuracy)} of {test} test rows, "
        f"{size(record.bytes)}, {duration(record.row_us)} for one row. "
        'found.student.save("student.hpmkd") writes its file.'
    )
