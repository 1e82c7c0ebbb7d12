"""How long a new process takes to its first answer, and a student to be loaded."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.predict.models import Models

FIRST = """
import json, sys, time
from hpmkd.student import Student
row = json.loads(sys.argv[2])
started = time.perf_counter()
student = Student.load(sys.argv[1])
loaded = time.perf_counter()
student.predict_one(row)
heavy = [name for name in ("xgboost", "sklearn", "pandas") if name in sys.modules]
print(json.dumps([loaded - started, heavy]))
"""


def first_answers(models: Models, repeats: int) -> dict[str, float]:
    """Return seconds, wall and CPU, from process start to first answer, and to load a file.

    "warm" is with numba's cache as an earlier process left it, "cold" with an empty one.
    """
    row = {
        name: (None if cell != cell else cell)
        for name, cell in models.raw.astype(object).iloc[0].to_dict().items()
    }
    with tempfile.TemporaryDirectory() as folder:
        path = models.student(raw=True).save(Path(folder) / "student.hpmkd")
        command = [sys.executable, "-c", FIRST, str(path), json.dumps(row)]
        cache = {"NUMBA_CACHE_DIR": str(Path(folder) / "kernels")}
        cold = _run(command, cache)
        warm = [_run(command, cache) for _ in range(repeats)]
    return {
        "cold": cold[0],
        "cold, CPU": cold[1],
        "warm": statistics.median(run[0] for run in warm),
        "warm, CPU": statistics.median(run[1] for run in warm),
        "load": statistics.median(run[2] for run in warm),
    }


def _run(command: list[str], cache: dict[str, str]) -> tuple[float, float, float]:
    """Return wall and CPU seconds of a process, and how long the student took to load."""
    import resource
    import time

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    run = subprocess.run(
        command, env={**os.environ, **cache}, capture_output=True, text=True, check=True
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    load, heavy = json.loads(run.stdout)
    assert heavy == [], heavy
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, load
