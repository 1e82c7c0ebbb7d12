"""Verdicts against the truth of fresh rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.common.pages import table

OUTCOMES = ("pays", "no difference", "hurts")
#: Standard errors of the fresh rows within which a difference is level.
ERRORS = 2.0
#: A "pays" is false beyond doubt where the fresh rows show a loss of so much, in nats.
BEYOND = 0.005
MOST_WRONG = 0.05
Line = Mapping[str, Any]


def truth(line: Line) -> str:
    """Return the outcome that the fresh rows give: beyond two standard errors, or level."""
    if abs(line["truth"]) <= ERRORS * line["error"]:
        return "no difference"
    return "pays" if line["truth"] < 0 else "hurts"


def right(line: Line) -> bool:
    """Return whether the fresh rows do not contradict a verdict.

    "Pays" is right where the student is better there, "hurts" where it is worse; "no difference"
    where the interval of the verdict holds the difference of the fresh rows, give or take two of
    their standard errors.
    """
    found, error = line["truth"], ERRORS * line["error"]
    if line["outcome"] == "pays":
        return bool(found < 0)
    if line["outcome"] == "hurts":
        return bool(found > 0)
    low, high = line["interval"]
    return bool(low - error <= found <= high + error)


def confusion(lines: Sequence[Line]) -> str:
    """Return how often each verdict met each truth."""
    counted = Counter((line["outcome"], truth(line)) for line in lines)
    rows = [[f"says {said}", *(counted[said, found] for found in OUTCOMES)] for said in OUTCOMES]
    return table(["", *(f"truth: {found}" for found in OUTCOMES)], rows)


def rates(lines: Sequence[Line]) -> str:
    """Return the aims, what was measured, and whether they are reached."""
    wrong = [line for line in lines if not right(line)]
    pays = [line for line in lines if line["outcome"] == "pays"]
    false = [line for line in pays if not right(line)]
    beyond = [line for line in false if line["truth"] > BEYOND]
    claims = [line["truth"] - line["delta"] for line in pays]
    share = 1 - len(wrong) / len(lines)
    worst = max((line["truth"] for line in false), default=0.0)
    rows = [
        ["right", "≥ 95 %", f"{share:.0%} of {len(lines)}", _mark(share >= 1 - MOST_WRONG)],
        [f'false "pays" beyond {BEYOND} nats', "0", str(len(beyond)), _mark(not beyond)],
        ['false "pays"', "", f"{len(false)} of {len(pays)}", ""],
        ["… the largest loss of one, nats", "", f"{worst:.4f}", ""],
        ["… claimed beyond the truth, all that pay, mean", "", _mean(claims), ""],
    ]
    return table(["", "aim", "measured", ""], rows)


def by_kind(lines: Sequence[Line]) -> str:
    """Return a line for each set and number of rows."""
    rows = []
    for name, n in sorted({(line["set"], line["rows"]) for line in lines}):
        own = [line for line in lines if (line["set"], line["rows"]) == (name, n)]
        said = Counter(line["outcome"] for line in own)
        wrong = sum(not right(line) for line in own)
        gained = _mean([line["truth"] for line in own])
        cells = [said[each] for each in OUTCOMES]
        pools = sum(line["ships"] == "pool" for line in own)
        rows.append([name, n, own[0]["n"][2], len(own), *cells, wrong, gained, pools])
    header = ["set", "training", "fresh", "runs", *OUTCOMES, "wrong", "truth, mean nats", "pools"]
    return table(header, rows)


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):+.4f}" if values else ""


def _mark(reached: bool) -> str:
    return "reached" if reached else "**missed**"
