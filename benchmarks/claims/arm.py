"""One arm of the comparison, in a process of its own; prints its figures as one JSON object."""

from __future__ import annotations

import json
import resource
import time
import warnings
from typing import NamedTuple

import click
import numpy as np
from sklearn.ensemble import RandomForestClassifier

import hpmkd
from benchmarks.claims.robustness import losses
from benchmarks.common.datasets import at_most
from hpmkd.data.splits import holdout
from hpmkd.deepbridge.metrics import closeness, quality

#: No memory of other data sets, and no predictions of earlier runs: each run is the first.
ALONE = {"memory": "none", "cache.disk": False}
#: By arm: recipe and settings.
ARMS = {
    "standard": ("grid", ALONE),
    "hpm": ("hpm", ALONE),
    "proposal": ("proposal", ALONE),
}
TEST_SIZE = 0.25


class Rows(NamedTuple):
    """Rows to learn from and rows to measure on."""

    X: object
    y: np.ndarray
    X_test: object
    y_test: np.ndarray


def divided(name: str, most: int, seed: int) -> Rows:
    """Return the rows of a set, at most so many, a quarter of them for the test."""
    X, y = at_most(name, most)
    train, test = holdout(y, TEST_SIZE, seed)
    return Rows(X.iloc[train], y[train], X.iloc[test], y[test])


def spent() -> dict[str, float]:
    """Return CPU seconds (user + system) and peak resident memory (MB) of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}


class Clock:
    """Notes the CPU seconds of each phase of a run, up to the first report of the next one."""

    def __init__(self) -> None:
        self.phases, self._phase, self._since = {}, "before", spent()["cpu"]

    @hpmkd.hookimpl
    def hpmkd_phase_advanced(self, phase: str) -> None:
        """Start the next phase."""
        if phase != self._phase:
            self.stop()
            self._phase = phase

    @hpmkd.hookimpl
    def hpmkd_run_finished(self) -> None:
        """Stop the last phase."""
        self.stop()

    def stop(self) -> None:
        """Note what the phase took."""
        now = spent()["cpu"]
        self.phases[self._phase] = now - self._since + self.phases.get(self._phase, 0.0)
        self._since = now


def distilled(arm: str, rows: Rows, teacher, seed: int, observers=(), changed=None):
    """Run an arm, some of its settings `changed`."""
    recipe, settings = ARMS[arm]
    return hpmkd.distill(
        rows.X,
        rows.y,
        teacher=teacher,
        X_test=rows.X_test,
        y_test=rows.y_test,
        recipe=recipe,
        settings={**settings, **(changed or {})},
        seed=seed,
        observers=observers,
    )


def idle() -> dict:
    """Import all that a run imports, and do nothing."""
    import optuna
    import sklearn.neural_network
    import xgboost

    import hpmkd.engine.run
    import hpmkd.kernels._jit

    modules = (optuna, sklearn.neural_network, xgboost, hpmkd.engine.run, hpmkd.kernels._jit)
    return {"imported": [module.__name__ for module in modules]}


def run(arm: str, rows: Rows, seed: int, changed: dict) -> dict:
    """Run an arm; cost is taken before anything is measured that is no part of it."""
    clock = Clock()
    teacher = RandomForestClassifier(200, random_state=seed, n_jobs=1)
    started = time.perf_counter()
    found = distilled(arm, rows, teacher, seed, [clock], changed)
    cost, counts = {**spent(), "wall": time.perf_counter() - started}, found.counts
    target = found.handle.teacher.test
    predicted = found.student.predict_proba(rows.X_test)
    record = next(each for each in found.records if each.chosen)
    scores = quality(predicted, rows.y_test)
    fused = found.ensemble
    return {
        **cost,
        "phases": clock.phases,
        "models": counts["models_trained"],
        "trials": len(found.trials),
        # A grid without a cache calls the teacher before each fit of its search.
        "search_fits": sum(trial.models_trained for trial in found.trials),
        "teacher_calls": counts["teacher_calls"],
        "teacher_fits": counts["teacher_fits"],
        "chosen": record.name,
        "alpha": record.alpha,
        "temperature": record.temperature,
        "after": record.after,
        "bytes": record.bytes,
        "accuracy": scores["accuracy"],
        "f1": record.macro_f1,
        "auc": scores["auc_roc"],
        "log_loss": scores["log_loss"],
        "kl": closeness(predicted, target)["kl_divergence"],
        "teacher_accuracy": quality(target, rows.y_test)["accuracy"],
        "ensemble_accuracy": None
        if fused is None
        else quality(fused.predict_proba(rows.X_test), rows.y_test)["accuracy"],
        "robustness": losses(found.student, rows.X, rows.X_test, rows.y_test, seed),
    }


@click.command()
@click.argument("name")
@click.argument("most", type=int)
@click.argument("seed", type=int)
@click.argument("arm", type=click.Choice([*ARMS, "idle", "counted"]))
@click.option("--changed", type=json.loads, default="{}", help="Settings on top, as JSON.")
def main(name: str, most: int, seed: int, arm: str, changed: dict) -> None:
    """Run one arm on a set."""
    warnings.simplefilter("ignore")
    rows = divided(name, most, seed)
    if arm == "idle":
        result = {**idle(), **spent()}
    elif arm == "counted":
        from benchmarks.claims.calls import counted

        result = counted(rows, seed)
    else:
        result = run(arm, rows, seed, changed)
    size = {"rows": len(rows.y), "test_rows": len(rows.y_test), "columns": rows.X.shape[1]}
    size["classes"] = len(np.unique(rows.y))
    what = {"set": name, "seed": seed, "arm": arm, "most": most, "changed": changed}
    click.echo(json.dumps({**what, **size, **result}))


if __name__ == "__main__":
    main()
