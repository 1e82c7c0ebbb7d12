"""The meta scheduler with the memory that ships as its only teacher, each set left out of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import pandas as pd

from benchmarks.common.pages import table
from benchmarks.meta_scheduler.tables import TIE, mean_and_error
from benchmarks.meta_scheduler.work import STAGES, Problem
from hpmkd.values import Configuration
from hpmkd_defaults.memories.shipped import shipped
from hpmkd_defaults.memories.similarity import may_be_the_same
from hpmkd_defaults.schedulers.anneal import AnnealScheduler
from hpmkd_defaults.schedulers.meta import MetaTemperatureScheduler

SETS = ("german", "magic", "phoneme", "splice")
CONSTANT, META, BOUND = "constant", "meta", "best constant, by the test rows"
#: Further constant softenings, of which the test rows choose one.
FURTHER = ((0.25, 1.0), (1.0, 1.0), (0.5, 2.0), (1.0, 2.0))


def run(seed: int, sets: tuple[str, ...]) -> Iterator[dict[str, object]]:
    """Yield a line per set, stage and arm; all start from alpha .5 and T 1."""
    for name in sets:
        problem = Problem(name, seed)
        # What is of the same data never counts; whole runs leave it out by the same rule.
        known = [each for each in shipped() if not may_be_the_same(problem.facts, each.facts)]
        meta, farther = MetaTemperatureScheduler(), MetaTemperatureScheduler(reach=4.0)
        for scheduler in (meta, farther):
            scheduler.learn(problem.facts, [each for own in known for each in own.as_outcomes()])
        schedulers = {
            # Having learned nothing it leaves alpha and T, and boosts as many rounds as the others.
            CONSTANT: MetaTemperatureScheduler(), "anneal": AnnealScheduler(), META: meta,
            "meta, reach 4": farther,
        }  # fmt: skip
        for stage, at in STAGES.items():
            start = Configuration(stage, 1.0, 0.5, at.defaults)
            hard = replace(start, alpha=0.0)
            found = {arm: problem.measured(start, each) for arm, each in schedulers.items()}
            constants = [
                problem.measured(replace(start, alpha=alpha, temperature=hot), schedulers[CONSTANT])
                for alpha, hot in FURTHER
            ]
            found["hard labels"] = problem.measured(hard, schedulers[CONSTANT])
            constants += [found[CONSTANT], found["hard labels"]]
            found[BOUND] = min(constants, key=lambda each: each.log_loss)
            for arm, measured in found.items():
                line = {"set": name, "seed": seed, "stage": stage, "arm": arm, **asdict(measured)}
                yield {**line, "learned": stage in meta.stages, "records": len(known)}


def report(found: pd.DataFrame) -> str:
    """Return the section of the page."""
    stages = sorted(found["stage"].unique())
    moved = found[found["arm"] == META]
    sets = moved["set"].nunique()
    compared = [_verdict(found, stage) for stage in stages]
    pays = all(": better (" in line for line in compared)
    verdict = "**It pays.**" if pays else "**It does not pay with it either.**"
    verdict += "\n\n" + "\n".join(compared)
    return f"""## With the memory that ships as its only teacher

{sets} of the sets, {moved["seed"].nunique()} draw of rows each, as above; but `meta` learns from
the [memory that ships](memory.md) alone, without the records that may be of the set at hand. All
arms start from alpha .5 and T 1; `constant` is a `meta` that has learned nothing, so that all boost
as many rounds. Log loss on the test rows. `meta` had learned enough to move anything in
{moved["learned"].mean():.0%} of the fits.

{verdict}

{_losses(found)}

What `meta` made of alpha .5 and T 1, means over the rounds:

{_moves(moved)}
"""


def _verdict(found: pd.DataFrame, stage: str) -> str:
    own = found[found["stage"] == stage].pivot(index=["set", "seed"], columns="arm")["log_loss"]
    change = (own[META] - own[CONSTANT]).unstack("seed")
    mean, error = mean_and_error(change)
    sure = abs(mean) > 2 * error
    word = ("better" if mean < 0 else "worse") if sure else "not different"
    each = change.to_numpy().ravel()
    score = f"{(each < -TIE).sum()}/{(abs(each) <= TIE).sum()}/{(each > TIE).sum()}"
    return (
        f"* `{stage}`: `meta` against `constant`: {word} ({mean:+.4f} ± {error:.4f}; "
        f"wins/ties/losses {score})."
    )


def _losses(found: pd.DataFrame) -> str:
    arms = ["hard labels", CONSTANT, "anneal", META, "meta, reach 4", BOUND]
    means = found.pivot_table(index=["stage", "set"], columns="arm", values="log_loss")[arms]
    rows = [(*at, *(f"{value:.4f}" for value in line)) for at, line in means.iterrows()]
    return table(("stage", "set", *arms), rows)


def _moves(moved: pd.DataFrame) -> str:
    means = moved.groupby(["stage", "set"])[["alpha", "temperature"]].mean()
    rows = [(*at, f"{line.alpha:.2f}", f"{line.temperature:.2f}") for at, line in means.iterrows()]
    return table(("stage", "set", "alpha", "T"), rows)
