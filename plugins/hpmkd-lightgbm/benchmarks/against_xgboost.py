"""Compare the stages lightgbm and xgboost, each taught by the same teachers in the same run.

Writes the table of the README; the repository's ``benchmarks/common/datasets.py`` reads the data::

    python benchmarks/against_xgboost.py [seeds]
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported

import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).parents[1]
sys.path[:0] = [str(HERE / "src"), str(HERE.parents[1])]

import hpmkd
import hpmkd_lightgbm
from benchmarks.common.datasets import load
from hpmkd.api import run

SETS = ("breast_cancer", "digits", "segment")
STAGES = ("xgboost", "lightgbm")
START, END = "<!-- table: python benchmarks/against_xgboost.py -->\n", "<!-- end of table -->"


def measured(name: str, seed: int) -> dict[str, Any]:
    """Run both stages on a data set, and return their figures on its test rows."""
    table, labels = load(name)
    registry = hpmkd.Registry.installed()
    if "lightgbm" not in registry.offers("stage"):
        registry.add("lightgbm", hpmkd_lightgbm)
    both = {"stages": list(STAGES), "chain": [], "memory": "none", "ensemble.top": 0}
    found = run(hpmkd.Recipe.load("hpm").override(both), registry, table, labels, seed=seed)
    board = found.leaderboard
    figures = {"data": name, "rows": len(labels), "K": len(set(labels))}
    figures["teacher"] = board.set_index("name")["log_loss"]["teacher"]
    students = board[board["role"] == "student"].set_index("name")
    for stage in STAGES:
        figures[stage] = students["log_loss"][stage]
        figures[f"{stage} accuracy"] = students["accuracy"][stage]
        figures[f"{stage} KB"] = students["bytes"][stage] / 1000
    print(board[["role", "name", "log_loss", "accuracy", "bytes", "alpha"]], file=sys.stderr)
    return figures


def written(figures: pd.DataFrame, n_seeds: int) -> str:
    """Return the table as Markdown."""
    lines = [
        "| data | rows | K | teacher | xgboost: log loss, accuracy, KB | lightgbm: the same |",
        "|---|---|---|---|---|---|",
    ]
    for name in SETS:
        mean = figures[figures["data"] == name].drop(columns="data").mean()
        cells = [
            f"{mean[stage]:.4f}, {mean[f'{stage} accuracy']:.4f}, {mean[f'{stage} KB']:.1f}"
            for stage in STAGES
        ]
        head = f"{name} | {mean['rows']:,.0f} | {mean['K']:.0f} | {mean['teacher']:.4f}"
        lines.append(f"| {head} | {' | '.join(cells)} |")
    seeds = "one seed" if n_seeds == 1 else f"means over {n_seeds} seeds"
    return "\n".join([*lines, "", f"({seeds}; a fifth of the rows is measured on)", ""])


def main() -> None:
    """Run everything and write the table."""
    warnings.simplefilter("ignore")
    n_seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    rows = [measured(name, seed) for name in SETS for seed in range(n_seeds)]
    readme = HERE / "README.md"
    before, _, rest = readme.read_text("utf-8").partition(START)
    after = rest.partition(END)[2]
    table = written(pd.DataFrame(rows), n_seeds)
    readme.write_text(f"{before}{START}\n{table}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
