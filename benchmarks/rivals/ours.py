"""Whole runs of ``hpmkd.distill``; a run gives the student that ships and others."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from sklearn.datasets import load_wine

import hpmkd
from benchmarks.common import runs
from benchmarks.common.timing import clocked_cpu
from benchmarks.rivals.measured import Measured
from benchmarks.students.data import Problem
from hpmkd.contracts import Predictor
from hpmkd.evaluation.latency import student_latency
from hpmkd.runs.result import Distillation

#: By arm: recipe, and whether the real rows without labels are handed in.
RUNS: dict[str, tuple[str, bool]] = {
    "hpm": ("hpm", False),
    "hpm real": ("hpm", True),
    "proposal": ("proposal", False),
    "grid": ("grid", False),
}
#: Further measured parts of the same run, as the end of the arm's name.
SINGLE, POOL = "{}, single", "{}, pool"


def arms() -> list[str]:
    """Return the arms of all runs, in their order."""
    return [each for arm in RUNS for each in (arm, SINGLE.format(arm), POOL.format(arm))]


def applies(arm: str, problem: Problem) -> bool:
    """Return whether a draw has what a run needs: as many real rows as labelled ones, or none."""
    return not RUNS[arm][1] or len(problem.real) >= len(problem.training)


def distilled(arm: str, problem: Problem) -> Distillation:
    """Run a recipe on a draw as the first run of its user."""
    recipe, real = RUNS[arm]
    return hpmkd.distill(
        problem.training.table,
        problem.training.labels,
        X_test=problem.test.table,
        y_test=problem.test.labels,
        X_unlabeled=problem.real if real else None,
        recipe=recipe,
        settings=runs.FIRST_RUN,
        seed=problem.seed,
        workers=1,
    )


def measured(arm: str, problem: Problem) -> dict[str, Measured]:
    """Return what ships, the best single student and the pool of one run, by arm."""
    kernels = warm_up()
    seconds, found = clocked_cpu(lambda: distilled(arm, problem))
    facts = {**facts_of(found, problem), "kernel_seconds": round(kernels, 1)}
    students = {arm: found.student, SINGLE.format(arm): runs.single(found)}
    if (pool := runs.pool(found)) is not None:
        students[POOL.format(arm)] = pool
    measured: dict[int, Measured] = {}
    for student in students.values():
        if id(student) not in measured:
            measured[id(student)] = _student(student, problem, found, seconds, facts)
    return {name: measured[id(student)] for name, student in students.items()}


def facts_of(found: Distillation, problem: Problem) -> dict[str, Any]:
    """Return what a run chose, its verdict, and the best choice in hindsight."""
    predicted = found.student.predict_proba(problem.test.table)
    loss = runs.log_loss(predicted, problem.test.labels)
    teacher = runs.teacher(found)
    return {
        "verdict": found.verdict.outcome,
        "delta": found.verdict.delta_log_loss,
        "ships": "pool" if runs.is_pool(found.student) else "single",
        "chosen": found.chosen,
        "regret": loss - min(loss, *runs.own_log_losses(found)),
        "teacher_log_loss": None if teacher is None else teacher.log_loss,
    }


def _student(
    student: Predictor,
    problem: Problem,
    found: Distillation,
    seconds: float,
    facts: dict[str, Any],
) -> Measured:
    table = problem.test.table
    return Measured(
        test=student.predict_proba(table),
        n_bytes=runs.n_bytes(student),
        row_us=student_latency(student, table).row_us,
        seconds=seconds,
        models=found.counts["models_trained"],
        teacher_fits=found.counts["teacher_fits"],
        facts=facts,
    )


@cache
def warm_up() -> float:
    """Load or compile every kernel, and run once on other data: no run pays for imports.

    Returns
    -------
    float
        CPU seconds of the kernels, once per process.
    """
    from hpmkd.kernels import warming

    start = time.process_time()
    for _, compile_all in warming.steps():
        compile_all()
    seconds = time.process_time() - start
    X, y = load_wine(return_X_y=True)
    hpmkd.distill(X, y, settings=runs.FIRST_RUN)
    return seconds
