"""What a picture is: something drawn, its words, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.report.render.tables import Table
from hpmkd.report.render.theme import WIDTH, Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """A picture of a run.

    Parameters
    ----------
    key : str
        Names it in addresses and files.
    title : str
        Heading.
    description : str
        A description, for readers who cannot see it.
    reading : str
        How it is read.
    table : Table
        Its numbers.
    marks : int
        How many data it draws.
    height : float
        In inches.
    paint : callable
        Draws it on an empty figure.
    """

    key: str
    title: str
    description: str
    reading: str
    table: Table
    marks: int
    height: float
    paint: Callable[[Figure, Look], None]

    def draw(self, look: Look) -> Figure:
        """Return it drawn; Matplotlib's settings must be those of the look."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, self.height), layout="constrained")
        self.paint(figure, look)
        return figure


@dataclass(frozen=True)
class Absent:
    """A picture that this run has nothing for.

    Parameters
    ----------
    key, title : str
        As of a picture.
    why : str
        A sentence.
    """

    key: str
    title: str
    why: str
