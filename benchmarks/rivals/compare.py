"""Compares whole runs on the draws of one number of training rows."""

from __future__ import annotations

import pandas as pd

from benchmarks.common.significance import holm, wilcoxon
from benchmarks.rivals import ours
from benchmarks.students.compare import Draws

OURS, REAL = "hpm", "hpm real"
SINGLE = ours.SINGLE.format(OURS)
#: All arms of our own runs.
OWN = ours.arms()


class Whole(Draws):
    """The lines of all draws of one number of training rows, and those of the engine before.

    Parameters
    ----------
    frame, before : DataFrame
        A line per set, seed and arm; `before` may be empty.
    """

    def __init__(self, frame: pd.DataFrame, before: pd.DataFrame) -> None:
        super().__init__(frame)
        self.before = before

    @property
    def arms(self) -> list[str]:
        """All arms that have a log loss, in their order."""
        return [*self.frame[self.frame.log_loss.notna()].arm.unique()]

    def ratio(self, arm: str, reference: str, what: str) -> pd.Series:
        """Return how many times as much an arm has as another, by set, on draws of both."""
        if not (self.has(arm) and self.has(reference)):
            return pd.Series(dtype=float)
        means = self.paired(arm, reference, what)
        return means[arm] / means[reference]

    def against(self, arm: str) -> dict[str, tuple[float, float]]:
        """Return Wilcoxon's p over sets, and Holm's, of an arm against every arm of others."""
        raw = {
            other: wilcoxon(self.relative(arm, other)) for other in self.arms if other not in OWN
        }
        return {other: (raw[other], adjusted) for other, adjusted in holm(raw).items()}

    def regrets(self) -> tuple[pd.Series, pd.Series]:
        """Return the regret of each draw: now, and of the engine before on the same draws."""
        now = self.values(OURS, "regret")
        old = self.before[self.before.arm == OURS] if len(self.before) else self.before
        if not len(old):
            return now, pd.Series(dtype=float)
        old = old.set_index(["set", "seed"]).regret
        return now, old[old.index.isin(now.index)]

    def regret_ratio(self) -> float:
        """Return the mean regret over that of the engine before, on draws that have both."""
        now, old = self.regrets()
        both = now[now.index.isin(old.index)]
        return both.mean() / old.mean() if len(old) and old.mean() else float("nan")
