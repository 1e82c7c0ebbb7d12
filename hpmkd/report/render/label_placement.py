"""Names beside points, where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hpmkd.report.render.theme import Look

#: Where a name may stand: offset in points, and how it is aligned there.
PLACES = (
    ((7, 0), "left", "center"),
    ((-7, 0), "right", "center"),
    ((0, 9), "center", "bottom"),
    ((0, -9), "center", "top"),
    ((7, 9), "left", "bottom"),
    ((7, -9), "left", "top"),
    ((-7, 9), "right", "bottom"),
    ((-7, -9), "right", "top"),
)


def place(
    ax: Axes,
    labels: Sequence[tuple[float, float, str]],
    points: Sequence[tuple[float, float]],
    look: Look,
) -> None:
    """Write names beside points that are drawn, each where it covers no point and no other.

    The most important come first: a name that finds no room is left out.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.transforms import Bbox

    figure = ax.get_figure(root=True)
    assert figure is not None, "it is drawn on one"
    if not hasattr(figure.canvas, "get_renderer"):  # that of pyplot stays
        FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    places = map(ax.transData.transform, points)
    taken = [Bbox.from_bounds(x - 5, y - 5, 10, 10) for x, y in places]
    for x, y, name in labels:
        for offset, horizontal, vertical in PLACES:
            text = ax.annotate(
                name,
                (x, y),
                xytext=offset,
                textcoords="offset points",
                ha=horizontal,
                va=vertical,
                color=look["ink"],
                fontsize=8,
                bbox={"facecolor": look["ground"], "edgecolor": "none", "alpha": 0.75, "pad": 0.4},
            )
            box = text.get_window_extent()
            inside = ax.bbox.containsx(box.x0) and ax.bbox.containsx(box.x1)
            if inside and not any(box.overlaps(each) for each in taken):
                taken.append(box)
                break
            text.remove()
