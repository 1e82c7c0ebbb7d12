"""All pictures of a report, in the order in which they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.report.figures.by_class import by_class
from hpmkd.report.figures.fidelity import agreement
from hpmkd.report.figures.reliability import calibration
from hpmkd.report.figures.search_history import searched
from hpmkd.report.figures.teacher_weights import attention, weights
from hpmkd.report.figures.time import spending
from hpmkd.report.figures.tradeoff import LATENCY, SIZE, tradeoff

if TYPE_CHECKING:
    from hpmkd.report.render.figure import Absent, Picture
    from hpmkd.runs.result import Distillation


def pictures(found: Distillation) -> list[Picture | Absent]:
    """Return what a run can be shown by, and why the rest cannot be shown."""
    return [
        tradeoff(found, SIZE),
        tradeoff(found, LATENCY),
        calibration(found),
        agreement(found),
        by_class(found),
        weights(found),
        attention(found),
        searched(found),
        spending(found),
    ]
