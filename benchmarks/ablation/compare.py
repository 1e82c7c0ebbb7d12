"""Compares each arm with another over data sets."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from benchmarks.ablation.arms import ARMS, Arm
from benchmarks.ablation.rule import Difference
from benchmarks.common.significance import holm, wilcoxon
from benchmarks.students.compare import Draws

#: Log losses that differ by less are of the same student.
SAME = 1e-9
#: Columns that a line of a failed run lacks.
MEASURED = ("log_loss", "accuracy", "retention", "kl", "bytes", "seconds", "models")
MEASURED += ("teacher_fits", "teacher_calls", "cache_hits", "verdict", "n_classes", "n", "error")


class Compared(Draws):
    """The lines of all runs.

    Parameters
    ----------
    lines : list of dict
        A line per set, seed and arm.
    sets : list of str
        In the order of the tables.
    """

    def __init__(self, lines: list[dict], sets: list[str]) -> None:
        frame = pd.DataFrame(lines)
        super().__init__(frame.reindex(columns=frame.columns.union(MEASURED, sort=False)))
        finished = self.frame[self.frame.log_loss.notna()]
        self.sets = [name for name in sets if (finished.set == name).any()]
        self.arms = [arm for name, arm in ARMS.items() if (finished.arm == name).any()]

    def difference(self, arm: Arm) -> Difference:
        """Return an arm less the one it is compared with, on the draws that both have."""
        losses = self.less(arm, "log_loss")
        # Else a rounding error would have a rank.
        losses = losses.where(losses.abs() > SAME, 0.0)
        return Difference(losses, self.share(arm, "seconds"), self.share(arm, "bytes"))

    def less(self, arm: Arm, what: str) -> pd.Series:
        """Return by set what an arm has more than the one it is compared with."""
        means = self.paired(arm.name, arm.against, what)
        return means[arm.name] - means[arm.against]

    def share(self, arm: Arm, what: str) -> pd.Series:
        """Return by set an arm's figure over that of the one it is compared with."""
        means = self.paired(arm.name, arm.against, what)
        return means[arm.name] / means[arm.against]

    def counted(self, arm: Arm) -> tuple[int, int, int]:
        """Return in how many draws an arm is better, the same, and worse, in log loss."""
        gains = (self.values(arm.against, "log_loss") - self.values(arm.name, "log_loss")).dropna()
        better, worse = int((gains > SAME).sum()), int((gains < -SAME).sum())
        return better, len(gains) - better - worse, worse

    def tests(self) -> Mapping[str, tuple[float, float]]:
        """Return Wilcoxon's p over sets of each arm against its other, and Holm's over all arms."""
        compared = [arm for arm in self.arms if arm.name != arm.against]
        raw = {arm.name: wilcoxon(self.difference(arm).losses) for arm in compared}
        return {name: (raw[name], adjusted) for name, adjusted in holm(raw).items()}

    def losses(self, arms: list[Arm]) -> pd.DataFrame:
        """Return mean log losses by set, a column per arm that all sets have."""
        found = pd.DataFrame({arm.name: self.means(arm.name, "log_loss") for arm in arms})
        return found.reindex(self.sets).dropna(axis=1)
