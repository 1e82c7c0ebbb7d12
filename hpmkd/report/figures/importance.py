"""Rise of the loss of student and teacher where a column is permuted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpmkd.evaluation.shown import digits
from hpmkd.report.figures.reliability import Z
from hpmkd.report.models import row_details
from hpmkd.report.render.figure import Absent, Picture
from hpmkd.report.render.format import clean, short
from hpmkd.report.render.tables import Column, table_of
from hpmkd.report.render.theme import Look, lines, mark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hpmkd.evaluation.importance import ColumnImportance, Increase
    from hpmkd.runs.result import Distillation

KEY, TITLE = "importance", "Importance of the columns"
MODELS = ("teacher", "student")
#: How far from the middle of its line a model is drawn, so that none hides the other.
BESIDE = {"teacher": -0.16, "student": 0.16}
COLUMNS: Sequence[Column] = (
    ("column", lambda each: clean(each.column), digits),
    ("student", lambda each: each.student.mean, digits),
    ("its standard error", lambda each: each.student.error, digits),
    ("teacher", lambda each: each.teacher and each.teacher.mean, digits),
    ("standard error of that", lambda each: each.teacher and each.teacher.error, digits),
)


def importance(found: Distillation) -> Picture | Absent:
    """Return the picture of the permutation importances, those of student and teacher."""
    known = row_details(found).importance
    if not known:
        why = "This run did not measure it: its folder was written by an older version."
        return Absent(KEY, TITLE, why)
    first = max(known, key=lambda each: each.student.mean)
    measured = known[0].teacher is not None
    silent = "" if measured else " The teacher was not measured: it is too slow, or has no model."
    return Picture(
        key=KEY,
        title=TITLE,
        description=(
            f"The student relies most on {clean(first.column)}: without it, its log loss is "
            f"{digits(first.student.mean)} higher."
        ),
        reading=(
            "By how much log loss rises on test rows whose cells of a column are permuted "
            "(Breiman 2001): near 0, the model does not use the column, or finds the same "
            "information in others. Lines are 95 % intervals over the rows. At most 20 columns, "
            f"on at most 300 rows, once each.{silent}"
        ),
        table=table_of("Rise of log loss where a column is permuted", COLUMNS, known),
        marks=len(known) * (1 + measured),
        height=1.2 + 0.3 * len(known),
        paint=lambda figure, look: _paint(figure, look, known),
    )


def _paint(figure: Figure, look: Look, known: Sequence[ColumnImportance]) -> None:
    ax = figure.subplots()
    ax.axvline(0, color=look["faint"], linewidth=1)
    for model in MODELS:
        pairs: list[tuple[int, Increase]] = [
            (at, rise) for at, each in enumerate(known) if (rise := getattr(each, model))
        ]
        if not pairs:
            continue
        places = [at + BESIDE[model] for at, _ in pairs]
        means = [rise.mean for _, rise in pairs]
        low = [rise.mean - Z * rise.error for _, rise in pairs]
        high = [rise.mean + Z * rise.error for _, rise in pairs]
        ax.hlines(places, low, high, look[model], linewidth=1.2, alpha=0.6)
        mark(ax.scatter(means, places, label=model, **look.role(model)))
    ax.set_yticks(range(len(known)), [short(each.column) for each in known])
    lines(ax, len(known))
    ax.set_xlabel("rise of log loss where the column is permuted")
    figure.legend(loc="outside upper left", ncols=2)
