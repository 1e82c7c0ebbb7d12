"""The pictures of a report, in the order in which they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.report.figures.by_class import by_class
from hpmkd.report.figures.fidelity import fidelity
from hpmkd.report.figures.importance import importance
from hpmkd.report.figures.log_loss import log_loss
from hpmkd.report.figures.reliability import reliability
from hpmkd.report.figures.search_history import search_history
from hpmkd.report.figures.teacher_weights import attention, teacher_weights
from hpmkd.report.figures.time import time_spent
from hpmkd.report.figures.tradeoff import LATENCY, SIZE, tradeoff

if TYPE_CHECKING:
    from hpmkd.report.render.figure import Absent, Picture
    from hpmkd.runs.result import Distillation


def pictures(found: Distillation) -> list[Picture | Absent]:
    """Return the pictures of a run, and why others cannot be drawn."""
    return [
        log_loss(found),
        tradeoff(found, SIZE),
        tradeoff(found, LATENCY),
        reliability(found),
        fidelity(found),
        by_class(found),
        importance(found),
        teacher_weights(found),
        attention(found),
        search_history(found),
        time_spent(found),
    ]
