"""Accuracy that the default recipe retains of its teachers, on bundled data.

Run: ``python -m benchmarks retention [--seeds 3] [--markdown FILE]``. Every figure is from test
rows that nothing else has seen.
"""

from __future__ import annotations

import time
from pathlib import Path

import click
import pandas as pd
from sklearn import datasets

import hpmkd
from benchmarks.common.pages import filled, frame_table, page_option, publish

PAGE = Path(__file__).with_suffix(".md")
SETS = {"digits": datasets.load_digits, "breast_cancer": datasets.load_breast_cancer}
TARGETS = {"gbm": 0.98, "logistic": 0.95}
SMALLER = 20


@click.command()
@click.option("--seeds", default=3, show_default=True, help="Runs per data set.")
@page_option
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
    frames = {"students": table, "runs": runs, "checks": checks}
    tables = {name: frame_table(frame) for name, frame in frames.items()}
    publish(filled(PAGE, **tables), markdown)


def _run(name: str, seed: int) -> tuple[pd.DataFrame, dict[str, object]]:
    X, y = SETS[name](return_X_y=True, as_frame=True)
    start = time.perf_counter()
    settings = {"teacher": "panel", "memory": "none", "cache.disk": False}
    found = hpmkd.distill(X, y, seed=seed, settings=settings)
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
