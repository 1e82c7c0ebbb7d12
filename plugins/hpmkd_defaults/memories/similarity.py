"""Which data sets are alike, and which hyperparameters did well on such."""

from __future__ import annotations

import json
import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.values import DataFacts, Hyperparameter
    from hpmkd_defaults.memories.records import Learned

#: A share of noise counts so much more than a power of ten of rows: it seldom reaches a half.
NOISE = 4.0
#: Weight of the doubt: as if each point had also been middling on one data set just like this.
DOUBT = 1.0
MIDDLING = 0.5


def distance(one: DataFacts, other: DataFacts) -> float:
    """Return how far two data sets are from each other; 0 for equal facts.

    The Euclidean distance of the decimal logarithms of rows, columns and classes, of the
    balance, and of four times the noise. So ten times the rows count as much as a quarter of
    all labels being noise. Unknown noise is taken to be the same.
    """
    known = one.noise is not None and other.noise is not None
    return math.hypot(
        math.log10(one.n_rows / other.n_rows),
        math.log10(one.n_columns / other.n_columns),
        math.log10(one.n_classes / other.n_classes),
        one.balance - other.balance,
        NOISE * ((one.noise or 0.0) - (other.noise or 0.0)) if known else 0.0,
    )


def promising(
    facts: DataFacts, others: Iterable[Learned], stage: str, n: int
) -> list[Mapping[str, Hyperparameter]]:
    """Return up to `n` points of a stage that did well on other data, the best first.

    On a data set, a point has the least regret of all temperatures and weights it was tried
    at, and by that its rank among the points of the stage there: r = (better + equal / 2) /
    points, where it is equal to itself. So the best of ten has .05, and a lone point .5, for
    it was compared with none. Over the data sets it was tried on, weighted with w =
    exp(-distance), its score is

        (Σ w r + DOUBT · ½) / (Σ w + DOUBT)

    which draws whatever was tried little, or on other kinds of data, towards the middle: one
    lucky trial does not win. A point that is no better than the middle is not suggested.
    """
    weights: defaultdict[str, float] = defaultdict(float)
    sums: defaultdict[str, float] = defaultdict(float)
    # One order, so that the same store gives the same last bits.
    for learned in sorted(others, key=lambda each: each.digest):
        weight = math.exp(-distance(facts, learned.facts))
        for point, rank in _ranks(learned, stage).items():
            weights[point] += weight
            sums[point] += weight * rank
    scores = {
        point: (sums[point] + DOUBT * MIDDLING) / (weights[point] + DOUBT) for point in weights
    }
    best = sorted(scores, key=lambda point: (scores[point], point))
    return [json.loads(point) for point in best[:n] if scores[point] < MIDDLING]


def _ranks(learned: Learned, stage: str) -> dict[str, float]:
    regrets: dict[str, float] = {}
    for tried in learned.outcomes:
        if tried.stage == stage:
            point = json.dumps(tried.hyperparameters, sort_keys=True)
            regrets[point] = min(tried.regret, regrets.get(point, math.inf))
    in_order = sorted(regrets.values())
    return {
        point: (bisect_left(in_order, regret) + bisect_right(in_order, regret)) / 2 / len(regrets)
        for point, regret in regrets.items()
    }
