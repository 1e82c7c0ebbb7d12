"""Tests of differences over data sets against chance: Wilcoxon, Holm, Friedman, Nemenyi."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

#: With fewer sets no difference can be told from chance at 5 %.
LEAST_SETS = 6
LEVEL = 0.05


def wilcoxon(differences: Sequence[float]) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test; NaN for too few sets."""
    values = np.asarray(differences, dtype=float)
    if len(values) < LEAST_SETS or not values.any():
        return float("nan")
    return float(stats.wilcoxon(values).pvalue)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p values adjusted for being the least of several (Holm 1979); NaN stays NaN."""
    known = sorted((p, name) for name, p in p_values.items() if not np.isnan(p))
    adjusted, largest = dict(p_values), 0.0
    for place, (p, name) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - place) * p))
        adjusted[name] = largest
    return adjusted


def mean_ranks(losses: pd.DataFrame) -> pd.Series:
    """Return the mean rank of each column over the rows (sets); 1 is the least loss."""
    return losses.rank(axis=1).mean().sort_values()


def friedman(losses: pd.DataFrame) -> float:
    """Return the p of Friedman's test that all columns are alike."""
    return float(stats.friedmanchisquare(*(losses[name] for name in losses)).pvalue)


def critical_difference(n_arms: int, n_sets: int) -> float:
    """Return Nemenyi's critical difference of mean ranks (Demšar 2006, equation 7), at 5 %."""
    quantile = stats.studentized_range.ppf(1 - LEVEL, n_arms, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(n_arms * (n_arms + 1) / (6 * n_sets)))


def groups(ranks: Sequence[float], difference: float) -> list[tuple[int, int]]:
    """Return the longest runs of places whose ranks differ by no more, first and last of each."""
    found: list[tuple[int, int]] = []
    for first, rank in enumerate(ranks):
        last = max(at for at, other in enumerate(ranks) if other - rank <= difference)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


def friedman_line(losses: pd.DataFrame) -> str:
    """Return what the picture shows, as a sentence."""
    sets, arms = losses.shape
    if sets < LEAST_SETS or arms < 3:
        return f"{sets} sets and {arms} arms are too few for a test of ranks."
    return (
        f"{arms} arms on {sets} sets; Friedman's p = {friedman(losses):.2g}; ranks that differ by "
        f"less than {critical_difference(arms, sets):.2f} cannot be told apart (Nemenyi, 5 %)."
    )
