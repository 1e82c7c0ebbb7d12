"""Fills the memory that ships with hpmkd, and measures its gain on sets left out of it.

Run ``python -m benchmarks memory-fill``: it fits what is missing, writes the file in the package
and the tables in ``docs/memory.md``. It may be interrupted: every fit is a line of
``~/.cache/hpmkd-benchmarks/memory-fill.jsonl``, and the same command continues.
"""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import click
import pandas as pd

from benchmarks.common.datasets import CACHE, READERS, listed
from benchmarks.common.pages import replace_measured
from benchmarks.memory_fill.fits import fill, read
from benchmarks.memory_fill.left_out import firsts
from benchmarks.memory_fill.records import records, write
from benchmarks.memory_fill.tables import report
from hpmkd_defaults.memories import shipped

SETS = (
    "german", "breast_cancer", "adult", "magic", "phoneme", "spambase", "splice", "segment",
    "satimage", "penbased", "texture",
)  # fmt: skip
FITS = CACHE / "memory-fill.jsonl"
PAGE = Path(__file__).parents[2] / "docs" / "memory.md"


@click.command()
@click.option("--sets", default=",".join(SETS), show_default=True, help="Data sets.")
@click.option("--draws", default=1, show_default=True, help="Draws of rows per data set.")
@click.option("--fits", default=FITS, type=click.Path(path_type=Path), show_default=True)
@click.option("--cached", is_flag=True, help="Fit nothing: write what is there.")
@click.option("--out", default=shipped.FILE, type=click.Path(path_type=Path), help="The memory.")
@click.option("--page", default=PAGE, type=click.Path(path_type=Path), help="With its mark.")
def main(sets: str, draws: int, fits: Path, cached: bool, out: Path, page: Path) -> None:
    """Fit what is missing, write the memory, and measure it."""
    warnings.simplefilter("ignore")
    names = listed(sets, READERS, "sets")
    for draw in range(0 if cached else draws):
        for name in names:
            start = time.process_time()
            if n := fill(name, draw, fits):
                seconds = time.process_time() - start
                click.echo(f"{name}, draw {draw}: {n} fits, {seconds:.0f} s of CPU", err=True)
    found = read(fits, names)
    known = records(found)
    n_bytes = write(out, known)
    text = report(found, known, n_bytes, pd.DataFrame(firsts(found, known)))
    click.echo(text)
    replace_measured(page, "memory-fill", text)


if __name__ == "__main__":
    main()
