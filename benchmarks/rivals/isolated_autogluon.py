"""AutoGluon's ``distill()`` in an environment of its own; see :mod:`benchmarks.rivals.isolated`.

The package's defaults, for as long as they like: all model families that the environment has,
their weighted ensemble as the teacher, students of the same families. The student is the one that
AutoGluon's own validation rows rank first.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(folder: Path) -> None:
    """Read the rows from a folder; write probabilities and figures into it."""
    import numpy as np
    import pandas as pd
    from autogluon.tabular import TabularPredictor

    training, test = (pd.read_csv(folder / f"{part}.csv") for part in ("training", "test"))
    start = time.process_time()
    kind = "binary" if training.label.nunique() == 2 else "multiclass"
    predictor = TabularPredictor(
        "label", kind, "log_loss", path=str(folder / "models"), verbosity=0
    ).fit(training, num_cpus=1, num_gpus=0)
    teachers = predictor.model_names()
    students = predictor.distill(verbosity=0)
    seconds = time.process_time() - start
    board = predictor.leaderboard(silent=True).set_index("model").score_val
    chosen = board[students].idxmax()
    predicted = predictor.predict_proba(test, model=chosen)
    np.save(folder / "test.npy", predicted[sorted(predicted)].to_numpy())
    row = test.head(1)
    predictor.persist([chosen])
    calls = []
    for _ in range(20):
        start = time.perf_counter()
        predictor.predict_proba(row, model=chosen)
        calls.append(time.perf_counter() - start)
    predictor.unpersist()
    files = (folder / "models" / "models" / chosen).rglob("*")
    facts = {
        "bytes": sum(each.stat().st_size for each in files if each.is_file()),
        "row_us": 1e6 * min(calls),
        "seconds": seconds,
        "models": len(students),
        "teacher_fits": len(teachers),
        "chosen": chosen,
    }
    (folder / "facts.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
