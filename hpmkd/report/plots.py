"""The pictures of a report as Matplotlib axes, for notebooks and papers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hpmkd.errors import ReportError
from hpmkd.report.figures.importance import importance
from hpmkd.report.figures.reliability import reliability
from hpmkd.report.figures.search_history import search_history
from hpmkd.report.figures.teacher_weights import attention
from hpmkd.report.figures.tradeoff import LATENCY, SIZE, tradeoff
from hpmkd.report.render.figure import Absent
from hpmkd.report.render.theme import PAPER, WIDTH, Look
from hpmkd.report.write import require_libraries

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hpmkd.report.render.figure import Picture
    from hpmkd.runs.result import Distillation

COSTS = {"size": SIZE, "time": LATENCY}


@dataclass(frozen=True)
class Plots:
    """Draws the pictures of a run; each method returns the Axes of a new pyplot figure.

    Raises
    ------
    ReportError
        If Matplotlib is missing, or the run has nothing for a picture, as the message explains.

    Examples
    --------
    >>> ax = hpmkd.load("runs/adult").plot.tradeoff()  # doctest: +SKIP
    >>> ax.figure.savefig("tradeoff.png")  # doctest: +SKIP
    """

    found: Distillation

    def tradeoff(self, cost: Literal["size", "time"] = "size") -> Axes:
        """Draw the accuracy of all models against their size, or the time of one row."""
        if cost not in COSTS:
            raise ReportError(f"tradeoff: got cost={cost!r}; expected one of {', '.join(COSTS)}")
        return _axes(tradeoff(self.found, COSTS[cost]))

    def reliability(self) -> Axes:
        """Draw how far the probabilities of teacher, control and student can be trusted."""
        return _axes(reliability(self.found))

    def attention(self) -> Axes:
        """Draw where in the data each teacher weighs more than on average.

        There is something to draw only where a gate accepted attention, which is rare with one
        teacher; otherwise it raises a ReportError.
        """
        return _axes(attention(self.found))

    def search(self) -> Axes:
        """Draw every trial, and the best so far."""
        return _axes(search_history(self.found))

    def importance(self) -> Axes:
        """Draw how much the loss of student and teacher rises where a column is permuted."""
        return _axes(importance(self.found))


def _axes(picture: Picture | Absent) -> Axes:
    require_libraries("pictures need", ("matplotlib",))
    if isinstance(picture, Absent):
        raise ReportError(f"{picture.title}: {picture.why}")
    import matplotlib
    from matplotlib import pyplot

    look = Look(PAPER)
    # Outside: the first figure of a notebook loads its backend, whose settings are to stay.
    size = (WIDTH, picture.height)
    figure = pyplot.figure(figsize=size, layout="constrained", facecolor=look["ground"])
    # Matplotlib's settings belong to the whole process: they are put back afterwards.
    with matplotlib.rc_context(look.settings):
        picture.paint(figure, look)
    axes: Axes = figure.axes[0]
    return axes
