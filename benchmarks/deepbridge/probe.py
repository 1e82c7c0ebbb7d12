"""Runs the script of a folder in this interpreter, and writes what it did beside it.

``probe.py FOLDER METHOD`` (or ``METHOD+WAY``, with a distillation_method) needs pandas,
scikit-learn and the library that the script imports, and nothing of this project. Each step that
fails is an error with its type; those that need it do not run.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import resource
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

#: Between a method and its distillation_method.
AND = "+"
#: Metrics of a row of the results that do not look at the teacher.
QUALITY = ("accuracy", "precision", "recall", "f1_score", "auc_roc", "auc_pr")
CELL = ("model_type", "temperature", "alpha", "method")
#: Part of a method's search, and no student.
SEARCHING = ("GaussianProcessRegressor",)


class FitCounter:
    """Counts the outermost calls of `fit` of scikit-learn's and XGBoost's estimators, by class."""

    def __init__(self) -> None:
        self.fits: Counter[str] = Counter()
        self._depth = 0

    def watch(self) -> None:
        """Count from now on."""
        from sklearn.utils import all_estimators

        found = [each for _, each in all_estimators(type_filter=["classifier", "regressor"])]
        try:
            import xgboost
        except ImportError:
            pass
        else:
            found += [xgboost.XGBClassifier, xgboost.XGBRegressor]
        for each in found:
            # Some inherit theirs from what is no estimator of the list.
            if each.__name__ not in SEARCHING:
                each.fit = self._counted(each.fit)

    def _counted(self, fit: Any) -> Any:
        # Its signature lists the arguments it takes.
        @functools.wraps(fit)
        def counted(model: Any, *arguments: Any, **options: Any) -> Any:
            if self._depth == 0:
                self.fits[type(model).__name__] += 1
            self._depth += 1
            try:
                return fit(model, *arguments, **options)
            finally:
                self._depth -= 1

        return counted


class Steps:
    """The steps of a script: the time of each, and why one failed."""

    def __init__(self) -> None:
        self.seconds: dict[str, dict[str, float]] = {}
        self.errors: dict[str, str] = {}

    def take(self, name: str, call: Any) -> Any:
        """Return what a step gives; None if it fails."""
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            return call()
        except Exception as error:
            line = str(error).strip().partition("\n")[0]
            self.errors[name] = f"{type(error).__name__}: {line}"[:300]
            return None
        finally:
            taken = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
            self.seconds[name] = {unit: round(value, 2) for unit, value in taken.items()}


def main(folder: Path, method: str) -> None:
    """Run the script on the rows of a folder; write facts.json and answers into it."""
    import numpy as np
    import pandas as pd

    warnings.simplefilter("ignore")
    os.chdir(folder)
    given = pd.read_csv("given.csv", float_precision="round_trip")
    fresh = pd.read_csv("fresh.csv", float_precision="round_trip")
    steps, counter = Steps(), FitCounter()
    facts: dict[str, Any] = {"seconds": steps.seconds, "errors": steps.errors}
    script = steps.take("import", lambda: loaded(folder / "script.py"))
    counter.watch()
    ran = script and steps.take("run", lambda: script.distil(given, *method.split(AND)))
    if ran:
        distiller, results = ran
        facts |= described(distiller, results, counter.fits)
        student = steps.take("best_model", lambda: script.best(distiller))
        if student is not None:
            facts["type"] = f"{type(student).__module__.partition('.')[0]}.{type(student).__name__}"
            predicted = steps.take("predict_proba", lambda: student.predict_proba(fresh))
            if predicted is not None:
                np.save("fresh.npy", np.asarray(predicted, dtype=float))
        other = steps.take("get_trained_model", lambda: script.half_soft(distiller))
        if other is not None:
            predicted = steps.take("its predict_proba", lambda: other.predict_proba(fresh))
            if predicted is not None:
                np.save("half_soft.npy", np.asarray(predicted, dtype=float))
        path = steps.take("save_best_model", lambda: script.save(distiller))
        if path:
            facts["saved"] = {"name": Path(path).name, "bytes": Path(path).stat().st_size}
    facts["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    Path("facts.json").write_text(json.dumps(facts), encoding="utf-8")


def loaded(path: Path) -> Any:
    """Import a file."""
    spec = importlib.util.spec_from_file_location("script", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def described(distiller: Any, results: Any, fits: Counter[str]) -> dict[str, Any]:
    """Return what a run fitted, and what the rows of its results contain."""
    counts = getattr(distiller, "counts", None)
    own = None if counts is None else {name: int(counts[name]) for name in COUNTED}
    columns = list(map(str, results.columns))
    errors = results["error"].dropna() if "error" in columns else ()
    # Where every row is an error, there is no such column.
    best = float(results["test_accuracy"].max()) if "test_accuracy" in columns else None
    shown = [f"{part}_{name}" for part in ("train", "test") for name in QUALITY]
    rows = [
        {
            "cell": [str(row[name]) for name in CELL if name in columns],
            "quality": [None if row.get(name) is None else float(row[name]) for name in shown],
        }
        for row in results.to_dict("records")
    ]
    return {
        "fits": dict(fits),
        "counts": own,
        "columns": columns,
        "rows": rows,
        "row_errors": [str(each)[:200] for each in errors],
        "failures": list(getattr(distiller, "failures", ())),
        "best_reported": best,
    }


#: Of a distiller that counts by itself.
COUNTED = ("models_trained", "teacher_fits")

if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
