"""Accuracy against what it costs: bytes and microseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.evaluation.shown import digits, duration, percent, size
from hpmkd.report.models import (
    ROLES,
    intervals_of,
    models,
    name_of,
    pairs_of,
    role_of,
    teacher_of,
)
from hpmkd.report.render.figure import Absent, Picture
from hpmkd.report.render.format import clean, rounded, short
from hpmkd.report.render.label_placement import place
from hpmkd.report.render.tables import Column, table_of
from hpmkd.report.render.theme import Look, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hpmkd.report.models import Model
    from hpmkd.runs.result import Distillation


@dataclass(frozen=True)
class CostAxis:
    """What a model costs.

    Parameters
    ----------
    key : str
        Of the model, and of the picture.
    title, axis : str
        What the picture and its axis are called.
    shown : callable
        Writes it with its unit.
    limit : str
        Name of the limit that a run may set to it.
    """

    key: str
    title: str
    axis: str
    shown: Callable[[float], str]
    limit: str

    def of(self, model: Model) -> float:
        """Return the cost of a model; 0 if it is not known."""
        return float(getattr(model, self.key) or 0)


SIZE = CostAxis("bytes", "Accuracy against size", "size of the file", size, "max_size")
LATENCY = CostAxis(
    "row_us", "Accuracy against the time of one row", "time of one row", duration, "max_latency"
)


def tradeoff(found: Distillation, cost: CostAxis) -> Picture | Absent:
    """Return the picture of accuracy against a cost."""
    known = models(found)
    priced = [model for model in known if cost.of(model)]
    if not priced:
        return Absent(cost.key, cost.title, "No model of this run has a size and a speed.")
    best = unbeaten(priced, cost)
    limit = float(getattr(found.recipe.limits, cost.limit))
    columns: list[Column] = [
        ("model", lambda model: f"{role_of(model)} {clean(name_of(model))}", digits),
        (cost.axis, cost.key, cost.shown),
        ("accuracy", "accuracy", percent),
        ("unbeaten", lambda model: "yes" if model in best else "no", digits),
    ]
    return Picture(
        key=cost.key,
        title=cost.title,
        description=f"{_description(known, cost)} {len(priced)} models are drawn.",
        reading=" ".join(
            _reading(known, best, cost, limit, intervals_of(found, known[0]) is not None)
        ),
        table=table_of(f"{cost.title} on the test rows", columns, priced),
        marks=len(priced),
        height=3.5,
        paint=lambda figure, look: _paint(figure, look, found, cost, limit),
    )


def unbeaten(known: Sequence[Model], cost: CostAxis) -> list[Model]:
    """Return the models that no other beats in accuracy and cost, cheap ones first."""
    best: list[Model] = []
    for model in sorted(known, key=lambda each: (cost.of(each), -each.accuracy)):
        if not best or model.accuracy > best[-1].accuracy:
            best.append(model)
    return best


def _description(known: Sequence[Model], cost: CostAxis) -> str:
    shipped = next(model for model in known if model.chosen)
    text = f"The shipped student {clean(name_of(shipped))} is right on {percent(shipped.accuracy)}"
    if cost.of(shipped):
        text += f" at {cost.shown(cost.of(shipped))}"
    if (teacher := teacher_of(known)) is not None:
        price = cost.of(teacher)
        text += f"; the teacher on {percent(teacher.accuracy)}"
        text += f" at {cost.shown(price)}" if price else ", its cost is not known"
    return f"{text}."


def _reading(
    known: Sequence[Model], best: Sequence[Model], cost: CostAxis, limit: float, bars: bool
) -> Iterator[str]:
    yield "Up is better, left is cheaper; the cost is on a logarithmic scale."
    if len(best) > 1:
        yield "The line joins what nothing beats in both."
    if pairs_of(known):
        yield "Thin lines join a student with its control, the same one on hard labels."
    if bars:
        yield "Bars are 95 % intervals of the accuracy (bootstrap over the test rows)."
    if any(model.chosen and cost.of(model) for model in known):
        yield "The ring marks the student that is shipped."
    if teacher_of(known) is not None:
        yield "The dashed line is the teacher's accuracy."
    if limit:
        yield f"The dotted line is the limit of the run, {cost.shown(limit)}."


def _paint(figure: Figure, look: Look, found: Distillation, cost: CostAxis, limit: float) -> None:
    ax, known = figure.subplots(), models(found)
    _axes(ax, cost)
    priced = [model for model in known if cost.of(model)]
    best = unbeaten(priced, cost)
    costs, accuracies = [cost.of(each) for each in best], [each.accuracy for each in best]
    ax.step(costs, accuracies, where="post", color=look["faint"], linewidth=1)
    teacher = teacher_of(known)
    if teacher is not None:
        ax.axhline(teacher.accuracy, color=look["teacher"], linewidth=0.9, linestyle="--")
    if limit:
        ax.axvline(limit, color=look["ink"], linewidth=1.2, linestyle=":")
    _pairs_and_bars(ax, look, found, cost)
    for role in ROLES:
        own = [model for model in priced if role_of(model) == role]
        if own:
            costs, accuracies = [cost.of(each) for each in own], [each.accuracy for each in own]
            mark(ax.scatter(costs, accuracies, label=role, **look.role(role)))
    for model in priced:
        if model.chosen:
            at = (cost.of(model), model.accuracy)
            ax.plot(*at, "o", markersize=12, fillstyle="none", color=look["student"])
    ax.margins(0.12)
    figure.legend(loc="outside upper left", ncols=5, columnspacing=0.8)
    named = [model for model in priced if model.role in NAMED or model is teacher]
    labels = [
        (cost.of(model), model.accuracy, short(name_of(model), 18))
        for model in sorted(named, key=_importance)
    ]
    place(ax, labels, [(cost.of(model), model.accuracy) for model in priced], look)


def _pairs_and_bars(ax: Axes, look: Look, found: Distillation, cost: CostAxis) -> None:
    """Join each student with its control, and draw how uncertain accuracies are."""
    known = models(found)
    for pair in pairs_of(known):
        if all(map(cost.of, pair)):
            xy = [cost.of(each) for each in pair], [each.accuracy for each in pair]
            ax.plot(*xy, color=look["student"], linewidth=0.9, alpha=0.7)
    for model in known:
        own = intervals_of(found, model)
        if own is not None and cost.of(model):
            colour = look[role_of(model)]
            ax.vlines(cost.of(model), *own.accuracy, colour, linewidth=1, alpha=0.35)


#: Roles whose names are written, the teacher's among them: those of all would be a crowd.
NAMED = ("student", "ensemble")


def _axes(ax: Axes, cost: CostAxis) -> None:
    from matplotlib.ticker import NullLocator

    ax.set_xscale("log")
    ax.set_xlabel(cost.axis)
    ax.set_ylabel("accuracy on the test rows")
    ax.xaxis.set_major_formatter(lambda value, _: rounded(cost.shown(value)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")


def _importance(model: Model) -> int:
    """Return a rank: the shipped student's name is written first, then the teacher's."""
    return 0 if model.chosen else 1 if model.role == "teacher" else 2
