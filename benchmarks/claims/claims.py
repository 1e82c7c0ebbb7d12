"""The proposal's numbers, with what was measured beside each."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from benchmarks.claims.pairs import (
    OURS,
    STANDARD,
    Pairs,
    fewer_calls,
    lost,
    net_memory,
    students,
)


class Claim(NamedTuple):
    """A number of the proposal, and how it is measured.

    Parameters
    ----------
    what : str
        The quantity.
    claimed : str
        As the proposal puts it.
    measure : callable
        Returns it of an arm, set by set.
    unit : str
        Behind the measured number.
    bound : float
        A claim of less is reached at or below it, one of more at or above it.
    """

    what: str
    claimed: str
    measure: Callable[[Pairs, str], pd.Series]
    unit: str
    bound: float

    def reached(self, value: float) -> bool:
        """Return whether a mean reaches the claim."""
        return value <= self.bound if self.bound < 0 else value >= self.bound


def change(key: str) -> Callable[[Pairs, str], pd.Series]:
    """Return how to measure the change of a number, in per cent of the grid's."""
    return lambda pairs, arm: 100 * (pairs.ratio(arm, key) - 1)


def points(key: str) -> Callable[[Pairs, str], pd.Series]:
    """Return how to measure the gain of a score, in percentage points."""
    return lambda pairs, arm: 100 * pairs.gain(arm, key)


def memory(pairs: Pairs, arm: str) -> pd.Series:
    """Return the change of peak memory beyond an idle process, in per cent of the grid's."""
    return 100 * (net_memory(pairs, arm) / net_memory(pairs, STANDARD) - 1)


def calls(pairs: Pairs, arm: str) -> pd.Series:
    """Return the change of teacher calls against a grid without a cache, in per cent."""
    return -100 * fewer_calls(pairs, arm)


def speed_up(pairs: Pairs, arm: str) -> pd.Series:
    """Return how many times the CPU seconds of an arm the grid takes, imports included."""
    return 1 / pairs.ratio(arm, "cpu")


def student_speed_up(pairs: Pairs, arm: str) -> pd.Series:
    """Return how many times the CPU seconds of an arm's students those of the grid take."""
    return students(pairs, STANDARD) / students(pairs, arm)


def robustness(pairs: Pairs, arm: str) -> pd.Series:
    """Return the accuracy on harmed rows that an arm keeps and the grid loses, in points."""
    return 100 * (lost(pairs, STANDARD) - lost(pairs, arm))


CLAIMS = (
    Claim("models trained", "640 → 80, −87.5 %", change("models"), " %", -87.5),
    Claim("time", "4–6 h → 20–30 min, −90 %", change("cpu"), " %", -90),
    Claim("memory", "8–12 GB → 2–3 GB, −75 %", memory, " %", -75),
    Claim("redundant calculations", "100 % → 5 %, −95 %", calls, " %", -95),
    Claim("accuracy", "+2–3 %", points("accuracy"), " points", 2),
    Claim("F1", "+3–4 %", points("f1"), " points", 3),
    Claim("AUC", "+1–2 %", points("auc"), " points", 1),
    Claim("KL divergence", "−15–20 %", change("kl"), " %", -15),
    Claim("robustness", "+10–15 %", robustness, " points", 10),
    Claim("speed-up, theory", "10–15 ×", student_speed_up, " ×", 10),
    Claim("speed-up, practice", "8–12 ×", speed_up, " ×", 8),
)


def claims(pairs: Pairs) -> pd.DataFrame:
    """Return every claim beside what each of our recipes makes of it."""
    return pd.DataFrame([_line(each, pairs) for each in CLAIMS])


def _line(claim: Claim, pairs: Pairs) -> dict[str, str]:
    line = {"what": claim.what, "claimed": claim.claimed}
    for arm in OURS:
        found = claim.measure(pairs, arm)
        form = "{:.1f}" if claim.unit == " ×" else "{:+.1f}"
        mean, median = (form.format(each) for each in (found.mean(), found.median()))
        reached = sum(map(claim.reached, found))
        line[f"{arm}, mean"] = f"{mean}{claim.unit}"
        line[f"{arm}, median"] = median
        line[f"{arm}, reached"] = (
            f"{'yes' if claim.reached(found.mean()) else 'no'} ({reached} of {len(found)} sets)"
        )
    return line
