"""Reliability curves of teacher, control and student."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpmkd.evaluation.shown import digits
from hpmkd.report.models import row_details
from hpmkd.report.render.figure import Picture
from hpmkd.report.render.format import clean
from hpmkd.report.render.tables import cell, table
from hpmkd.report.render.theme import Look, mark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hpmkd.evaluation.row_details import RowDetails
    from hpmkd.runs.result import Distillation

#: Standard errors of a 95 % interval.
Z = 1.959964
KEY, TITLE = "reliability", "Reliability of the probabilities"


def reliability(found: Distillation) -> Picture:
    """Return the picture of the reliability curves."""
    details = row_details(found)
    curves = details.reliability
    event = f"the class {clean(found.facts['classes'][1])}"
    if curves[0].of != "second class":
        event = "the class that the model names"
    errors = ", ".join(f"{curve.model} {digits(curve.error)}" for curve in curves)
    rows = [
        [
            curve.model,
            f"{each.low:.1f} … {each.high:.1f}",
            cell(each.rows),
            cell(each.predicted),
            cell(each.observed),
            cell(curve.error),
        ]
        for curve in curves
        for each in curve.bins
    ]
    return Picture(
        key=KEY,
        title=TITLE,
        description=f"Expected calibration error on {details.rows} test rows: {errors}.",
        reading=(
            f"Test rows in ten bins by the probability of {event}: how often it was right. On "
            "the diagonal, probabilities are right on average; below it they are too high. "
            "Larger marks stand for more rows; the student's vertical lines are 95 % intervals "
            "(Wilson 1927). The error is the mean distance from the diagonal "
            "over the rows; on few rows it looks larger than it is."
        ),
        table=table(
            f"Reliability on the test rows: probability of {event}",
            ("model", "bin", "rows", "mean probability", "observed share", "error of the model"),
            rows,
        ),
        marks=len(rows),
        height=4.3,
        paint=lambda figure, look: _paint(figure, look, details),
    )


def _paint(figure: Figure, look: Look, details: RowDetails) -> None:
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], color=look["faint"], linewidth=1, linestyle="--")
    for curve in details.reliability:
        predicted = [each.predicted for each in curve.bins]
        observed = [each.observed for each in curve.bins]
        ax.plot(predicted, observed, color=look[curve.model], linewidth=1.1)
        style = look.role(curve.model)
        # As wide as its marks are elsewhere: a control that is the student frames it.
        wide = style["s"] / look.role("student")["s"]
        sizes = [wide * (14 + 90 * (each.rows / details.rows) ** 0.5) for each in curve.bins]
        # The legend's mark is of one size: that of a point which is not drawn.
        label = f"{curve.model} (error {curve.error:.3f})"
        ax.scatter([], [], label=label, **style)
        mark(ax.scatter(predicted, observed, **{**style, "s": sizes, "alpha": 0.85}))
        if curve.model == "student":
            low, high = zip(*(wilson(each.rows, each.observed) for each in curve.bins), strict=True)
            ax.vlines(predicted, low, high, look["student"], linewidth=1.4, alpha=0.45)
    ax.set_xlim(-0.02, 1.03)
    ax.set_ylim(-0.03, 1.04)
    ax.set_xlabel("mean probability")
    ax.set_ylabel("observed share")
    figure.legend(loc="outside upper left", ncols=2)


def wilson(rows: int, share: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of so many rows (Wilson 1927)."""
    shrunk = 1 + Z**2 / rows
    middle = share + Z**2 / (2 * rows)
    half = Z * math.sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2))
    return (middle - half) / shrunk, (middle + half) / shrunk
