"""Processor seconds and memory of a run as the columns grow, and where they go.

Run: ``python -m benchmarks columns [--sizes 1000,4000] [--rows 60] [--texts 0]``. The labels are
drawn without regard to the columns, as the worst table of its width would have them. Each size
runs once for the seconds and, unless ``--no-parts``, once more under a profiler for the parts.
"""

from __future__ import annotations

import cProfile
import pstats
import resource
import time
import warnings

import click
import numpy as np
import pandas as pd

import hpmkd
from benchmarks.common.pages import frame_table
from hpmkd.errors import DataWarning

#: Parts of a run: the function, by the end of its file and its name. None contains another.
PARTS = {
    "fit teachers": ("knowledge/fold_fits.py", "fit_fold"),
    "fit students": ("training/fit.py", "fit"),
    "digests": ("data/tables.py", "digest"),
    "make rows": ("data/unlabeled.py", "rows"),
    "fit encoders": ("data/encoding.py", "_fitted"),
    "encode": ("data/encoding.py", "_encoded"),
    "time students": ("evaluation/latency.py", "student_latency"),
    "time teachers": ("evaluation/latency.py", "latency"),
    "check the data": ("data/dataset.py", "make_dataset"),
}
SETTINGS = {"memory": "none", "cache": "memory"}


@click.command()
@click.option("--sizes", default="1000,4000", show_default=True, help="Columns, with commas.")
@click.option("--rows", default=60, show_default=True, help="Rows.")
@click.option("--texts", default=0.0, show_default=True, help="Share of columns that hold text.")
@click.option("--parts/--no-parts", default=True, show_default=True, help="Profile a second run.")
def main(sizes: str, rows: int, texts: float, parts: bool) -> None:
    """Distil tables of each width, and report the cost."""
    warnings.simplefilter("ignore", DataWarning)
    hpmkd.distill(*drawn(rows, 5, texts), settings=SETTINGS)  # kernels and imports
    lines = []
    for columns in map(int, sizes.split(",")):
        table, labels = drawn(rows, columns, texts)
        start = cpu_seconds()
        found = hpmkd.distill(table, labels, settings=SETTINGS)
        line = {
            "columns": columns,
            "cpu_s": round(cpu_seconds() - start, 1),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "models": found.counts["models_trained"],
            "teacher_fits": found.counts["teacher_fits"],
        }
        lines.append(line | (shares(table, labels) if parts else {}))
        click.echo(frame_table(pd.DataFrame(lines)))


def drawn(rows: int, columns: int, texts: float) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a table of noise, evenly mixed of numbers and texts, and labels."""
    rng = np.random.default_rng(0)
    is_text = np.diff(np.floor(np.arange(columns + 1) * texts)) > 0
    cells = {
        f"column {j}": rng.choice(list("abc"), rows) if text else rng.normal(size=rows)
        for j, text in enumerate(is_text)
    }
    return pd.DataFrame(cells), rng.permutation(np.arange(rows) % 2)


def cpu_seconds() -> float:
    """Return the processor time of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def shares(table: pd.DataFrame, labels: np.ndarray) -> dict[str, str]:
    """Return the share of the parts in the processor time of a profiled run."""
    profile = cProfile.Profile(time.process_time)
    profile.runcall(hpmkd.distill, table, labels, settings=SETTINGS)
    stats = pstats.Stats(profile)
    spent = {
        part: sum(
            entry[3]
            for (file, _, name), entry in stats.stats.items()
            if name == function and file.endswith(end)
        )
        for part, (end, function) in PARTS.items()
    }
    spent["other"] = stats.total_tt - sum(spent.values())
    return {part: f"{seconds / stats.total_tt:.0%}" for part, seconds in spent.items()}


if __name__ == "__main__":
    main()
