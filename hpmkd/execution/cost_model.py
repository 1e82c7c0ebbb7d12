"""How long tasks take: learned from those that are finished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.values import frozen_mapping

if TYPE_CHECKING:
    from hpmkd.values import FloatArray

#: How strongly exponents are drawn to what is expected of them before anything is known.
RIDGE = 1.0


@dataclass(frozen=True)
class Load:
    """What a task's time depends on.

    Parameters
    ----------
    kind : str
        Tasks of one kind learn from each other, such as all fits of a stage.
    sizes : mapping of str to float
        Numbers > 0 to which the time is expected to be proportional: rows, classes, fits.
    settings : mapping of str to float
        Numbers >= 0 that may matter, such as a number of rounds; the effect is learned.
    """

    kind: str
    sizes: Mapping[str, float]
    settings: Mapping[str, float] = field(default_factory=frozen_mapping)


class CostModel:
    """Expects seconds as a product of powers, one law for each kind of task.

    Time is taken to be proportional to a task's sizes and not to depend on its settings, until
    finished tasks of its kind show otherwise: ridge regression of the logarithm of the seconds.
    The first task of a kind in a process waits for libraries and compiled code as well: it
    counts only as long as there is no other.
    """

    def __init__(self) -> None:
        self._seen: defaultdict[str, list[tuple[Load, float]]] = defaultdict(list)
        self._cold: defaultdict[str, list[tuple[Load, float]]] = defaultdict(list)
        self._warm: set[tuple[str, str]] = set()

    def learn(self, load: Load, seconds: float, process: str) -> None:
        """Take note of how long a task took, in seconds > 0, and in which process."""
        place = load.kind, process
        seen = self._seen if place in self._warm else self._cold
        seen[load.kind].append((load, max(seconds, 1e-6)))
        self._warm.add(place)

    def sure(self, load: Load) -> bool:
        """Return whether more is known of its kind than the first tasks of processes."""
        return load.kind in self._seen

    def expect(self, load: Load) -> float | None:
        """Return the expected seconds of a task; None if no task of its kind has finished."""
        seen = self._seen.get(load.kind) or self._cold.get(load.kind)
        if not seen:
            return None
        known = [each for each, _ in seen]
        sizes, sizes_now = map(np.log, _numbers([each.sizes for each in known], load.sizes))
        settings, settings_now = map(
            np.log1p, _numbers([each.settings for each in known], load.settings)
        )
        # Proportional to the sizes: only what differs from that is learned.
        left = np.log([seconds for _, seconds in seen]) - sizes.sum(axis=1)
        learned = np.hstack([sizes, settings])
        now = np.concatenate([sizes_now, settings_now])
        centre = learned.mean(axis=0)
        apart = learned - centre
        penalty = RIDGE * np.eye(len(centre))
        exponents = np.linalg.solve(apart.T @ apart + penalty, apart.T @ (left - left.mean()))
        return float(np.exp(left.mean() + (now - centre) @ exponents + sizes_now.sum()))


def _numbers(
    known: list[Mapping[str, float]], new: Mapping[str, float]
) -> tuple[FloatArray, FloatArray]:
    """Return the numbers of finished tasks and of a new one; missing ones are as in that."""
    names = sorted(new)
    table = np.array([[each.get(name, np.nan) for name in names] for each in known], dtype=float)
    now = np.array([new[name] for name in names], dtype=float)
    return np.where(np.isnan(table), now, table), now
