"""The gain from the shipped memory for a data set that is left out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import comb

import numpy as np

from benchmarks.memory_fill.fits import OpenSetFits
from benchmarks.memory_fill.problem import STAGES
from hpmkd_defaults.memories.expected_regret import promising
from hpmkd_defaults.memories.records import Learned
from hpmkd_defaults.memories.similarity import may_be_the_same

#: Most that a first trial may lose to the best of ten cold ones, and to the defaults, in nats.
TARGET = 0.002
#: Cold trials: random hyperparameters.
COLD = 10


def suggested(own: OpenSetFits, others: Iterable[Learned], stage: str) -> str | None:
    """Return the point that a run on the set would try first; None for the stage's defaults.

    As in a run, the noise is not known at that time.
    """
    facts = replace(own.facts, noise=None)
    known = [each for each in others if not may_be_the_same(facts, each.facts)]
    best = promising(facts, known, stage, 1)
    return own.key(best[0]) if best else None


def firsts(sets: Sequence[OpenSetFits], memory: Sequence[Learned]) -> Iterator[Mapping]:
    """Yield by set and stage what the first trial loses, on rows that chose nothing.

    The best of ten cold trials is chosen by the selection rows, and so is that of a run.
    """
    for own in sets:
        for stage in STAGES:
            point = suggested(own, memory, stage)
            losses = own.losses(stage)
            chosen = losses[point or own.defaults[stage]]
            cold = best_of(list(own.random_losses(stage)), COLD)
            default = losses[own.defaults[stage]]
            yield {
                "set": own.name,
                "stage": stage,
                "suggested": point is not None,
                "cold": chosen.test - cold,
                "defaults": chosen.test - default.test,
                "defaults, cold": default.test - cold,
                # Losses are compared by the selection rows first.
                "both": min(chosen, default).test - default.test,
            }


def best_of(losses: Sequence, n: int) -> float:
    """Return the test loss of the best of `n` by the selection rows, over all sets of `n`."""
    ranked = sorted(losses)
    n = min(n, len(ranked))
    ways = [comb(len(ranked) - 1 - rank, n - 1) for rank in range(len(ranked))]
    return float(np.average([each.test for each in ranked], weights=ways))
