"""Accuracy against what it costs: bytes and microseconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.report.labels import place
from hpmkd.report.look import Look, mark
from hpmkd.report.numbers import cell, table
from hpmkd.report.picture import Absent, Picture
from hpmkd.report.wording import clean, duration, percent, short, size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hpmkd.distillation import Distillation
    from hpmkd.leaderboard import Record

ROLES = ("teacher", "control", "student", "ensemble")


@dataclass(frozen=True)
class Cost:
    """What a model costs.

    Parameters
    ----------
    key : str
        Of the record, and of the picture.
    title, axis : str
        What the picture and its axis are called.
    shown : callable
        Writes it with its unit.
    """

    key: str
    title: str
    axis: str
    shown: Callable[[float], str]

    def of(self, record: Record) -> float:
        """Return the cost of a model; 0 if it is not known."""
        return float(getattr(record, self.key) or 0)


SIZE = Cost("bytes", "Accuracy against size", "size of the file", size)
LATENCY = Cost("row_us", "Accuracy against the time of one row", "time of one row", duration)


def tradeoff(found: Distillation, cost: Cost) -> Picture | Absent:
    """Return the picture of accuracy against a cost."""
    priced = [record for record in found.records if cost.of(record)]
    if not priced:
        return Absent(cost.key, cost.title, "No model of this run has a size and a speed.")
    best = front(priced, cost)
    rows = [
        [
            f"{record.role} {clean(record.name)}",
            cell(getattr(record, cost.key), cost.shown),
            cell(record.accuracy, percent),
            cell("yes" if record in best else "no"),
        ]
        for record in priced
    ]
    shipped = next(record for record in found.records if record.chosen)
    said = f"The shipped student {clean(shipped.name)} is right on {percent(shipped.accuracy)}"
    if cost.of(shipped):
        said += f" at {cost.shown(cost.of(shipped))}"
    teacher = found.records[0] if found.records[0].role == "teacher" else None
    if teacher is not None:
        price = cost.of(teacher)
        said += f"; the teacher on {percent(teacher.accuracy)}"
        said += f" at {cost.shown(price)}" if price else ", its cost is not known"
    return Picture(
        key=cost.key,
        title=cost.title,
        description=f"{said}. {len(priced)} models are drawn.",
        reading=(
            "Up is better, left is cheaper; the cost is on a logarithmic scale. The line joins "
            "what nothing beats in both. The ring marks the student that is shipped, the dashed "
            "line the teacher's accuracy."
        ),
        table=table(
            f"{cost.title} on the test rows", ("model", cost.axis, "accuracy", "unbeaten"), rows
        ),
        marks=len(priced),
        height=3.5,
        paint=lambda figure, look: _paint(figure, look, found.records, cost),
    )


def front(records: Sequence[Record], cost: Cost) -> list[Record]:
    """Return the models that no other beats in accuracy and cost, cheap ones first."""
    kept: list[Record] = []
    for record in sorted(records, key=lambda each: (cost.of(each), -each.accuracy)):
        if not kept or record.accuracy > kept[-1].accuracy:
            kept.append(record)
    return kept


def _paint(figure: Figure, look: Look, records: Sequence[Record], cost: Cost) -> None:
    from matplotlib.ticker import NullLocator

    ax = figure.subplots()
    ax.set_xscale("log")
    ax.set_xlabel(cost.axis)
    ax.set_ylabel("accuracy on the test rows")
    ax.xaxis.set_major_formatter(lambda value, _: cost.shown(value))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.4g}")
    priced = [record for record in records if cost.of(record)]
    best = front(priced, cost)
    ax.step(
        [cost.of(record) for record in best],
        [record.accuracy for record in best],
        where="post",
        color=look["faint"],
        linewidth=1,
    )
    if records[0].role == "teacher":
        ax.axhline(records[0].accuracy, color=look["teacher"], linewidth=0.9, linestyle="--")
    for role in ROLES:
        own = [record for record in priced if record.role == role]
        if own:
            costs = [cost.of(record) for record in own]
            drawn = ax.scatter(costs, [r.accuracy for r in own], label=role, **look.role(role))
            mark(drawn)
    _ring(ax, look, priced, cost)
    ax.margins(0.12)
    figure.legend(loc="outside upper left", ncols=4)
    named = [record for record in priced if _labelled(record, records)]
    labels = [_label(record, cost) for record in sorted(named, key=_importance)]
    points = [(cost.of(record), record.accuracy) for record in priced]
    place(ax, labels, points, look)


def _ring(ax: Axes, look: Look, priced: Sequence[Record], cost: Cost) -> None:
    for record in priced:
        if record.chosen:
            ax.plot(
                cost.of(record),
                record.accuracy,
                "o",
                markersize=12,
                fillstyle="none",
                color=look["student"],
            )


def _labelled(record: Record, records: Sequence[Record]) -> bool:
    """Whether a model's name is written: teachers that are fused and controls would crowd it."""
    return record.role in ("student", "ensemble") or record is records[0]


def _importance(record: Record) -> int:
    """Return a rank: the shipped student's name is written first, then the teacher's."""
    return 0 if record.chosen else 1 if record.role == "teacher" else 2


def _label(record: Record, cost: Cost) -> tuple[float, float, str]:
    name = "ensemble" if record.role == "ensemble" else short(record.name, 18)
    return cost.of(record), record.accuracy, name
