"""The arms of the comparison side by side, and their differences from the grid."""

from __future__ import annotations

import pandas as pd

ARMS = ("standard", "hpm", "proposal")
#: The arms that are compared with the grid.
OURS = ARMS[1:]
STANDARD = ARMS[0]


class Pairs:
    """The arms, side by side; one line for each set, the mean over its seeds."""

    def __init__(self, found: list[dict]) -> None:
        complete = {}
        for each in found:
            complete.setdefault((each["set"], each["seed"]), {})[each["arm"]] = each
        whole = [arms for arms in complete.values() if {"idle", *ARMS} <= set(arms)]
        self.seeds = len({arms["hpm"]["seed"] for arms in whole})
        self.sets = list(dict.fromkeys(arms["hpm"]["set"] for arms in whole))
        self.arms = {
            name: [arms for arms in whole if arms["hpm"]["set"] == name] for name in self.sets
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

    def ratio(self, arm: str, key: str) -> pd.Series:
        """Return what an arm has over what the grid has."""
        return self.of(arm, key) / self.of(STANDARD, key)

    def gain(self, arm: str, key: str) -> pd.Series:
        """Return what an arm has more than the grid."""
        return self.of(arm, key) - self.of(STANDARD, key)


def teachers(pairs: Pairs, arm: str) -> pd.Series:
    """Return the CPU seconds until all teachers were read."""
    return pairs.values(arm, lambda each: each["phases"]["teachers"])


def students(pairs: Pairs, arm: str) -> pd.Series:
    """Return the CPU seconds in which students were searched for, chained and refitted."""
    return pairs.values(arm, of_students)


def of_students(line: dict) -> float:
    """Return the CPU seconds of a run in which students were fitted."""
    return sum(line["phases"].get(name, 0) for name in ("search", "chain", "refit"))


def net_memory(pairs: Pairs, arm: str) -> pd.Series:
    """Return peak memory beyond that of an idle process, in MB."""
    return pairs.of(arm, "peak_mb") - pairs.of("idle", "peak_mb")


def fewer_calls(pairs: Pairs, arm: str) -> pd.Series:
    """Return the share of a cacheless grid's calls that an arm does not make."""
    return 1 - pairs.of(arm, "teacher_calls") / pairs.of(STANDARD, "search_fits")


def kinds(pairs: Pairs) -> list[str]:
    """Return the kinds of harm."""
    return list(pairs.arms[pairs.sets[0]][0]["hpm"]["robustness"])


def lost_to(pairs: Pairs, arm: str, kind: str) -> pd.Series:
    """Return the loss of accuracy to one kind of harm."""
    return pairs.values(arm, lambda each: each["robustness"][kind])


def lost(pairs: Pairs, arm: str) -> pd.Series:
    """Return the mean loss of accuracy over all kinds of harm."""
    return sum(lost_to(pairs, arm, kind) for kind in kinds(pairs)) / len(kinds(pairs))
