"""All pictures of a report, in the order in which they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.report.agreement import agreement
from hpmkd.report.by_class import by_class
from hpmkd.report.calibration import calibration
from hpmkd.report.heard import attention, weights
from hpmkd.report.searched import searched
from hpmkd.report.spending import spending
from hpmkd.report.tradeoff import LATENCY, SIZE, tradeoff

if TYPE_CHECKING:
    from hpmkd.distillation import Distillation
    from hpmkd.report.picture import Absent, Picture


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
