"""Timed work: whole searches, and the executor beside joblib's."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest.mock import patch

import numpy as np
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import hpmkd
from benchmarks.common.datasets import load
from benchmarks.common.timing import clocked
from hpmkd.evaluation import latency
from hpmkd.execution.jobs import perform
from hpmkd.student.encoders.sklearn import TableEncoder
from hpmkd.testing import tasks as light
from hpmkd_defaults.executors.loky import LokyExecutor
from hpmkd_defaults.executors.serial import SerialExecutor

SETTINGS = {
    "memory": "none",
    "cache": "memory",
    "augmenter": "none",
    "chain": [],
    "front.size": 0,
    "budget.models": 0,
    "search.stop.window": 0,
    "pipeline.start_seconds": 0.0,  # processes from the first task on
}
EMPTY = 300


@dataclass(frozen=True)
class Case:
    """The input of a search: a data set, how many of its rows, and draws per stage."""

    name: str
    rows: int
    trials: int


@dataclass(frozen=True)
class Timed:
    """Medians over the rounds of one executor at one number of workers."""

    start: float
    wall: float
    busy: float
    empty: float
    sent: int
    digest: str


def rows_of(case: Case):
    """Return some rows of a data set and their labels."""
    table, labels = load(case.name)
    at = np.random.default_rng(0).permutation(len(table))[: case.rows]
    return table.iloc[at].reset_index(drop=True), labels[at]


def distilled(case: Case, workers: int, batch: int):
    """Run ``hpmkd.distill``; processes are started for the teacher, as in any run."""
    table, labels = rows_of(case)
    teacher = make_pipeline(TableEncoder(kind="linear"), LogisticRegression(max_iter=200))
    settings = {**SETTINGS, "sampler.trials": case.trials, "search.batch": batch}
    # How fast students are is not measured here.
    with patch.object(latency, "SECONDS_EACH", 0.0):
        return hpmkd.distill(table, labels, teacher=teacher, settings=settings, workers=workers)


@dataclass(frozen=True)
class Searched:
    """The cost of one run of ``hpmkd.distill``, and what it found."""

    seconds: float
    run: float
    busy: float
    trials: int
    best: float
    digest: str


def searched(case: Case, workers: int, batch: int) -> Searched:
    """Run ``hpmkd.distill`` and time its search."""
    run, found = clocked(lambda: distilled(case, workers, batch))
    own = [each.row_losses.tobytes() for each in found.trials]
    own += [each.to_bytes() for each in found.students.values()]
    return Searched(
        seconds=found.counts["seconds"]["search"],
        run=run,
        busy=sum(each.seconds for each in found.trials),
        trials=len(found.trials),
        best=min(each.log_loss for each in found.trials if each.failure is None),
        digest=digest(own),
    )


def recorded(case: Case):
    """Return what the trials of a search share, and their tasks, longest first."""
    batches = []
    run = SerialExecutor.run

    def noting(self, function, shared, tasks, **options):
        for index, done in run(self, function, shared, tasks, **options):
            if tasks[index][0].__name__ == "evaluate":
                batches.append((shared, done.seconds, tasks[index]))
            yield index, done

    with patch.object(SerialExecutor, "run", noting):
        distilled(case, 1, 4)
    shared = batches[0][0]
    own = [(seconds, task) for each, seconds, task in batches if each is shared]
    return shared, [task for _, task in sorted(own, key=lambda timed: -timed[0])]


def with_hpmkd(workers: int, shared, tasks, rounds: int) -> Timed:
    """Time the executor."""
    executor = LokyExecutor(workers=workers)

    def work(function, given, tasks):
        return dict(executor.run(function, given, tasks))

    try:
        return timed(work, workers, shared, tasks, rounds)
    finally:
        executor.close()


def with_joblib(workers: int, shared, tasks, rounds: int) -> Timed:
    """Time plain Parallel on the same tasks."""
    with Parallel(n_jobs=workers) as parallel:

        def work(function, given, tasks):
            return dict(enumerate(parallel(delayed(function)(given, each) for each in tasks)))

        return timed(work, workers, shared, tasks, rounds)


def timed(work, workers: int, shared, tasks, rounds: int) -> Timed:
    """Time what does tasks: its start, its first round (bytes), then medians of rounds."""
    start, _ = clocked(lambda: work(light.add, 0.0, [0.0] * workers))
    before = written()
    _, done = clocked(lambda: work(perform, shared, tasks))
    sent = written() - before
    walls, busy, empty = [], [], []
    for _ in range(rounds):
        wall, done = clocked(lambda: work(perform, shared, tasks))
        walls.append(wall)
        busy.append(sum(each.seconds for each in done.values()))
        empty.append(clocked(lambda: work(light.nothing, shared, range(EMPTY)))[0] / EMPTY)
    own = [done[at].result.row_losses.tobytes() for at in range(len(tasks))]
    return Timed(start, median(walls), median(busy), median(empty), sent, digest(own))


def written() -> int:
    """Return how many bytes this process has written so far, to files and pipes alike."""
    lines = Path("/proc/self/io").read_text("ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


def digest(parts) -> str:
    """Return a digest of bytes."""
    return hashlib.sha256(pickle.dumps(parts)).hexdigest()[:12]
