"""The targets of the search, beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from benchmarks.common.pages import table
from benchmarks.search.memory import NOTHING, RUNS, TABLES
from benchmarks.search.replay import OWN_FIRST
from benchmarks.search.results import STAGED

#: What a whole run does at most: models in all, or trials of its 16 promising configurations.
BUDGETS = {"hpm": ("models", 64), "proposal": ("tuned", 80)}
COUNTED = {"models": "models of a run", "tuned": "trials of tuning"}


@dataclass(frozen=True)
class Target:
    """One target: `measured` is at most `most`, both written with `form` after `by`."""

    what: str
    most: float
    measured: float
    form: str = "+.4f"
    by: float = 1.0

    def row(self) -> list[str]:
        """Return the target, the measurement, and by how much it was met or missed."""
        over = self.measured - self.most
        verdict = "met" if over <= 0 else "**missed**"
        written = [format(self.by * value, self.form) for value in (self.most, self.measured)]
        by = format(self.by * abs(over), self.form).lstrip("+")
        return [self.what, f"≤ {written[0]}", written[1], f"{verdict} by {by}"]


def targets(frame: pd.DataFrame, firsts: Mapping[str, pd.DataFrame], counted: list[dict]) -> str:
    """Return every target; means count each data set once."""
    rows = [
        Target(
            f"`{line['recipe']}`, {COUNTED[what]} on {line['set']}", most, line[what], ".0f"
        ).row()
        for line in counted
        for what, most in [BUDGETS[line["recipe"]]]
    ]
    lines = frame[(frame.arm == STAGED) & (frame.memory == NOTHING) & (frame.order == OWN_FIRST)]
    means = lines.groupby("set")[["log_loss", "accuracy", "share"]].mean().mean()
    rows += [
        Target("`staged`, test log loss minus the grid's, mean", 0.002, means.log_loss).row(),
        Target(
            "`staged`, loss of test accuracy, points, mean", 0.001, -means.accuracy, "+.2f", 100
        ).row(),
        Target("`staged`, share of the grid's time, %", 0.06, means.share, ".1f", 100).row(),
    ]
    for content, called in ((TABLES, "whole tables"), (RUNS, "one search each")):
        found = firsts[content]["memory test_log_loss"].mean()
        what = f"memory holding {called}: first trial, test log loss minus best of 10 cold, mean"
        rows.append(Target(what, 0.002, found).row())
    return table(["what", "target", "measured", "verdict"], rows)
