"""Does distilling the ensemble into one student once more pay? Gates and test log loss.

Run: ``python benchmarks/collapse.py [--seeds 2] [--markdown docs/collapse.md]``.
"""

from __future__ import annotations

import os

# One thread per process; before NumPy and XGBoost are loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import warnings
from pathlib import Path

import click
import numpy as np
import pandas as pd
from data import load
from sklearn.ensemble import RandomForestClassifier

import hpmkd

SETS = ("breast_cancer", "german", "phoneme", "magic", "spambase", "segment", "satimage", "splice")
ROWS = 2500


def run(name: str, seed: int) -> dict[str, object]:
    """Distil a forest with the collapse in the race; return its gate and what it would ship."""
    table, labels = load(name)
    rows = np.random.default_rng(seed).permutation(len(labels))[:ROWS]
    settings = {"ensemble.collapse": True, "sampler.trials": 2, "memory": "none"}
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
@click.option("--markdown", type=click.Path(path_type=Path))
def main(seeds: int, markdown: Path | None) -> None:
    """Print one line per set and seed."""
    warnings.simplefilter("ignore")
    found = pd.DataFrame([run(name, seed) for name in SETS for seed in range(seeds)]).round(4)
    click.echo(found.to_string())
    gain = (found.ensemble - found.student).mean()
    passed = found[found.gate]
    summary = f"The gate was passed in {len(passed)} of {len(found)} runs. "
    if len(passed):
        after = (passed.collapsed - passed.student).mean()
        summary += f"There the collapsed student's test log loss differs by {after:+.4f}. "
    summary += f"The ensemble's test log loss differs by {gain:+.4f} from the best student's "
    summary += "over all runs."
    click.echo(summary)
    if markdown is not None:
        lines = ["| " + " | ".join(found.columns) + " |", "|---" * found.shape[1] + "|"]
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in found.itertuples(index=False)]
        head = (
            "# Does it pay to distil the ensemble once more?\n\nWritten by `python "
            f"benchmarks/collapse.py --markdown docs/collapse.md`.\n\n{summary}\n\n"
        )
        markdown.write_text(head + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
