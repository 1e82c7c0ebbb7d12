"""A critical-difference picture (Demšar 2006): mean ranks, and what cannot be told apart."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.common.significance import critical_difference, groups, mean_ranks

WIDTH, LINE = 9.0, 0.28
#: Ranks have room for so many numbers.
NUMBERED = 13


def draw(losses: pd.DataFrame, path: Path, title: str) -> None:
    """Draw the mean ranks of the columns over the rows.

    Parameters
    ----------
    losses : DataFrame
        Log losses, a row per set and a column per arm, none missing.
    path : Path
        The SVG file that is written.
    title : str
        Above the picture.
    """
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    ranks = mean_ranks(losses)
    n = len(ranks)
    difference = critical_difference(n, len(losses))
    bars = groups(list(ranks), difference)
    top, half = 1.0 + LINE * len(bars), (n + 1) // 2
    depth = top + LINE * (half + 1)
    matplotlib.rcParams["svg.hashsalt"] = "hpmkd"
    figure, axes = plt.subplots(figsize=(WIDTH, 0.5 + 0.75 * depth))
    axes.set(xlim=(1 - 0.6 * n, n + 0.6 * n), ylim=(depth, -1.2))
    axes.axis("off")
    axes.set_title(title, fontsize=10)
    axes.hlines(0, 1, n, color="black", linewidth=1)
    for rank in range(1, n + 1):
        axes.vlines(rank, -0.1, 0, color="black", linewidth=1)
        if n <= NUMBERED or rank in (1, n) or (rank % 5 == 0 and rank < n - 1):
            axes.text(rank, -0.18, str(rank), ha="center", va="bottom", fontsize=8)
    axes.hlines(-0.75, 1, 1 + difference, color="tab:blue", linewidth=2)
    axes.text(1 + difference, -0.75, f"  CD = {difference:.2f}", va="center", fontsize=8)
    for level, (first, last) in enumerate(bars):
        ends = ranks.iloc[first] - 0.05, ranks.iloc[last] + 0.05
        axes.hlines(0.3 + LINE * level, *ends, color="tab:blue", linewidth=4)
    for place, (name, rank) in enumerate(ranks.items()):
        left = place < half
        y = top + LINE * (place if left else n - 1 - place)
        end = 1 - 0.1 * n if left else n + 0.1 * n
        axes.plot([rank, rank, end], [0, y, y], color="black", linewidth=0.8)
        aligned = "right" if left else "left"
        axes.text(end, y, f" {name} {rank:.1f} ", ha=aligned, va="center", fontsize=8)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
