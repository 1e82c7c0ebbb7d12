"""How much each teacher weighs, how evenly, and where attention moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpmkd.evaluation.gates import gates_of_fuser
from hpmkd.evaluation.shown import digits
from hpmkd.report.models import row_details
from hpmkd.report.render.figure import Absent, Picture
from hpmkd.report.render.format import clean, short
from hpmkd.report.render.tables import Cell, Column, cell, table, table_of
from hpmkd.report.render.theme import Look, lines, mark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hpmkd.evaluation.row_details import Weighing
    from hpmkd.runs.result import Distillation


def teacher_weights(found: Distillation) -> Picture:
    """Return the picture of the teachers' weights."""
    known = found.knowledge
    spread = {each.teacher: each for each in row_details(found).weights}
    pairs = sorted(zip(known.teachers, known.weights, strict=True), key=lambda each: -each[1])
    rows: list[list[str | Cell]] = []
    for name, weight in pairs:
        own = spread[name]
        rows.append([clean(name), *map(cell, (weight, own.deviation, *own.quantiles))])
    quantiles = ("standard deviation", "5 %", "25 %", "median", "75 %", "95 %")
    even = all(each.deviation == 0 for each in spread.values())
    first, weight = pairs[0]
    return Picture(
        key="weights",
        title="Weights of the teachers",
        description=f"{clean(first)} weighs most, {digits(weight)} on average.",
        reading="The mean weight of each teacher over the training rows"
        + (
            "; every row is weighed alike."
            if even
            else ". The thin line spans 5 to 95 % of the rows, the thick one 25 to 75 %."
        ),
        table=table(
            "Weights of the teachers over the training rows",
            ("teacher", "mean", *quantiles),
            rows,
        ),
        marks=len(pairs),
        height=0.8 + 0.26 * len(pairs),
        paint=lambda figure, look: _paint_weights(figure, look, pairs, spread),
    )


def _paint_weights(
    figure: Figure,
    look: Look,
    pairs: Sequence[tuple[str, float]],
    spread: Mapping[str, Weighing],
) -> None:
    ax = figure.subplots()
    for at, (name, _) in enumerate(pairs):
        if spread[name].deviation:
            low, lower, _median, upper, high = spread[name].quantiles
            ax.plot([low, high], [at, at], color=look["teacher"], linewidth=1)
            ax.plot([lower, upper], [at, at], color=look["teacher"], linewidth=4, alpha=0.5)
    means = [weight for _, weight in pairs]
    style = {**look.role("teacher"), "marker": "o", "s": 30}
    mark(ax.scatter(means, range(len(pairs)), **style))
    ax.set_yticks(range(len(pairs)), [short(name) for name, _ in pairs])
    lines(ax, len(pairs))
    ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
    ax.set_xlabel("weight")


ATTENTION: Sequence[Column] = (
    ("where", lambda win: f"{clean(win['column'])} is {clean(win['cells'])}", digits),
    ("teacher", "teacher", digits),
    ("weight there", "weight", digits),
    ("mean weight", "mean_weight", digits),
    ("rows", "rows", digits),
)


def attention(found: Distillation) -> Picture | Absent:
    """Return the picture of where in the data which teacher weighs more than on average."""
    wins: Sequence[Mapping[str, Any]] = found.knowledge.fuser.get("wins", ())
    if not wins:
        refused = [g.reason for g in gates_of_fuser("", found.knowledge.fuser) if not g.passed]
        why = "The fuser weighs every row alike"
        why += f": its attention was not accepted ({clean(refused[0])})." if refused else "."
        return Absent("attention", "Where attention moved", why)
    largest = max(wins, key=lambda win: win["weight"] - win["mean_weight"])
    return Picture(
        key="attention",
        title="Where attention moved",
        description=(
            f"Most of all where {clean(largest['column'])} is {clean(largest['cells'])}: there "
            f"{clean(largest['teacher'])} weighs {largest['weight']:.2f}, "
            f"{largest['mean_weight']:.2f} on average."
        ),
        reading=(
            "Where in the data a teacher weighs more than on average: from its mean weight (bar) "
            "to its weight in those rows (mark)."
        ),
        table=table_of("Where attention moved", ATTENTION, wins),
        marks=len(wins),
        height=0.8 + 0.4 * len(wins),
        paint=lambda figure, look: _paint_attention(figure, look, wins),
    )


def _paint_attention(figure: Figure, look: Look, wins: Sequence[Mapping[str, Any]]) -> None:
    ax = figure.subplots()
    places = range(len(wins))
    there = [win["weight"] for win in wins]
    mean = [win["mean_weight"] for win in wins]
    ax.hlines(places, mean, there, color=look["teacher"], linewidth=1.2)
    ax.scatter(mean, places, marker="|", s=60, color=look["faint"], zorder=3)
    style = {**look.role("teacher"), "marker": "o", "s": 30}
    mark(ax.scatter(there, places, **style))
    names = [
        f"{short(win['teacher'])}\n{short(win['column'], 14)}: {short(win['cells'], 20)}"
        for win in wins
    ]
    ax.set_yticks(places, names)
    lines(ax, len(wins))
    ax.set_xlabel("weight")
