"""The ensemble distilled into one student: its gate and test log loss.

Run: ``python -m benchmarks ensemble-distillation [--seeds 2] [--markdown docs/collapse.md]``.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import click
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

import hpmkd
from benchmarks.common.datasets import load
from benchmarks.common.pages import filled, frame_table, page_option, publish

PAGE = Path(__file__).with_suffix(".md")
SETS = ("breast_cancer", "german", "phoneme", "magic", "spambase", "segment", "satimage", "splice")
ROWS = 2500


def run(name: str, seed: int) -> dict[str, object]:
    """Distil a forest and try the distilled ensemble; return its gate and log losses."""
    table, labels = load(name)
    rows = np.random.default_rng(seed).permutation(len(labels))[:ROWS]
    alone = {"memory": "none", "cache.disk": False}
    settings = alone | {"ensemble.collapse": True, "sampler.trials": 2}
    teacher = RandomForestClassifier(200)
    options = {"teacher": teacher, "settings": settings, "seed": seed}
    found = hpmkd.distill(table.iloc[rows], labels[rows], **options)
    records = {(record.role, record.name): record for record in found.records}
    (gate,) = (gate for gate in found.gates if gate.name == "collapse")
    base = found.facts["ensemble"]["members"][0]
    loss = {
        "student": records["student", base].log_loss,
        "ensemble": next(r.log_loss for r in found.records if r.role == "ensemble"),
        "collapsed": records["student", "collapsed"].log_loss if gate.passed else None,
    }
    return {"set": name, "seed": seed, "student is": base, "gate": gate.passed, **loss}


@click.command()
@click.option("--seeds", default=2, show_default=True)
@page_option
def main(seeds: int, markdown: Path | None) -> None:
    """Print one line per set and seed."""
    warnings.simplefilter("ignore")
    found = pd.DataFrame([run(name, seed) for name in SETS for seed in range(seeds)]).round(4)
    gain = (found.ensemble - found.student).mean()
    passed = found[found.gate]
    summary = f"The gate was passed in {len(passed)} of {len(found)} runs. "
    if len(passed):
        after = (passed.collapsed - passed.student).mean()
        summary += f"There the collapsed student's test log loss differs by {after:+.4f}. "
    summary += f"The ensemble's test log loss differs by {gain:+.4f} from the best student's "
    summary += "over all runs."
    publish(filled(PAGE, summary=summary, runs=frame_table(found)), markdown)
