"""Teacher and student row by row: their probabilities of the true class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.evaluation.shown import percent
from hpmkd.report.models import row_details
from hpmkd.report.render.figure import Absent, Picture
from hpmkd.report.render.tables import cell, table
from hpmkd.report.render.theme import Look, mark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hpmkd.evaluation.row_details import Point
    from hpmkd.runs.result import Distillation

KEY, TITLE = "fidelity", "Fidelity, row by row"
#: By whether teacher and student are right: what it is called, colour, shape, size.
OUTCOMES = {
    (True, True): ("both right", "c6", ".", 26),
    (True, False): ("only the teacher right", "c2", "^", 26),
    (False, True): ("only the student right", "c1", "s", 20),
    (False, False): ("both wrong", "c4", "x", 24),
}


def fidelity(found: Distillation) -> Picture | Absent:
    """Return the fidelity scatter."""
    details = row_details(found)
    points, n = details.points, details.rows
    if not points:
        why = (
            "The teacher has predictions for training rows alone: it cannot be compared on others."
        )
        return Absent(KEY, TITLE, why)
    groups = {right: _of(points, right) for right in OUTCOMES}
    counts = {OUTCOMES[right][0]: len(own) for right, own in groups.items()}
    outcomes = ", ".join(f"{name} on {count}" for name, count in counts.items())
    drawn = (
        f"{len(points)} of {n} test rows, drawn at random" if len(points) < n else "All test rows"
    )
    return Picture(
        key=KEY,
        title=TITLE,
        description=f"{drawn}: {outcomes}.",
        reading=(
            "The probability of the true class, by the teacher and by the student. On the "
            "diagonal both agree; the farther right and up, the better."
        ),
        table=table(
            "Test rows by who is right",
            ("outcome", "rows", "share"),
            [
                [name, cell(count), cell(count / len(points), percent)]
                for name, count in counts.items()
            ],
        ),
        marks=len(points),
        height=4.3,
        paint=lambda figure, look: _paint(figure, look, groups),
    )


def _of(points: tuple[Point, ...], right: tuple[bool, bool]) -> list[Point]:
    return [each for each in points if (each.teacher_right, each.student_right) == right]


def _paint(figure: Figure, look: Look, groups: dict[tuple[bool, bool], list[Point]]) -> None:
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], color=look["faint"], linewidth=1, linestyle="--")
    for right, own in groups.items():
        if own:
            name, colour, shape, area = OUTCOMES[right]
            drawn = ax.scatter(
                [each.teacher for each in own],
                [each.student for each in own],
                label=f"{name} ({len(own)})",
                marker=shape,
                s=area,
                color=look[colour],
                linewidths=1 if shape == "x" else 0,
                alpha=0.7,
            )
            mark(drawn)
    ax.set_xlim(-0.03, 1.03)
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlabel("teacher's probability of the true class")
    ax.set_ylabel("student's probability of the true class")
    figure.legend(loc="outside upper left", ncols=2)
