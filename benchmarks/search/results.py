"""Every sampler on every table, over the seeds: replayed once, written down as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from benchmarks.chain.work import STAGES
from benchmarks.common.results import add_line, key_of, read_lines
from benchmarks.search.fits import Fit, Table
from benchmarks.search.memory import NOTHING, RUNS, TABLES, recall
from benchmarks.search.points import ALPHAS, TEMPERATURES
from benchmarks.search.replay import ORDERS, OWN_FIRST, Arm, Recalled, Replayed, replay

KEY = ("set", "draw", "arm", "order", "memory", "seed")
SEEDS = 20
OVER_GRID = {"search.temperatures": TEMPERATURES, "search.alphas.self": ALPHAS}
UNBOUND = {"budget.models": 0, "search.stop.window": 0}
RANDOM, TPE = {"sampler.name": "random"}, {"sampler.name": "tpe"}
#: The scheduler does not change what is looked up, and the benchmark fills the memory.
PROPOSAL = {"scheduler.name": "constant", "memory.name": "none"}
GRID, STAGED, ADAPTIVE = "grid", "staged", "adaptive"
#: The same, with a Gaussian process that learns from every trial, and from other data sets.
LEARNING = "adaptive, learning"
ARMS = {
    GRID: Arm("grid"),
    STAGED: Arm("hpm"),
    "staged, grid's T and alpha": Arm("hpm", OVER_GRID),
    ADAPTIVE: Arm("proposal", PROPOSAL),
    LEARNING: Arm("proposal", {**PROPOSAL, "sampler.learns": True}),
    "adaptive, no early stop": Arm("proposal", {**PROPOSAL, **UNBOUND}),
    "random 32": Arm("hpm", {**RANDOM, "sampler.trials": 32}),
    "random 80, grid's T and alpha": Arm(
        "hpm", {**RANDOM, **UNBOUND, **OVER_GRID, "sampler.trials": 80}
    ),
    "tpe 40": Arm("hpm", {**TPE, "sampler.trials": 40}),
    "tpe 40, grid's T and alpha": Arm("hpm", {**TPE, **UNBOUND, **OVER_GRID, "sampler.trials": 40}),
    # As many models as `adaptive` takes: on hard labels they try what is left of the 40 points.
    "tpe 80, grid's T and alpha": Arm("hpm", {**TPE, **UNBOUND, **OVER_GRID, "sampler.trials": 80}),
    **{f"staged, {stage} alone": Arm("hpm", only=stage) for stage in STAGES},
}
#: Arms that the memory can help.
HELPED = (STAGED, ADAPTIVE, LEARNING, "random 32", "tpe 40")


class Results:
    """Lines of replayed searches.

    Parameters
    ----------
    path : Path
        The file; what is in it is not replayed again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = read_lines(path)

    def add(self, table: Table, others: Sequence[Table]) -> Iterator[dict]:
        """Replay what is missing of a table; yield each new line."""
        known = {key_of(line, KEY) for line in self.lines}
        recalled: dict[str, Recalled] = {}
        grids: dict[str | None, Replayed] = {}
        for name, order, content, seed in wanted():
            case = {"set": table.name, "draw": table.seed, "arm": name}
            case |= {"order": order, "memory": content, "seed": seed}
            if key_of(case, KEY) in known:
                continue
            if content and content not in recalled:
                recalled[content] = recall(table, others, content)
            found = replay(table, ARMS[name], seed, order, recalled.get(content, Recalled()))
            only = ARMS[name].only
            if only not in grids:
                grids[only] = searched_in_full(table, only)
            line = {
                **case,
                "models": found.models,
                "seconds": found.seconds,
                "share": found.seconds / grids[only].seconds,
                "ended": found.ended,
                "pick": asdict(found.pick),
                **measured(table[found.pick], table[grids[only].pick]),
            }
            self.lines.append(line)
            add_line(self.path, line)
            yield line

    def frame(self, tables: Sequence[Table]) -> pd.DataFrame:
        """Return the lines of some tables."""
        chosen = {(table.name, table.seed) for table in tables}
        lines = [line for line in self.lines if (line["set"], line["draw"]) in chosen]
        return pd.DataFrame(lines)


def wanted() -> Iterator[tuple[str, str, str, int]]:
    """Yield every replay of a table: arm, order of the points, memory, seed."""
    yield GRID, OWN_FIRST, NOTHING, 0  # nothing about it is left to chance
    for name in ARMS:
        for seed in range(SEEDS):
            if name != GRID:
                for order in ORDERS:
                    yield name, order, NOTHING, seed
            if name in HELPED:
                for content in (TABLES, RUNS):
                    yield name, OWN_FIRST, content, seed


def searched_in_full(table: Table, stage: str | None = None) -> Replayed:
    """Return the search of the full grid and its controls, of one stage or of all."""
    return replay(table, Arm("grid", only=stage), seed=0)


def measured(fit: Fit, grid: Fit) -> dict[str, float]:
    """Return what a pick loses on the test rows against the grid's pick."""
    return {
        "log_loss": fit.test_log_loss - grid.test_log_loss,
        "accuracy": fit.test_accuracy - grid.test_accuracy,
        "selection": fit.log_loss - grid.log_loss,
    }
