"""The targets of the chain, and how they are measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd


def mean(by_pair: pd.Series) -> float:
    """Return the mean over sets of the mean over draws: every set counts once."""
    return float(by_set(by_pair).mean())


def median(by_pair: pd.Series) -> float:
    """Return the median over sets of the mean over draws."""
    return float(by_set(by_pair).median())


def share_above(by_pair: pd.Series) -> float:
    """Return the share of pairs (set, draw) above 0."""
    return float((by_pair > 0).mean())


def by_set(by_pair: pd.Series) -> pd.Series:
    """Return the mean over draws, in the order of the sets."""
    return by_pair.groupby(level="set", sort=False, observed=True).mean()


@dataclass(frozen=True)
class Target:
    """One target.

    Parameters
    ----------
    setting, arm, against : str
        Which arm is compared with which.
    measure : str
        Column of a result.
    statistic : callable
        Of the paired differences (for ``ubj``: ratios), indexed by set and seed.
    bound : float
        What it must reach.
    most : bool
        Whether the bound is the most (else the least) it may be.
    form : str
        How figures are written.
    """

    setting: str
    arm: str
    against: str
    measure: str
    statistic: Callable[[pd.Series], float]
    bound: float
    most: bool = True
    form: str = "+.4f"

    def row(self, frame: pd.DataFrame) -> list[str]:
        """Return what was promised, measured, and whether it is met."""
        names = {"ubj": "UBJ bytes, ratio", "log_loss": "log loss"}
        what = (
            f"{self.setting}: {self.arm} − {self.against}, {names.get(self.measure, self.measure)}"
        )
        sign = "≤" if self.most else "≥"
        head = [what, NAMES[self.statistic], f"{sign} {self.bound:{self.form}}"]
        pairs = paired(frame, self.setting, self.measure, self.arm, self.against)
        if pairs.empty:
            return [*head, "not run", "", ""]
        measured = self.statistic(pairs)
        met = measured <= self.bound if self.most else measured >= self.bound
        return [*head, f"{measured:{self.form}}", "yes" if met else "**no**", str(len(pairs))]


def table_of(frame: pd.DataFrame, setting: str, measure: str) -> pd.DataFrame:
    """Return one measure: a row per set and seed, a column per arm that has answers."""
    part = frame[frame.setting == setting]
    table = part.pivot_table(measure, ["set", "seed"], "arm", observed=True, sort=False)
    return table[[arm for arm in frame.arm.cat.categories if arm in table.columns]].sort_index()


def paired(frame: pd.DataFrame, setting: str, measure: str, arm: str, against: str) -> pd.Series:
    """Return arm minus against (for bytes: arm by against) where both have answered."""
    table = table_of(frame, setting, measure)
    if not {arm, against} <= set(table.columns):
        return pd.Series(dtype=float)
    ours, theirs = table[arm], table[against]
    return (ours / theirs if measure == "ubj" else ours - theirs).dropna()


NAMES = {mean: "mean", median: "median", share_above: "pairs lost"}
TARGETS = (
    Target("self", "ours A", "hard A", "log_loss", mean, -0.010),
    Target("self", "ours A", "hard A", "log_loss", median, 0.0),
    Target("self", "ours A", "hard A", "log_loss", share_above, 0.25, form=".0%"),
    Target("self", "ours A", "naive A", "log_loss", mean, -0.02),
    Target("self", "ours tree", "hard tree", "accuracy", mean, 0.005, most=False),
    Target("self", "ours tree", "hard tree", "log_loss", mean, -0.01),
    Target("large", "ours tree", "hard tree", "accuracy", mean, 0.005, most=False),
    Target("large", "ours tree", "hard tree", "log_loss", mean, -0.01),
    Target("external-300", "ours depth 3", "hard depth 3", "accuracy", mean, 0.02, most=False),
    Target("external-1000", "ours depth 3", "hard depth 3", "accuracy", mean, 0.005, most=False),
    Target("self", "ours A", "optuna", "log_loss", mean, 0.0),
    Target("self", "ours A", "optuna", "log_loss", median, 0.0),
    Target("self", "ours A", "optuna", "ubj", mean, 0.25, form=".2f"),
    Target("self", "ours A", "optuna", "ubj", median, 0.25, form=".2f"),
    Target("self", "ours B", "optuna", "log_loss", mean, -0.005),
)
