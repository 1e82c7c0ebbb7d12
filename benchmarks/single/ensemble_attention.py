"""The ensemble of the recipe ``proposal``: weights per row, or the same for all rows.

Run: ``python -m benchmarks ensemble-attention [--draws 1] [--markdown docs/ensemble.md]``.
"""

from __future__ import annotations

import timeit
import warnings
from pathlib import Path

import click
import numpy as np
import pandas as pd

import hpmkd
from benchmarks.common.datasets import load
from benchmarks.common.pages import filled, frame_table, page_option, publish
from hpmkd.data.probabilities import row_losses
from hpmkd.student import Student

PAGE = Path(__file__).with_suffix(".md")
SETS = ("phoneme", "segment", "satimage")
TRAINING, TEST = 1500, 4000
#: Ungated: members do not depend on the fuser, and both ensembles ship.
FUSERS = {
    "static": {"ensemble.fuser": "pool"},
    "attention": {"ensemble.fuser.name": "row-attention", "ensemble.fuser.gated": False},
}


def run(name: str, draw: int, fuser: str) -> dict[str, object]:
    """Run the whole recipe; return what its ensemble, and its best single student, do."""
    table, labels = load(name)
    rows = np.random.default_rng(draw).permutation(len(labels))[: TRAINING + TEST]
    seen, new = np.split(rows, [min(TRAINING, int(0.7 * len(rows)))])
    settings = {"memory": "none", "ensemble.gated": False, **FUSERS[fuser]}
    options = {"recipe": "proposal", "seed": draw, "settings": settings}
    found = hpmkd.distill(table.iloc[seen].reset_index(drop=True), labels[seen], **options)
    ensemble, test = found.ensemble, table.iloc[new]
    members = found.facts["ensemble"]["members"]
    best = found.by_name[members[0]]
    losses = {
        student: float(row_losses(student.predict_proba(test), labels[new]).mean())
        for student in (ensemble, best)
    }
    return {
        "set": name,
        "draw": draw,
        "fuser": fuser,
        "ships": found.chosen,
        "members": "+".join(members),
        "ensemble": losses[ensemble],
        "best single": losses[best],
        "bytes": ensemble.n_bytes,
        "row, µs": row_us(ensemble, test),
    }


def row_us(student: Student, table: pd.DataFrame) -> float:
    """Return the least of many times of a packed row, for others use the machine as well."""
    packed = student.packed
    row = packed.encode_row(table.iloc[0].to_dict())
    times = timeit.repeat(lambda: packed.probabilities(row), number=500, repeat=100)
    return min(times) / 500 * 1e6


@click.command()
@click.option("--draws", default=1, show_default=True)
@page_option
def main(draws: int, markdown: Path | None) -> None:
    """Print one line per set, draw and fuser."""
    warnings.simplefilter("ignore")
    cases = [(name, draw, fuser) for name in SETS for draw in range(draws) for fuser in FUSERS]
    found = pd.DataFrame([run(*case) for case in cases])
    pairs = {name: each.reset_index(drop=True) for name, each in found.groupby("fuser")}
    static, attended = pairs["static"], pairs["attention"]
    assert (static.members == attended.members).all(), "pairs fuse the same students"
    away = attended.ensemble - static.ensemble
    summary = (
        f"With weights per row the test log loss differs by {away.mean():+.4f} in the mean from "
        f"the static pool's ({away.min():+.4f} to {away.max():+.4f}; lower in "
        f"{(away < 0).sum()} of {len(away)}), the file by "
        f"{(attended.bytes - static.bytes).mean():+.0f} bytes, a row by "
        f"{(attended['row, µs'] - static['row, µs']).mean():+.2f} µs. Its loss differs from the "
        f"best single student's by {(attended.ensemble - attended['best single']).mean():+.4f}."
    )
    shown = found.round({"ensemble": 4, "best single": 4, "row, µs": 2})
    publish(filled(PAGE, summary=summary, runs=frame_table(shown)), markdown)
