"""Log loss of every student beside its control, with the uncertainty of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.evaluation.shown import digits
from hpmkd.report.models import intervals_of, name_of, shipped, teacher_of
from hpmkd.report.render.figure import Picture
from hpmkd.report.render.format import clean, short
from hpmkd.report.render.tables import Cell, cell, table
from hpmkd.report.render.theme import Look, lines, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hpmkd.evaluation.intervals import Interval
    from hpmkd.evaluation.leaderboard import ModelRecord
    from hpmkd.runs.result import Distillation

KEY, TITLE = "losses", "Log loss of students and controls"
#: How far from the middle of its line a model is drawn, so that none hides the other.
BESIDE = {"control": -0.14, "student": 0.14, "ensemble": 0.0, "teacher": 0.0}


@dataclass(frozen=True)
class DrawnLoss:
    """A model: its line, its log loss, and the interval of that where it is known."""

    line: int
    record: ModelRecord
    interval: Interval | None

    @property
    def place(self) -> float:
        """Where it is drawn."""
        return self.line + BESIDE[self.record.role]


def log_loss(found: Distillation) -> Picture:
    """Return the picture of log losses, a line per pair of student and control."""
    points, names = _points(found)
    record = shipped(found)
    bars = any(each.interval for each in points)
    return Picture(
        key=KEY,
        title=TITLE,
        description=f"The shipped student {clean(record.name)} has {digits(record.log_loss)}.",
        reading=(
            "Each line is a student and its control, the same student on hard labels alone, "
            "joined; the farther left, the better. The dashed line is the teacher."
            + (" Bars are 95 % intervals (bootstrap over the test rows)." if bars else "")
        ),
        table=table(
            "Log loss on the test rows, with its 95 % interval",
            ("role", "name", "log loss", "from", "to"),
            [_row(each) for each in points],
        ),
        marks=len(points),
        height=1.2 + 0.36 * len(names),
        paint=lambda figure, look: _paint(figure, look, found, points, names),
    )


def _points(found: Distillation) -> tuple[list[DrawnLoss], list[str]]:
    """Return the models to draw, and the names of their lines."""
    names = list[str]()
    points = []
    for record in found.records:
        if record.role == "teacher":
            continue
        name = name_of(record)
        if name not in names:
            names.append(name)
        own = intervals_of(found, record)
        points.append(DrawnLoss(names.index(name), record, own.log_loss if own else None))
    return points, names


def _row(point: DrawnLoss) -> list[str | Cell]:
    low, high = point.interval or (None, None)
    record = point.record
    return [record.role, clean(record.name), *map(cell, (record.log_loss, low, high))]


def _paint(
    figure: Figure,
    look: Look,
    found: Distillation,
    points: Sequence[DrawnLoss],
    names: Sequence[str],
) -> None:
    ax = figure.subplots()
    teacher = teacher_of(found.records)
    if teacher is not None:
        ax.axvline(teacher.log_loss, color=look["teacher"], linewidth=0.9, linestyle="--")
    for line in range(len(names)):
        _join(ax, look, [each for each in points if each.line == line])
    for role in ("control", "student", "ensemble"):
        own = [each for each in points if each.record.role == role]
        for each in own:
            if each.interval is not None:
                ax.hlines(each.place, *each.interval, look[role], linewidth=1.4, alpha=0.6)
        if own:
            xy = [each.record.log_loss for each in own], [each.place for each in own]
            mark(ax.scatter(*xy, label=role, **look.role(role)))
    ax.set_yticks(range(len(names)), [short(name) for name in names])
    lines(ax, len(names))
    ax.set_xlabel("log loss on the test rows")
    figure.legend(loc="outside upper left", ncols=3)


def _join(ax: Axes, look: Look, pair: Sequence[DrawnLoss]) -> None:
    """Join student and control of one line."""
    losses, places = [each.record.log_loss for each in pair], [each.place for each in pair]
    ax.plot(losses, places, color=look["faint"], linewidth=1)
