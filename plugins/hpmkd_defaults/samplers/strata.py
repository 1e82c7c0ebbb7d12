"""A few points of a grid that cover each of its sides as evenly as possible."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

Level = TypeVar("Level")


def stratified(
    points: Sequence[tuple[Level, ...]], count: int, rng: np.random.Generator
) -> list[int]:
    """Return the positions of points whose levels, on every side, are about equally frequent.

    One after the other, always a point whose levels have been taken least often so far, then
    one whose pairs of levels have been; what is equal is decided by chance.

    Parameters
    ----------
    points : sequence of tuple
        The level of each point on each side of the grid.
    count : int
        How many to return, at most all.
    rng : Generator
        Decides between equals.
    """
    taken: Counter[object] = Counter()
    left = [int(at) for at in rng.permutation(len(points))]
    chosen = []
    for _ in range(min(count, len(points))):
        best = min(left, key=lambda at: _frequency(points[at], taken))
        left.remove(best)
        chosen.append(best)
        taken.update(_levels(points[best]))
        taken.update(_pairs(points[best]))
    return chosen


def _frequency(point: tuple[Level, ...], taken: Counter[object]) -> tuple[int, int]:
    return (
        sum(taken[level] for level in _levels(point)),
        sum(taken[pair] for pair in _pairs(point)),
    )


def _levels(point: tuple[Level, ...]) -> list[tuple[int, Level]]:
    return list(enumerate(point))


def _pairs(point: tuple[Level, ...]) -> list[object]:
    levels = _levels(point)
    return [(one, two) for at, one in enumerate(levels) for two in levels[at + 1 :]]
