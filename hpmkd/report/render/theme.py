"""Colours, marks and type of the pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

#: Colours by name, for white paper: those of Okabe and Ito (2008), which colour-blind people
#: tell apart, the lighter ones darkened to 3:1 against white.
PAPER: Mapping[str, str] = {
    "ink": "#1d2329",
    "faint": "#8a949e",
    "ground": "#ffffff",
    "teacher": "#c64f00",
    "control": "#5f6b76",
    "student": "#0072b2",
    "ensemble": "#00835f",
    "further": "#a84f86",
    "c1": "#0072b2",
    "c2": "#c64f00",
    "c3": "#00835f",
    "c4": "#a84f86",
    "c5": "#7a6400",
    "c6": "#5f6b76",
}
#: Colours that stand for the page's own, which follow its light or dark theme.
STAND_INS: Mapping[str, str] = {name: f"#fe01{at:02x}" for at, name in enumerate(PAPER)}
#: Shapes by role and, for what has no role, in turn: nothing is shown by colour alone.
SHAPES: Mapping[str, str] = {
    "teacher": "*",
    "control": "s",
    "student": "o",
    "ensemble": "D",
    "further": "^",
}
TURNS = ("o", "^", "s", "D", "v", "P")
#: Picture width in inches. At 72 points to the inch it is about as wide as a phone.
WIDTH = 4.8
#: What groups of marks are called, so that they can be found and counted.
MARK = "mark"


@dataclass(frozen=True)
class Look:
    """The colours of a picture, by the names in :data:`PAPER`."""

    colours: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.colours[name]

    def turn(self, at: int) -> tuple[str, str]:
        """Return colour and shape of the so-manieth of several alike."""
        return self[f"c{at % 6 + 1}"], TURNS[at % len(TURNS)]

    def role(self, name: str) -> dict[str, Any]:
        """Return how a role's marks are drawn by ``scatter``.

        Controls are hollow and wider: one that is the student itself frames it.
        """
        hollow = name == "control"
        return {
            "marker": SHAPES[name],
            "s": {"teacher": 80, "control": 68}.get(name, 34),
            "facecolors": self["ground"] if hollow else self[name],
            "edgecolors": self[name],
            "linewidths": 1.3,
            "zorder": 2.9 if hollow else 3,
        }

    @property
    def settings(self) -> dict[str, Any]:
        """Matplotlib's settings for it."""
        ink, faint = self["ink"], self["faint"]
        return {
            "text.parse_math": False,  # names may hold dollar signs
            "svg.hashsalt": "hpmkd",  # the same picture is the same bytes
            "font.size": 8.5,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "savefig.facecolor": "none",
            "text.color": ink,
            "axes.labelcolor": ink,
            "axes.edgecolor": faint,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": faint,
            "grid.alpha": 0.3,
            "grid.linewidth": 0.6,
            "xtick.color": faint,
            "ytick.color": faint,
            "xtick.labelcolor": ink,
            "ytick.labelcolor": ink,
            "legend.frameon": False,
            "legend.handletextpad": 0.4,
            "legend.columnspacing": 1.2,
        }


def mark(artist: Artist) -> None:
    """Name an artist that draws data, one mark per datum."""
    artist.set_gid(MARK)


def lines(ax: Axes, n: int) -> None:
    """Give each line of a picture the same room, the first on top."""
    ax.set_ylim(n - 0.4, -0.6)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
