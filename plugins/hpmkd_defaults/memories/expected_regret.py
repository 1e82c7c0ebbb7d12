"""Hyperparameters with less expected loss than the defaults, by their results on similar data."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hpmkd_defaults.memories.similarity import distance, weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import DataFacts, FloatArray, Hyperparameter
    from hpmkd_defaults.memories.records import Learned, Tried

#: Weight of the doubt: as if a point had also done as the defaults on one data set just like this.
DOUBT = 1.0
#: Data sets that a point must have been tried on: on fewer, the best of many was lucky.
LEAST_SETS = 3
#: Caps on the gain on one data set, in nats; a loss counts in full. The lower, the
#: more cautious: what is good everywhere comes before what is best on average.
CAPS = (math.inf, 0.05, 0.02, 0.005, 0.002)
#: A loss that matters, in nats.
TOLERANCE = 0.002
#: Standard errors by which suggestions must have paid: the cap is the best of five.
SURE = 2.0
#: So many data sets are looked at, the nearest.
NEAREST = 100


def promising(
    facts: DataFacts, others: Iterable[Learned], stage: str, n: int
) -> list[Mapping[str, Hyperparameter]]:
    """Return up to `n` points of a stage that are expected to beat its defaults, the best first.

    On a data set, the regret d of a point is its log loss less that of the stage's defaults at
    the same softening; the mean, if both were tried at several. Over the data sets it was tried
    on, weighted with w = exp(-distance), its expected regret is

        Σ w max(d, -cap) / (Σ w + DOUBT)

    which draws points tried little, or on other kinds of data, towards the defaults. A
    point is suggested if that is below 0 and it was tried on :data:`LEAST_SETS` data sets.

    These data sets show how cautious that must be: each in turn is left out, and gets the
    best point of the others. The cap is that of :data:`CAPS` with which this cost the fewest of
    them more than :data:`TOLERANCE`; of several, that with the least mean regret. If even this is
    no gain by :data:`SURE` standard errors, nothing is suggested.

    Data sets with two classes count for two, those with more for more: boosters have other
    hyperparameters there.
    """
    alike = [each for each in others if (each.n_classes > 2) == (facts.n_classes > 2)]
    alike.sort(key=lambda each: (distance(facts, each.facts), each.digest))
    known = Regrets.of(alike[:NEAREST], stage)
    if known is None or known.cap is None:
        return []
    best = known.ranked(facts, known.cap)
    return [json.loads(known.points[at]) for at in best[:n]]


@dataclass(frozen=True)
class Regrets:
    """The trials of one stage: n points on m data sets.

    Parameters
    ----------
    facts : sequence of m DataFacts
        The data sets.
    points : sequence of n str
        Hyperparameters as JSON, by which ties are broken.
    regrets : ndarray of shape (m, n)
        Beside the defaults, in nats; 0 where a point was not tried.
    tried : ndarray of shape (m, n)
        Whether it was.
    """

    facts: Sequence[DataFacts]
    points: Sequence[str]
    regrets: FloatArray
    tried: NDArray[np.bool_]

    @classmethod
    def of(cls, others: Iterable[Learned], stage: str) -> Regrets | None:
        """Return the regrets of a stage; None if nothing was tried beside its defaults."""
        found: defaultdict[DataFacts, dict[str, float]] = defaultdict(dict)
        for each in others:
            # Several records of one data set count once; the nearest comes first.
            own = found[replace(each.facts, digest="")]
            own.update(beside_defaults(each, stage) | own)
        rows = [(facts, own) for facts, own in found.items() if own]
        points = sorted({point for _, own in rows for point in own})
        if not points:
            return None
        table = np.array([[own.get(point, math.nan) for point in points] for _, own in rows])
        tried = np.isfinite(table)
        return cls([facts for facts, _ in rows], points, np.where(tried, table, 0.0), tried)

    def ranked(self, facts: DataFacts, cap: float, left_out: int | None = None) -> list[int]:
        """Return the points that are expected to beat the defaults, the best first.

        One of the data sets may be left out.
        """
        weights = np.array([weight(facts, each) for each in self.facts])
        counts = self.tried.copy()
        if left_out is not None:
            counts[left_out] = False
        regrets = np.where(counts, np.maximum(self.regrets, -cap), 0.0)
        expected = weights @ regrets / (weights @ counts + DOUBT)
        good = np.flatnonzero((counts.sum(axis=0) >= LEAST_SETS) & (expected < 0))
        return sorted(good.tolist(), key=lambda at: (float(expected[at]), self.points[at]))

    @cached_property
    def cap(self) -> float | None:
        """The cap on gains; None if even the most cautious suggestions cost more."""
        costs = {cap: self._costs(cap) for cap in CAPS}
        best = min(CAPS, key=lambda cap: (np.sum(costs[cap] > TOLERANCE), costs[cap].mean()))
        gains = -costs[best]
        if len(gains) < LEAST_SETS:
            return None
        noise = gains.std(ddof=1) / math.sqrt(len(gains))
        return best if gains.mean() > SURE * noise else None

    def _costs(self, cap: float) -> FloatArray:
        """Return by data set the regret of the best point by the others; 0 of the defaults."""
        found = np.zeros(len(self.facts))
        for at, facts in enumerate(self.facts):
            # As at the start of a run: the noise is not known yet.
            ranked = self.ranked(replace(facts, noise=None), cap, left_out=at)
            best = [point for point in ranked if self.tried[at, point]]
            found[at] = self.regrets[at, best[0]] if best else 0.0
        return found


def beside_defaults(learned: Learned, stage: str) -> dict[str, float]:
    """Return by point its regret beside the defaults, mean over the softenings of both."""
    by_softening: defaultdict[tuple[float, ...], dict[str, Tried]] = defaultdict(dict)
    for tried in learned.outcomes:
        if tried.stage == stage:
            point = json.dumps(tried.hyperparameters, sort_keys=True)
            by_softening[tried.alpha, tried.temperature, tried.extra_weight][point] = tried
    found: defaultdict[str, list[float]] = defaultdict(list)
    for own in by_softening.values():
        defaults = [each.regret for each in own.values() if each.is_default]
        for point, tried in own.items() if defaults else ():
            if not tried.is_default:
                found[point].append(tried.regret - defaults[0])
    return {point: sum(each) / len(each) for point, each in found.items()}
