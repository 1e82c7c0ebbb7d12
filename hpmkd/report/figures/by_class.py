"""How many rows of each class teacher, control and student recognise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.evaluation.shown import percent
from hpmkd.report.models import row_details
from hpmkd.report.render.figure import Picture
from hpmkd.report.render.format import clean, short
from hpmkd.report.render.tables import cell, table
from hpmkd.report.render.theme import Look, lines, mark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hpmkd.evaluation.row_details import RowDetails
    from hpmkd.report.render.tables import Cell
    from hpmkd.runs.result import Distillation

KEY, TITLE = "classes", "Retention by class"
MODELS = ("teacher", "control", "student")
#: How far from the middle of its line a model is drawn, so that none hides another.
BESIDE = {"teacher": -0.24, "control": 0.0, "student": 0.24}
#: The axis begins here or further left: tiny differences must not look large.
BEGIN = 0.8


def by_class(found: Distillation) -> Picture:
    """Return the picture of recall and retention by class."""
    details, classes = row_details(found), found.facts["classes"]
    rows: list[list[str | Cell]] = [
        [
            clean(label),
            cell(each.rows),
            *(cell(getattr(each, model), percent) for model in MODELS),
            cell(each.retention, percent),
        ]
        for label, each in zip(classes, details.by_class, strict=True)
    ]
    return Picture(
        key=KEY,
        title=TITLE,
        description=_description(details, classes),
        reading=(
            "Each line is a class: the share of its test rows that a model recognises (recall). "
            "On the right the student's share over the teacher's, and the number of test rows: "
            "with few rows, a share is uncertain."
        ),
        table=table(
            "Share of each class's test rows that is recognised, and retention",
            ("class", "test rows", *MODELS, "retention"),
            rows,
        ),
        marks=sum(getattr(each, m) is not None for each in details.by_class for m in MODELS),
        height=1.25 + 0.3 * len(classes),
        paint=lambda figure, look: _paint(figure, look, details, classes),
    )


def _description(details: RowDetails, classes: list[object]) -> str:
    known = [
        (each.retention, label)
        for label, each in zip(classes, details.by_class, strict=True)
        if each.retention is not None
    ]
    if not known:
        return "Retention is not known: the teacher recognises no test row, or has no predictions."
    worst, label = min(known, key=lambda each: each[0])
    return f"The student retains least of class {clean(label)}: {percent(worst)}."


def _paint(figure: Figure, look: Look, details: RowDetails, classes: list[object]) -> None:
    ax = figure.subplots()
    places, across = range(len(classes)), ax.get_yaxis_transform()
    for at, each in zip(places, details.by_class, strict=True):
        retention = "–" if each.retention is None else f"{each.retention:.0%}"
        text = f"{retention}  ({each.rows})"
        ax.text(1.03, at, text, transform=across, va="center", fontsize=7.5)
    for model in MODELS:
        known = [
            (share, at + BESIDE[model])
            for at, each in zip(places, details.by_class, strict=True)
            if (share := getattr(each, model)) is not None
        ]
        if known:
            mark(
                ax.scatter(
                    *zip(*known, strict=True), label=model, clip_on=False, **look.role(model)
                )
            )
    ax.set_yticks([*places], [short(label) for label in classes])
    lines(ax, len(classes))
    edges = [at - 0.5 for at in places][1:]
    ax.hlines(edges, 0, 1, look["faint"], linewidth=0.4, alpha=0.4, transform=across)
    ax.set_xlabel("share of the class that is recognised")
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")
    ax.set_xlim(_left(details), 1.01)
    ax.text(1.03, 1.01, "retention\n(rows)", transform=ax.transAxes, fontsize=7.5)
    figure.legend(loc="outside upper left", ncols=3)


def _left(details: RowDetails) -> float:
    """Return the least share that is drawn, with some room beside it."""
    shares = [getattr(each, model) for each in details.by_class for model in MODELS]
    return float(min([BEGIN, *(share for share in shares if share is not None)])) - 0.02
