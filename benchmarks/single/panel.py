"""CPU and out-of-fold loss of a panel's members, and of the panel fused.

Run: ``python -m benchmarks panel [--rows 2000] [--panel reference] [--markdown docs/panel.md]``.
Only training rows of the benchmark of students are read: a panel may be chosen by this.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from sklearn.base import clone

from benchmarks.common.datasets import listed
from benchmarks.common.pages import filled, frame_table, page_option
from benchmarks.students.data import SETS, Problem, draw, has
from hpmkd.data import splits
from hpmkd.data.probabilities import row_losses
from hpmkd_defaults.fusers.two_pools import PoolFuser
from hpmkd_defaults.teachers.panel import FullPanel, QuickPanel, ReferencePanel

FOLDS = 5
PAGE = Path(__file__).with_suffix(".md")
PANELS = {"panel": FullPanel, "reference": ReferencePanel, "quick": QuickPanel}


def cross_fitted(problem: Problem, member: Any) -> tuple[np.ndarray, float]:
    """Return out-of-fold probabilities (n, K) of one member, and CPU seconds."""
    rows = problem.training
    folds = splits.folds(rows.labels, FOLDS, problem.seed)
    predicted = np.zeros((len(rows), problem.n_classes))
    start = time.process_time()
    for fold in range(FOLDS):
        part, held = rows.rows(np.flatnonzero(folds != fold)), np.flatnonzero(folds == fold)
        model = clone(member).fit(part.table, part.labels)
        predicted[np.ix_(held, model.classes_)] = model.predict_proba(rows.rows(held).table)
    return predicted, time.process_time() - start


def measured(problem: Problem, panel: Any) -> list[dict[str, Any]]:
    """Return a row for every member of a panel, with its weight, and one for the fused panel."""
    rows = problem.training
    members: Mapping[str, Any] = panel.members(rows.facts, problem.seed)
    found = {name: cross_fitted(problem, member) for name, member in members.items()}
    stacked = np.stack([predicted for predicted, _ in found.values()])
    fuser = PoolFuser().fit(stacked, rows.labels, rows.table)
    weights = dict(zip(found, fuser.weights, strict=True))
    seconds = sum(spent for _, spent in found.values())
    fused = fuser.fuse(stacked, None).probabilities
    lines = [(name, spent, predicted, weights[name]) for name, (predicted, spent) in found.items()]
    return [
        {
            "set": problem.name,
            "rows": len(rows),
            "member": name,
            "cpu s": round(spent, 2),
            "log loss": round(float(row_losses(predicted, rows.labels).mean()), 4),
            "weight": round(weight, 2),
        }
        for name, spent, predicted, weight in [*lines, ("fused", seconds, fused, 1.0)]
    ]


@click.command()
@click.option("--sets", default=",".join(SETS), show_default=True, help="Names, or all.")
@click.option("--rows", default=2000, show_default=True, help="Training rows.")
@click.option("--seed", default=0, show_default=True, help="Of the draw.")
@click.option("--panel", default="panel", show_default=True, type=click.Choice(list(PANELS)))
@page_option
def main(sets: str, rows: int, seed: int, panel: str, markdown: Path | None) -> None:
    """Cross-fit a panel on training rows."""
    warnings.simplefilter("ignore")
    measured(draw("phoneme", 200, 1), PANELS[panel]())  # imports and compiles
    found = []
    for name in listed(sets, SETS, "set"):
        if has(name, rows):
            found += measured(draw(name, rows, seed), PANELS[panel]())
            click.echo(f"{name}: {found[-1]['cpu s']} s, {found[-1]['log loss']}", err=True)
    frame = pd.DataFrame(found)
    fused = frame[frame.member == "fused"]
    mean = f"Mean of {len(fused)} sets: {fused['cpu s'].mean():.2f} CPU seconds, log loss "
    mean += f"{fused['log loss'].mean():.4f}, mean log of it {np.log(fused['log loss']).mean():.4f}"
    click.echo(f"{frame.to_string(index=False)}\n{mean}")
    if markdown is not None:
        markdown.write_text(filled(PAGE, table=frame_table(frame), mean=mean), "utf-8")
