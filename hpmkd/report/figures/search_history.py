"""The history of a search: log loss by trial, and the best so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.evaluation.shown import digits, duration, few, percent, size
from hpmkd.report.render.figure import Absent, Picture
from hpmkd.report.render.format import clean, short
from hpmkd.report.render.tables import Column, table_of
from hpmkd.report.render.theme import Look, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hpmkd.runs.result import Distillation

KEY, TITLE = "search", "Search history"
COLUMNS: Sequence[Column] = (
    ("trial", "number", digits),
    ("stage", "stage", digits),
    ("after", "after", digits),
    ("alpha", "alpha", few),
    ("extra weight", "extra_weight", few),
    ("temperature", "temperature", few),
    ("share of rows", "share", percent),
    ("log loss", "log_loss", digits),
    ("dropped, worse by", "worse_by", digits),
    ("standard error", "standard_error", digits),
    ("accuracy", "accuracy", percent),
    ("size", "bytes", size),
    ("one row", "row_us", duration),
    ("seconds", "seconds", few),
    ("failure", "failure", digits),
)
#: Beyond this ratio of the largest log loss to the least, a linear scale shows nothing.
WIDE = 4


def search_history(found: Distillation) -> Picture | Absent:
    """Return the picture of all trials, those of the chain among them."""
    trials = list(found.history)
    if not trials:
        return Absent(KEY, TITLE, "This run folder holds no trials.")
    failed = sum(each["log_loss"] is None for each in trials)
    description = "; ".join(
        [f"{len(trials)} trial{'s' * (len(trials) != 1)}", *_lowest(found, trials)]
    )
    return Picture(
        key=KEY,
        title=TITLE,
        description=description + (f"; {failed} failed." if failed else "."),
        reading=" ".join(_reading(trials)),
        table=table_of("Every trial, in the order of request", COLUMNS, trials),
        marks=len(trials),
        height=3.6,
        paint=lambda figure, look: _paint(figure, look, trials),
    )


def _lowest(found: Distillation, trials: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Return which trial has the lowest log loss, and why it is not the one that ships."""
    whole = _whole(trials)
    if not whole:
        return
    best = min(whole, key=lambda each: each["log_loss"])
    yield (
        f"the lowest log loss on the selection rows is {digits(best['log_loss'])}, of trial "
        f"{best['number']} ({clean(best['stage'])})"
    )
    link = f"{best['stage']} after {best['after']}"
    for gate in found.gates:
        if gate.name == link and not gate.passed:
            yield (f"it is not shipped, for its gate refused {clean(link)}: {clean(gate.reason)}")
    shipped = next((each for each in found.front if each.chosen), None)
    if shipped is None or shipped.trial is None:
        return
    judged = shipped.selection_log_loss
    raced = {each["number"]: each["log_loss"] for each in whole}.get(shipped.trial, judged)
    if shipped.trial != best["number"]:
        yield f"the student that is shipped has {digits(raced)}, of trial {shipped.trial}"
    if digits(judged) != digits(raced):
        yield f"fitted on all rows but those that judge, that student comes to {digits(judged)}"


def _reading(trials: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "Each mark is a configuration: its log loss on the selection rows."
    if len(_whole(trials)) > 1:
        yield "The line is the best so far."
    if any(map(_on_part, trials)):
        yield (
            "Hollow marks were fitted on a share of the rows, or dropped on the first folds: "
            "their log loss is of a part, so they cannot win."
        )
    if any(each["after"] is not None for each in trials):
        yield "A ring marks a configuration that builds on the stage before it in the chain."
    if any(each["log_loss"] is None for each in trials):
        yield "Crosses at the top failed."


def _whole(trials: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return those that were evaluated on all rows and did not fail."""
    return [each for each in trials if each["log_loss"] is not None and not _on_part(each)]


def _on_part(trial: Mapping[str, Any]) -> bool:
    return trial["share"] < 1 or trial["worse_by"] is not None


def _paint(figure: Figure, look: Look, trials: Sequence[Mapping[str, Any]]) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    ax = figure.subplots()
    stages = list(dict.fromkeys(each["stage"] for each in trials))
    succeeded = [each for each in trials if each["log_loss"] is not None]
    for at, stage in enumerate(stages):
        colour, shape = look.turn(at)
        ax.scatter([], [], marker=shape, s=26, color=colour, label=short(stage, 16))
        own = [each for each in succeeded if each["stage"] == stage]
        for hollow in (False, True):
            drawn = [each for each in own if _on_part(each) == hollow]
            if drawn:
                mark(
                    ax.scatter(
                        *_xy(drawn),
                        marker=shape,
                        s=26,
                        facecolors=look["ground"] if hollow else colour,
                        edgecolors=colour,
                        zorder=3,
                    )
                )
    chained = [each for each in succeeded if each["after"] is not None]
    if chained:
        ax.scatter(*_xy(chained), marker="o", s=72, facecolors="none", edgecolors=look["ink"])
    failed = [each["number"] for each in trials if each["log_loss"] is None]
    if failed:
        top = ax.get_xaxis_transform()
        mark(ax.scatter(failed, [0.97] * len(failed), marker="x", color=look["ink"], transform=top))
    _best_so_far(ax, look, trials)
    losses = [each["log_loss"] for each in succeeded]
    if losses and 0 < min(losses) < max(losses) / WIDE:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
        ax.yaxis.set_minor_locator(NullLocator())
    numbers = [each["number"] for each in trials]
    ax.set_xlim(min(numbers) - 0.7, max(numbers) + 0.7)
    ax.set_xlabel("trial")
    ax.set_ylabel("log loss on the selection rows")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside upper left", ncols=3 if len(stages) > 4 else 4)


def _xy(trials: Sequence[Mapping[str, Any]]) -> tuple[list[int], list[float]]:
    return [each["number"] for each in trials], [each["log_loss"] for each in trials]


def _best_so_far(ax: Axes, look: Look, trials: Sequence[Mapping[str, Any]]) -> None:
    whole = _whole(trials)
    if whole:
        numbers, losses = _xy(whole)
        best = np.minimum.accumulate(losses)
        ax.step(numbers, best, where="post", color=look["faint"], linewidth=1.2)
