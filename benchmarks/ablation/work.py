"""One run of one arm, in a process of its own; prints its figures as a line of JSON."""

from __future__ import annotations

import importlib
import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

import hpmkd
from benchmarks.ablation.arms import ARMS, KEPT, OTHERS, OWN_ROWS, Arm
from benchmarks.ablation.memories import filled_from
from benchmarks.common import runs
from benchmarks.common.datasets import load
from benchmarks.common.draws import drawn
from benchmarks.common.timing import clocked_cpu
from hpmkd.data.dataset import Dataset
from hpmkd.runs.result import Distillation
from hpmkd.student.encoders.sklearn import TableEncoder

#: Rows at most: of the test, and of the rest.
TEST, REST = 2000, 8000
TREES = 200
#: What a run imports: no arm pays for it.
HEAVY = ("optuna", "sklearn.neural_network", "xgboost", "hpmkd.engine.run", "hpmkd.kernels._jit")


class Rows(NamedTuple):
    """Rows to learn from, rows that decide nothing, and the rest: its labels only fit a forest."""

    training: Dataset
    test: Dataset
    rest: Dataset


def rows_of(name: str, rows: int, seed: int) -> Rows:
    """Draw the rows of a run."""
    table, labels = load(name)
    classes = np.arange(labels.max() + 1)
    found = drawn(labels, rows, seed, TEST, REST)
    return Rows(
        *(Dataset(table.iloc[at].reset_index(drop=True), labels[at], classes) for at in found)
    )


def forest(rows: Dataset, seed: int) -> Any:
    """Return a fitted random forest that reads raw rows."""
    trees = RandomForestClassifier(TREES, random_state=seed, n_jobs=1)
    return make_pipeline(TableEncoder("tree"), trees).fit(rows.table, rows.labels)


@contextmanager
def remembering(arm: Arm, memories: Path, name: str, others: list[str]) -> Iterator[Mapping]:
    """Return the settings of an arm with the folder of its memory."""
    with tempfile.TemporaryDirectory() as folder:
        if arm.memory == OTHERS:
            filled_from([memories / other for other in others if other != name], Path(folder))
        kept = {KEPT: memories / name, OTHERS: folder}
        where = {"memory.folder": str(kept[arm.memory])} if arm.memory else {}
        yield {**arm.settings, **where}


def distilled(arm: Arm, settings: Mapping[str, Any], rows: Rows, seed: int, teacher: Any):
    """Run an arm."""
    return hpmkd.distill(
        rows.training.table,
        rows.training.labels,
        teacher=teacher,
        X_test=rows.test.table,
        y_test=rows.test.labels,
        X_unlabeled=rows.rest.table if arm.real else None,
        recipe=arm.recipe,
        settings=settings,
        seed=seed,
        workers=1,
    )


def figures(found: Distillation, test: Dataset) -> dict[str, Any]:
    """Return what is measured of a run: on the test rows, by its own counts, and of what ships."""
    chosen = next(each for each in found.records if each.chosen)
    predicted = found.student.predict_proba(test.table)
    return {
        "log_loss": runs.log_loss(predicted, test.labels),
        "accuracy": float((predicted.argmax(axis=1) == test.labels).mean()),
        "retention": chosen.retention,
        "kl": chosen.kl,
        "bytes": runs.n_bytes(found.student),
        "models": found.counts["models_trained"],
        **{name: found.counts[name] for name in ("teacher_fits", "teacher_calls", "cache_hits")},
        "trials": len(found.trials),
        "verdict": found.verdict.outcome,
        "delta": found.verdict.delta_log_loss,
        "regime": found.knowledge.regime.name,
        "chosen": found.chosen,
        "alpha": chosen.alpha,
        "extra_weight": chosen.extra_weight,
    }


def warm_up() -> float:
    """Import all that a run imports, and load every kernel; return its CPU seconds."""
    from hpmkd.kernels import warming

    def everything() -> None:
        for module in HEAVY:
            importlib.import_module(module)
        for _, compile_all in warming.steps():
            compile_all()

    return clocked_cpu(everything)[0]


def measured(arm: Arm, name: str, n: int, seed: int, memories: Path, others: list[str]) -> dict:
    """Run an arm on a draw; return its figures."""
    rows = rows_of(name, n, seed)
    seen = rows.training if arm.forest == OWN_ROWS else rows.rest
    teacher = forest(seen, seed) if arm.forest else None
    kernels = warm_up()
    with remembering(arm, memories, name, others) as settings:
        seconds, found = clocked_cpu(lambda: distilled(arm, settings, rows, seed, teacher))
    return {
        **figures(found, rows.test),
        "seconds": round(seconds, 2),
        "kernel_seconds": round(kernels, 2),
        "n": [len(each) for each in rows],
        "n_classes": len(rows.training.classes),
    }


@click.command()
@click.argument("name")
@click.argument("rows", type=int)
@click.argument("seed", type=int)
@click.argument("arm", type=click.Choice([*ARMS]))
@click.option("--memories", type=click.Path(path_type=Path), required=True)
@click.option("--others", default="", help="Sets that fill a memory.")
def main(name: str, rows: int, seed: int, arm: str, memories: Path, others: str) -> None:
    """Run an arm on a set."""
    warnings.simplefilter("ignore")
    sets = others.split(",") if others else []
    click.echo(json.dumps(measured(ARMS[arm], name, rows, seed, memories, sets)))


if __name__ == "__main__":
    main()
