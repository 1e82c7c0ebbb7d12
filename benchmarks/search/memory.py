"""Suggestions of the memory for a data set, learned from all the others."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import comb

import numpy as np

from benchmarks.chain.teachers import registry
from benchmarks.chain.work import STAGES
from benchmarks.common.engine import active_stages
from benchmarks.search.fits import Fit, Table
from benchmarks.search.points import N_POINTS, Spot, points
from benchmarks.search.replay import Arm, Recalled, replay, spot_of
from hpmkd.contracts import Memory
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import resolve
from hpmkd.search.warm_start import outcomes, recalled
from hpmkd.values import Hyperparameter, Outcome, Trial

#: Contents of the memory per other data set: all of its table, or one default search.
NOTHING, TABLES, RUNS = "", "tables", "runs"
#: Numbers of cold trials that the memory's first is compared with.
COLD = (1, 2, 3, 5, 10)


@contextmanager
def memory() -> Iterator[Memory]:
    """Return the memory ``sqlite`` in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        changes = {"memory.name": "sqlite", "memory.folder": folder, "memory.shipped": False}
        yield resolve(Recipe.load("hpm").override(changes), registry()).memory.create()


def recall(table: Table, others: Sequence[Table], content: str) -> Recalled:
    """Return what the memory suggests for a table, and what it knows of the others.

    Parameters
    ----------
    table : Table
        The data set left out.
    others : sequence of Table
        The data sets in the memory.
    content : str
        ``tables`` or ``runs``.
    """
    assert table.facts is not None
    stages = active_stages(STAGES)
    with memory() as filled:
        for other in others:
            assert other.facts is not None
            trials = whole(other) if content == TABLES else searched(other)
            filled.remember(other.facts, outcomes(other.facts, trials, stages))
        suggested = recalled(filled, table.facts, stages)
        elsewhere = [_by_number(each) for each in filled.outcomes(table.facts)]
    first = {name: [_number(name, each) for each in found] for name, found in suggested.items()}
    return Recalled(first, elsewhere)


def _by_number(outcome: Outcome) -> Outcome:
    """Return an outcome whose hyperparameters are the number of its point, as in a replay."""
    tried = outcome.configuration
    number = {"point": _number(tried.stage, tried.hyperparameters)}
    return replace(outcome, configuration=replace(tried, hyperparameters=number))


def _number(stage: str, point: Mapping[str, Hyperparameter]) -> int:
    return [dict(each) for each in points()[stage]].index(dict(point))


def whole(table: Table) -> list[Trial]:
    """Return all trials of a table on all rows."""
    spots = [spot for spot in table.fits if spot.share == 1]
    return [trial(number, spot, table[spot]) for number, spot in enumerate(spots)]


def searched(table: Table) -> list[Trial]:
    """Return the trials of one search of the recipe ``hpm`` without memory."""
    spots = [spot_of(each.configuration) for each in replay(table, Arm("hpm"), seed=0).trials]
    return [trial(number, spot, table[spot]) for number, spot in enumerate(spots)]


def trial(number: int, spot: Spot, fit: Fit) -> Trial:
    """Return a fit as a trial of a run."""
    configuration = spot.configuration()
    return Trial(number, configuration, fit.losses, fit.accuracy, fit.models, fit.seconds)


def first_trials(table: Table, suggestions: Mapping[str, Sequence[int]]) -> Iterator[dict]:
    """Yield for each stage what its first remembered trial loses to the best of ten cold ones.

    All at T = 1 and alpha = 0.5; the best is that of the selection rows. A stage of which
    nothing is remembered begins with its defaults, as a run does. Beside it stands the best of
    k cold trials: its expectation over all sets of k of the ten points, in any order.
    """
    for stage in STAGES:
        fits = [table[Spot(stage, point)] for point in range(N_POINTS)]
        ranked = sorted(fits, key=lambda fit: fit.log_loss)
        first = fits[next(iter(suggestions.get(stage, ())), 0)]
        line = {"set": table.name, "stage": stage, "remembered": bool(suggestions.get(stage))}
        for name in ("test_log_loss", "log_loss"):
            losses = np.array([getattr(fit, name) for fit in ranked])
            line[f"memory {name}"] = getattr(first, name) - losses[0]
            line[f"defaults {name}"] = getattr(fits[0], name) - losses[0]
            for k in COLD:
                line[f"{k} {name}"] = float(chances(k) @ losses - losses[0])
        yield line


def chances(k: int) -> np.ndarray:
    """Return the chance of each of the ranked points to be the best of k drawn ones."""
    ways = [comb(N_POINTS - 1 - rank, k - 1) for rank in range(N_POINTS)]
    return np.array(ways) / comb(N_POINTS, k)
