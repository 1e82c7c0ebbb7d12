"""What every sampler costs and loses against the full grid of 640 models, on real data.

Run ``python benchmarks/search.py --markdown docs/search.md``. It may be interrupted: each
finished fit is a line of ``~/.cache/hpmkd-benchmarks/search/SET-DRAW.jsonl``, and the same
command continues.
"""

from __future__ import annotations

import os

# One thread per process; before NumPy and XGBoost are loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import time
import warnings
from pathlib import Path

import click
from data import CACHE, READERS
from search_fits import Table

FOLDER = CACHE / "search"
#: Report sets; nothing was tuned on them.
SETS = ("splice", "breast_cancer", "spambase", "magic", "penbased", "adult")


def fill(table: Table) -> None:
    """Fit what is missing of a table, and tell how it goes."""
    start, last = time.monotonic(), 0.0
    for left in table.fill():
        now = time.monotonic()
        if now - last > 30 or left == 0:
            last = now
            click.echo(f"{table.path.stem}: {left} left after {now - start:.0f} s", err=True)


@click.command()
@click.option("--sets", default=",".join(SETS), show_default=True, help="Data sets.")
@click.option("--draws", default="0", show_default=True, help="Draws of rows per data set.")
@click.option("--folder", default=FOLDER, type=click.Path(path_type=Path), show_default=True)
def main(sets: str, draws: str, folder: Path) -> None:
    """Fill the tables."""
    warnings.simplefilter("ignore")
    names = sets.split(",")
    if unknown := set(names) - set(READERS):
        raise click.UsageError(f"unknown sets: {sorted(unknown)}; there are {list(READERS)}")
    for draw in map(int, draws.split(",")):
        for name in names:
            fill(Table(name, draw, folder))


if __name__ == "__main__":
    main()
