"""Both arms of the comparison side by side, and their differences."""

from __future__ import annotations

import pandas as pd

ARMS = ("standard", "hpm")
#: And what hpm is without made rows, to see what they cost.
SHOWN = {"standard": "standard", "hpm": "hpm", "bare": "*hpm without made rows*"}


class Pairs:
    """Both arms, side by side; one line for each set, the mean over its seeds."""

    def __init__(self, found: list[dict]) -> None:
        complete = {}
        for each in found:
            complete.setdefault((each["set"], each["seed"]), {})[each["arm"]] = each
        both = [arms for arms in complete.values() if {"idle", *SHOWN} <= set(arms)]
        self.seeds = len({arms["hpm"]["seed"] for arms in both})
        self.sets = list(dict.fromkeys(arms["hpm"]["set"] for arms in both))
        self.arms = {
            name: [arms for arms in both if arms["hpm"]["set"] == name] for name in self.sets
        }

    def values(self, arm: str, value) -> pd.Series:
        """Return the mean over seeds of `value(what the arm found)`, by set."""
        return pd.Series(
            {
                name: sum(value(arms[arm]) for arms in drawn) / len(drawn)
                for name, drawn in self.arms.items()
            }
        )

    def of(self, arm: str, key: str) -> pd.Series:
        """Return one of the numbers that an arm found."""
        return self.values(arm, lambda each: each[key])

    def size(self, name: str) -> str:
        """Return what a set is like."""
        arm = self.arms[name][0]["hpm"]
        return f"{name}: {arm['rows']:,} × {arm['columns']}, {arm['classes']} classes"


def teachers(pairs: Pairs, arm: str) -> pd.Series:
    """Return the CPU seconds until all teachers were read."""
    return pairs.values(arm, lambda each: each["phases"]["teachers"])


def students(pairs: Pairs, arm: str) -> pd.Series:
    """Return the CPU seconds in which students were searched for, chained and refitted."""
    return pairs.values(
        arm, lambda each: sum(each["phases"].get(name, 0) for name in ("search", "chain", "refit"))
    )


def net_memory(pairs: Pairs, arm: str) -> pd.Series:
    """Return peak memory beyond that of an idle process, in MB."""
    return pairs.of(arm, "peak_mb") - pairs.of("idle", "peak_mb")


def cpu_ratio(pairs: Pairs) -> pd.Series:
    """Return how many times the CPU seconds of hpm the grid takes, imports included."""
    return pairs.of("standard", "cpu") / pairs.of("hpm", "cpu")


def fewer_calls(pairs: Pairs) -> pd.Series:
    """Return the share of a cacheless grid's calls that hpm does not make."""
    return 1 - pairs.of("hpm", "teacher_calls") / pairs.of("standard", "search_fits")


def memory_ratio(pairs: Pairs) -> pd.Series:
    """Return hpm's peak over the grid's, each beyond an idle process."""
    return net_memory(pairs, "hpm") / net_memory(pairs, "standard")


def gain(pairs: Pairs, key: str) -> pd.Series:
    """Return what hpm has more than the grid."""
    return pairs.of("hpm", key) - pairs.of("standard", key)


def kinds(pairs: Pairs) -> list[str]:
    """Return the kinds of harm."""
    return list(pairs.arms[pairs.sets[0]][0]["hpm"]["robustness"])


def lost_to(pairs: Pairs, arm: str, kind: str) -> pd.Series:
    """Return the loss of accuracy to one kind of harm."""
    return pairs.values(arm, lambda each: each["robustness"][kind])


def lost(pairs: Pairs, arm: str) -> pd.Series:
    """Return the mean loss of accuracy over all kinds of harm."""
    return sum(lost_to(pairs, arm, kind) for kind in kinds(pairs)) / len(kinds(pairs))
