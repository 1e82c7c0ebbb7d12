"""Where the time of a run went: by phase, and by worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpmkd.report.render.figure import Picture
from hpmkd.report.render.tables import cell, table
from hpmkd.report.render.theme import Look, lines, mark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hpmkd.runs.result import Distillation

#: The phases are wall time; what workers spent on trials lies within search and chain.
TOTAL = "total"


def time_spent(found: Distillation) -> Picture:
    """Return the picture of time by phase and by worker."""
    seconds = found.counts["seconds"]
    phases = [(name, spent) for name, spent in seconds.items() if name != TOTAL]
    by_worker = [
        (f"worker {at} ({each['trials']} trials)", each["seconds"])
        for at, each in enumerate(found.counts["workers"], 1)
    ]
    spans = [("phase", *each) for each in phases]
    spans += [("trials", *each) for each in by_worker]
    spans.append(("phase", TOTAL, seconds[TOTAL]))
    rows = [(kind, name, cell(spent, _seconds)) for kind, name, spent in spans]
    longest, spent = max(phases, key=lambda each: each[1])
    return Picture(
        key="time",
        title="Time by phase and worker",
        description=(
            f"{_seconds(seconds[TOTAL])} in all; {longest} took longest, {_seconds(spent)}."
        ),
        reading=(
            "Wall time of each phase, and what each worker spent on trials during search and chain."
        ),
        table=table("Seconds by phase and worker", ("of", "name", "seconds"), rows),
        marks=len(phases) + len(by_worker),
        height=1.3 + 0.25 * (len(phases) + len(by_worker)),
        paint=lambda figure, look: _paint(figure, look, phases, by_worker),
    )


def _seconds(spent: float) -> str:
    return f"{spent:.1f} s"


def _paint(
    figure: Figure,
    look: Look,
    phases: Sequence[tuple[str, float]],
    workers: Sequence[tuple[str, float]],
) -> None:
    # A resumed run may have taken every trial from its journal.
    panels = [(phases, "c1")] + ([(workers, "c3")] if workers else [])
    axes = figure.subplots(
        len(panels), sharex=True, height_ratios=[len(bars) for bars, _ in panels], squeeze=False
    )
    for ax, (bars, colour) in zip(axes[:, 0], panels, strict=True):
        drawn = ax.barh([name for name, _ in bars], [spent for _, spent in bars], 0.66)
        for patch in drawn:
            patch.set_facecolor(look[colour])
            mark(patch)
        ax.bar_label(drawn, [_seconds(spent) for _, spent in bars], padding=3, fontsize=7.5)
        lines(ax, len(bars))
        ax.margins(x=0.16)
    axes[-1, 0].set_xlabel("seconds")
