"""How small the files of students are, against the built-in teacher.

Run: ``python benchmarks/sizes.py [--sets adult,digits] [--rows 10000] [--markdown FILE]``. The
teacher's size is what a run says of it: the pickles of one model of each member, and the fuser's.
"""

from __future__ import annotations

import os

# One thread per process; before NumPy and XGBoost are loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import time
from pathlib import Path

import click
import numpy as np
import pandas as pd
from data import READERS, load

import hpmkd

SETS = "breast_cancer,digits,adult,penbased"
#: Times smaller than the teacher, by the number of classes that it holds from.
TARGETS = {2: 100, 10: 50}
INTRODUCTION = """# How small students are

Written by `python benchmarks/sizes.py --markdown docs/sizes.md`: the default recipe, seed 0, one
worker; of sets with more than {rows:,} rows, so many drawn at random. `bytes` is the whole file:
header, encoder, model, checksum ([its layout](student-file.md)). The teacher is the built-in panel:
the pickles of one model of each member, and the fuser's. Accuracy and log loss are on test rows."""
COLUMNS = ["data", "K", "role", "name", "bytes", "smaller", "accuracy", "retention", "log_loss"]


@click.command()
@click.option("--sets", default=SETS, show_default=True, help="Names, with commas.")
@click.option("--rows", default=3_000, show_default=True, help="Rows of a set at most.")
@click.option("--cache", help="Folder where the teacher's answers are kept.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables here too.")
def main(sets: str, rows: int, cache: str | None, markdown: Path | None) -> None:
    """Distil with the default recipe and report the file size of every student."""
    names = sets.split(",")
    unknown = sorted(set(names) - set(READERS))
    if unknown:
        raise click.UsageError(f"got the sets {unknown}, expected some of {sorted(READERS)}")
    runs: list[pd.DataFrame] = []
    for name in names:
        runs.append(_run(name, rows, cache))
        checks = pd.DataFrame([each for run in runs for each in _checks(run)])
        if markdown is not None:  # after each set, for the next may take long
            parts = [INTRODUCTION.format(rows=rows), _markdown(pd.concat(runs)), _markdown(checks)]
            markdown.write_text("\n\n".join(parts) + "\n", "utf-8")
    for frame in (pd.concat(runs), checks):
        click.echo(frame.to_string(index=False) + "\n")


def _run(name: str, rows: int, cache: str | None) -> pd.DataFrame:
    X, y = load(name)
    if len(X) > rows:
        kept = np.sort(np.random.default_rng(0).permutation(len(X))[:rows])
        X, y = X.iloc[kept].reset_index(drop=True), y[kept]
    settings = {"memory": "none"} | ({} if cache is None else {"cache.folder": cache})
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
    fused = table[table.role == "ensemble"].smaller.iloc[0]
    found = {"chosen student": chosen, "largest student": students, "ensemble": fused}
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


def _markdown(frame: pd.DataFrame) -> str:
    lines = ["| " + " | ".join(map(str, frame.columns)) + " |", "|---" * frame.shape[1] + "|"]
    rows = frame.itertuples(index=False)
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
