"""The time of a new process to its first answers, and that of loading a student."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.predict.models import Models

FIRST = """
import time
started = time.process_time()
import hpmkd, json, sys
rows = json.loads(sys.argv[2])
from hpmkd import Student
before = time.process_time()
student = Student.load(sys.argv[1])
loaded = time.process_time()
student.predict_one(rows[0])
student.predict_proba(rows)
answered = time.process_time()
heavy = [name for name in ("xgboost", "sklearn", "pandas") if name in sys.modules]
print(json.dumps([loaded - before, answered - started, heavy]))
"""
SMALL = 20  # rows of a table


class Start(NamedTuple):
    """Seconds of a process that answers for a row and a small table."""

    wall: float
    cpu: float
    load: float  # CPU time of reading the file
    inside: float  # CPU time from import hpmkd to the last answer


def first_answers(models: Models, repeats: int) -> dict[str, Start]:
    """Return the median process by C, by numba with its cache warm, and one with an empty cache.

    The first two take turns.
    """
    raw = models.raw.head(SMALL).astype(object)
    rows = raw.where(raw.notna(), None).to_dict("records")
    with tempfile.TemporaryDirectory() as folder:
        path = models.student(raw=True).save(Path(folder) / "student.hpmkd")
        command = [sys.executable, "-c", FIRST, str(path), json.dumps(rows)]
        by_c = {"HPMKD_KERNELS": "c"}
        by_numba = {"HPMKD_KERNELS": "numba", "NUMBA_CACHE_DIR": str(Path(folder) / "kernels")}
        cold = _run(command, by_numba)
        warm = [(_run(command, by_c), _run(command, by_numba)) for _ in range(repeats)]
    c, numba = (_median(runs) for runs in zip(*warm, strict=True))
    return {"C": c, "numba, its cache warm": numba, "numba, no cache: compiling": cold}


def _median(runs: tuple[Start, ...]) -> Start:
    return Start(*map(statistics.median, zip(*runs, strict=True)))


def _run(command: list[str], settings: dict[str, str]) -> Start:
    import resource
    import time

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    run = subprocess.run(
        command, env={**os.environ, **settings}, capture_output=True, text=True, check=True
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    load, inside, heavy = json.loads(run.stdout)
    assert heavy == [], heavy
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Start(wall, cpu, load, inside)
