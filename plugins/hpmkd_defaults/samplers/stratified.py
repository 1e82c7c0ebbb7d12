"""A few points of a grid that cover each of its sides as evenly as possible."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

Level = TypeVar("Level")


#: Samples drawn, of which the most even one is taken: one in ten is not quite even.
ATTEMPTS = 20


def stratified(
    points: Sequence[tuple[Level, ...]], count: int, rng: np.random.Generator
) -> list[int]:
    """Return the positions of points whose levels, on every side, are about equally frequent.

    Parameters
    ----------
    points : sequence of tuple
        The level of each point on each side of the grid.
    count : int
        How many to return, at most all.
    rng : Generator
        Decides between equals.
    """
    drawn = [_drawn(points, count, rng) for _ in range(ATTEMPTS)]
    return min(drawn, key=lambda chosen: _unevenness([points[at] for at in chosen]))


def _drawn(points: Sequence[tuple[Level, ...]], count: int, rng: np.random.Generator) -> list[int]:
    """Take one point after the other, always one whose levels were taken least often so far.

    Of those, one whose pairs of levels were; what is equal is decided by chance.
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


def _unevenness(points: Sequence[tuple[Level, ...]]) -> tuple[int, int]:
    """Return the sum of squared frequencies, of levels and of pairs: least where all are alike."""
    levels = Counter(level for point in points for level in _levels(point))
    pairs = Counter(pair for point in points for pair in _pairs(point))
    return sum(n**2 for n in levels.values()), sum(n**2 for n in pairs.values())


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
