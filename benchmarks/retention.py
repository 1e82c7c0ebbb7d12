"""What the default recipe keeps of its teachers, on real data that scikit-learn bundles.

Run: ``python benchmarks/retention.py [--seeds 3] [--markdown FILE]``. Every figure is from test
rows that nothing else has seen.
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
import pandas as pd
from sklearn import datasets

import hpmkd

SETS = {"digits": datasets.load_digits, "breast_cancer": datasets.load_breast_cancer}
TARGETS = {"xgboost": 0.98, "logistic": 0.95}
SMALLER = 20
INTRODUCTION = """# What the default recipe keeps of its teachers

Written by `python benchmarks/retention.py --markdown docs/retention.md`; mean over seeds, test
rows. The teacher's accuracy is that of its bag of fold models; its size and speed are those of one
model of each member. Times are of one row in a data frame, one thread."""


@click.command()
@click.option("--seeds", default=3, show_default=True, help="Runs per data set.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables here too.")
def main(seeds: int, markdown: Path | None) -> None:
    """Distil with the default recipe and report retention and size of every student."""
    measured = [_run(name, seed) for name in SETS for seed in range(seeds)]
    students = pd.concat([frame for frame, _ in measured])
    mean = students.groupby(["data", "role", "name"], sort=False).mean(numeric_only=True)
    columns = ["accuracy", "log_loss", "retention", "kl", "agreement", "bytes", "compression"]
    table = mean[[*columns, "row_us", "speedup"]].reset_index()
    whole = ["bytes", "compression", "row_us", "speedup"]
    table = table.round(4).astype(dict.fromkeys(whole, int))
    runs = pd.DataFrame([run for _, run in measured])
    checks = pd.DataFrame(_checks(mean))
    for frame in (table, runs, checks):
        click.echo(frame.to_string() + "\n")
    if markdown is not None:
        parts = [INTRODUCTION, *map(_markdown, (table, runs, checks))]
        markdown.write_text("\n\n".join(parts) + "\n", "utf-8")


def _run(name: str, seed: int) -> tuple[pd.DataFrame, dict[str, object]]:
    X, y = SETS[name](return_X_y=True, as_frame=True)
    start = time.perf_counter()
    found = hpmkd.distill(X, y, seed=seed, settings={"memory": "none"})
    seconds = time.perf_counter() - start
    board = found.leaderboard.assign(data=name, seed=seed)
    fused = board[(board.role != "teacher") | (board.name == "teacher")].copy()
    fused.loc[fused.role == "ensemble", "name"] = "top 3"
    run = {
        "data": name,
        "seed": seed,
        "chosen": found.chosen,
        "alpha": float(board[board.chosen].alpha.iloc[0]),
        "verdict": found.verdict.outcome,
        "delta_log_loss": round(found.verdict.delta_log_loss, 4),
        "models": found.counts["models_trained"],
        "teacher_fits": found.counts["teacher_fits"],
        "seconds": round(seconds, 1),
        "peak_mb": found.counts["peak_mb"],
    }
    click.echo(str(run), err=True)
    return fused, run


def _checks(mean: pd.DataFrame) -> list[dict[str, object]]:
    checks = []
    for data in SETS:
        for stage, target in TARGETS.items():
            row = mean.loc[(data, "student", stage)]
            checks.append(_check(f"{data}: {stage} retention", row.retention, target))
        smallest = mean.loc[(data, "student")].compression.min()
        checks.append(_check(f"{data}: least compression", smallest, SMALLER))
    return checks


def _check(what: str, measured: float, target: float) -> dict[str, object]:
    met = "yes" if measured >= target else "no"
    return {"what": what, "measured": round(measured, 4), "target": target, "met": met}


def _markdown(frame: pd.DataFrame) -> str:
    lines = ["| " + " | ".join(map(str, frame.columns)) + " |", "|---" * frame.shape[1] + "|"]
    rows = frame.itertuples(index=False)
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
