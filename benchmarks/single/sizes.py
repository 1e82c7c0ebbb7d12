"""Sizes of student files against the built-in teacher.

Run: ``python -m benchmarks sizes [--sets adult,penbased] [--rows 10000] [--markdown FILE]``. The
teacher's size is that of the leaderboard: the pickles of one model of each member, and the fuser's.
"""

from __future__ import annotations

import time
from pathlib import Path

import click
import numpy as np
import pandas as pd

import hpmkd
from benchmarks.common.datasets import READERS, at_most, listed
from benchmarks.common.pages import filled, frame_table, page_option, publish

PAGE = Path(__file__).with_suffix(".md")
SETS = "breast_cancer,digits,adult"
#: Times smaller than the teacher, by the number of classes that it holds from.
TARGETS = {2: 100, 10: 50}
COLUMNS = ["data", "K", "role", "name", "bytes", "smaller", "accuracy", "retention", "log_loss"]


@click.command()
@click.option("--sets", default=SETS, show_default=True, help="Names, with commas.")
@click.option("--rows", default=3_000, show_default=True, help="Rows of a set at most.")
@click.option("--cache", help="Cache folder for predictions of the teachers.")
@page_option
def main(sets: str, rows: int, cache: str | None, markdown: Path | None) -> None:
    """Distil with the default recipe and report the file size of every student."""
    runs: list[pd.DataFrame] = []
    for name in listed(sets, READERS, "sets"):
        runs.append(_run(name, rows, cache))
        checks = pd.DataFrame([each for run in runs for each in _checks(run)])
        tables = {"students": frame_table(pd.concat(runs)), "checks": frame_table(checks)}
        # After each set, for the next may take long.
        publish(filled(PAGE, rows=f"{rows:,}", **tables), markdown)


def _run(name: str, rows: int, cache: str | None) -> pd.DataFrame:
    X, y = at_most(name, rows)
    settings = {"memory": "none", "cache.disk": cache is not None, "cache.folder": cache or ""}
    start = time.perf_counter()
    found = hpmkd.distill(X, y, workers=1, settings=settings)
    click.echo(f"{name}: {len(X)} rows, {time.perf_counter() - start:.0f} s", err=True)
    board = found.leaderboard
    board = board[board.role.isin(["student", "ensemble"]) | (board.name == "teacher")].copy()
    board["name"] = [f"{n} *" if c else n for n, c in zip(board.name, board.chosen, strict=True)]
    board = board.assign(data=name, K=len(np.unique(y)), smaller=board.compression)
    whole = {"bytes": int, "smaller": int}
    return board[COLUMNS].round({"accuracy": 4, "retention": 4, "log_loss": 4}).astype(whole)


def _checks(table: pd.DataFrame) -> list[dict[str, object]]:
    target = TARGETS[max(classes for classes in TARGETS if classes <= table.K.iloc[0])]
    chosen = table[table.name.str.endswith(" *")].smaller.iloc[0]
    students = table[table.role == "student"].smaller.min()
    found = {"chosen student": chosen, "largest student": students}
    fused = table[table.role == "ensemble"].smaller
    if len(fused):  # not where no two students are better together
        found["ensemble"] = fused.iloc[0]
    return [
        {
            "data": table.data.iloc[0],
            "what": f"{what}, times smaller than the teacher",
            "measured": int(measured),
            "target": target,
            "met": "yes" if measured >= target else "no",
        }
        for what, measured in found.items()
    ]
