"""A few samplers beside each other, without the grid: only what they propose is fitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

import pandas as pd

from benchmarks.common.pages import table as markdown
from benchmarks.common.results import add_line, done, key_of, read_lines
from benchmarks.search.fits import Table
from benchmarks.search.memory import NOTHING, RUNS, recall
from benchmarks.search.points import Spot
from benchmarks.search.replay import ORDERS, OWN_FIRST, Recalled, replay
from benchmarks.search.results import ARMS, HELPED, KEY

#: Figures of a search's pick: on the test rows, and on the selection rows that chose it.
SHOWN = {"log_loss": "test log loss", "selection": "log loss of the selection rows"}


def compared(
    tables: Sequence[Table],
    others: Mapping[Path, Sequence[Table]],
    arms: Sequence[str],
    seeds: int,
    path: Path,
) -> str:
    """Search every table with some arms; return the means over the seeds, as Markdown.

    Parameters
    ----------
    tables : sequence of Table
        Of the data sets.
    others : mapping of Path to sequence of Table
        By the path of a table, those that the memory holds one search each of.
    arms : sequence of str
        Names of arms.
    seeds : int
        Searches of each.
    path : Path
        Its lines are searches that are not repeated.
    """
    for each in tables:
        each[Spot("tree", 0)]  # so that all of them know their facts
    known = done(path, KEY)
    for seed, each in product(range(seeds), tables):
        for arm, order, content in cases(arms):
            case = {"set": each.name, "draw": each.seed, "arm": arm}
            case |= {"order": order, "memory": content, "seed": seed}
            if key_of(case, KEY) not in known:
                memory = recall(each, others[each.path], content) if content else Recalled()
                add_line(path, case | _searched(each, arm, order, seed, memory))
    names = {each.name for each in tables}
    lines = [line for line in read_lines(path) if line["set"] in names and line["arm"] in arms]
    return _shown(pd.DataFrame(lines))


def cases(arms: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield arm, order of the points and content of the memory."""
    for arm in arms:
        yield from ((arm, order, NOTHING) for order in ORDERS)
        if arm in HELPED:
            yield arm, OWN_FIRST, RUNS


def _searched(table: Table, arm: str, order: str, seed: int, memory: Recalled) -> dict:
    found = replay(table, ARMS[arm], seed, order, memory)
    pick = table[found.pick]
    return {
        "models": found.models,
        "ended": found.ended,
        "log_loss": pick.test_log_loss,
        "accuracy": pick.test_accuracy,
        "selection": pick.log_loss,
    }


def _shown(frame: pd.DataFrame) -> str:
    names = list(dict.fromkeys(frame.set))
    rows = []
    for (order, content, arm), lines in frame.groupby(["order", "memory", "arm"], sort=False):
        for what, called in SHOWN.items():
            means = lines.groupby("set")[what].mean()
            cells = [f"{means[name]:.4f}" if name in means else "-" for name in names]
            row = [arm, order, content or "none", called, f"{lines.models.mean():.0f}"]
            rows.append([*row, *cells, f"{means.mean():.4f}", str(len(lines))])
    header = ["sampler", "points", "memory", "what", "models", *names, "mean", "searches"]
    return markdown(header, rows)
