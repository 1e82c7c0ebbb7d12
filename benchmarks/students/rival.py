"""The rival: XGBoost tuned by Optuna on hard labels, in 40 trials."""

from __future__ import annotations

import time

from benchmarks.common.rivals import tuned_xgboost
from benchmarks.students.answers import Answer
from benchmarks.students.data import Problem


def tuned(problem: Problem) -> Answer:
    """Return the rival's answer, its size as UBJ, and the CPU time of its trials."""
    start = time.process_time()
    rows = problem.training
    model = tuned_xgboost(rows.table, rows.labels, problem.seed)
    seconds = time.process_time() - start
    booster = model.named_steps["model"].get_booster()
    return Answer(
        test=model.predict_proba(problem.test.table),
        n_bytes=len(booster.save_raw("ubj")),
        seconds=seconds,
    )
