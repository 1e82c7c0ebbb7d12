"""Compares arms on the draws of one number of training rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import pandas as pd

from benchmarks.students.row_times import COMPARED

RIVAL = "rival"
TEACHERS = "teachers"


class Draws:
    """The lines of all draws of one number of training rows.

    A set counts by the mean of its draws; means and medians are over sets. Pairs are draws.

    Parameters
    ----------
    frame : DataFrame
        A line per set, seed and arm.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.sets = list(frame.set.unique())
        self.n_classes = frame[frame.arm == TEACHERS].groupby("set").n_classes.first().astype(int)

    @cached_property
    def _indexed(self) -> pd.DataFrame:
        return self.frame.set_index(["arm", "set", "seed"]).sort_index()

    def has(self, arm: str) -> bool:
        """Return whether an arm has any line."""
        return bool((self.frame.arm == arm).any())

    def values(self, arm: str, what: str) -> pd.Series:
        """Return a column of an arm by set and seed."""
        return self._indexed.loc[arm, what] if self.has(arm) else pd.Series(dtype=float)

    def means(self, arm: str, what: str) -> pd.Series:
        """Return the mean of the draws by set."""
        values = self.values(arm, what)
        return values.groupby(level="set").mean() if len(values) else values

    def paired(self, arm: str, reference: str, what: str) -> pd.DataFrame:
        """Return the means of both by set, over the draws that both have."""
        both = {each: self.values(each, what) for each in dict.fromkeys((arm, reference))}
        means = pd.DataFrame(both).dropna().groupby(level="set", sort=False).mean()
        return means.reindex([name for name in self.sets if name in means.index])

    @property
    def multiclass(self) -> list[str]:
        """The sets with more than two classes."""
        return [name for name in self.sets if self.n_classes[name] > 2]

    def ratio(self, arm: str, reference: str, what: str) -> pd.Series:
        """Return how many times as much an arm has as another, by set, where both are."""
        return (self.means(arm, what) / self.means(reference, what)).dropna()

    def relative(self, arm: str, reference: str) -> pd.Series:
        """Return by how much the log loss of an arm is above that of another, by set."""
        return self.ratio(arm, reference, "log_loss") - 1.0

    def won(self, arm: str, reference: str) -> tuple[int, int]:
        """Return the draws in which an arm has the smaller log loss, and all draws of both."""
        gains = self.values(reference, "log_loss") - self.values(arm, "log_loss")
        return int((gains > 0).sum()), int(gains.notna().sum())

    def row_times(self) -> pd.DataFrame:
        """Return microseconds per row by set, medians of the draws; a column per contestant."""
        lines = self.frame[self.frame.arm == "row times"]
        return lines.groupby("set")[list(COMPARED)].median()

    def costs(self, chosen: Mapping[str, str]) -> dict[str, pd.Series]:
        """Return mean CPU seconds by set: the rival, teachers, and arms that choose.

        An arm that chooses costs what its candidates cost, and what it takes to fuse them.
        """
        spent = self._indexed.seconds
        found = {"rival, 40 trials": self.means(RIVAL, "seconds")}
        found["teachers: fits"] = self.means(TEACHERS, "seconds")
        for kind in ("made", "real"):
            found[f"teachers: {kind} rows"] = self.means(TEACHERS, f"{kind}_seconds")
        for name, arm in chosen.items():
            lines = self.frame[self.frame.arm == arm]
            whole = [
                line.seconds + sum(spent[each, line.set, line.seed] for each in line.among)
                for line in lines.itertuples()
            ]
            found[name] = pd.Series(whole, index=lines.set).groupby(level=0).mean()
        return found
