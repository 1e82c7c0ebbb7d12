"""One run of the benchmark ``scale``, in a process of its own: prints one line of JSON at its end.

python -m benchmarks.scale.one_run classification 100000 2
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import sys
import threading
import time
from pathlib import Path

import numpy as np

import hpmkd
from hpmkd.evaluation.verdict import HARD, STUDENT

#: Standard deviations of the noise on numbers, and share of categories that are redrawn.
NOISE = 0.05
COLUMNS = 30
#: Imports of the calling process of any run of the default recipe.
LIBRARIES = (
    *("pandas", "scipy.optimize", "scipy.stats", "xgboost", "numba", "optuna", "hpmkd_defaults"),
    *("sklearn.ensemble", "sklearn.linear_model", "sklearn.neighbors", "sklearn.neural_network"),
)
#: Seconds between two looks at the memory of all processes.
PAUSE = 0.25


def classification(n: int):
    """Return n rows of 30 numbers and their labels, of which a twentieth are wrong."""
    from sklearn.datasets import make_classification

    return make_classification(
        n,
        COLUMNS,
        n_informative=12,
        n_redundant=6,
        n_clusters_per_class=4,
        class_sep=0.8,
        flip_y=0.05,
        random_state=0,
    )


def resampled(name: str, n: int):
    """Return n rows drawn from a real data set, with noise, and their labels."""
    from benchmarks.common.datasets import load

    table, labels = load(name)
    rng = np.random.default_rng(0)
    at = rng.integers(0, len(table), n)
    drawn = table.iloc[at].reset_index(drop=True)
    for column in drawn.columns:
        cells = drawn[column]
        if cells.dtype.kind == "f":
            drawn[column] = cells + rng.normal(0, NOISE * cells.std(), n)
        else:
            changed = rng.random(n) < NOISE
            others = table[column].to_numpy()[rng.integers(0, len(table), n)]
            drawn[column] = cells.where(~changed, others)
    return drawn, labels[at]


def read(name: str, n: int):
    """Return a data set by name."""
    return classification(n) if name == "classification" else resampled(name, n)


def status(pid: str, key: str) -> float:
    """Return a line of a process's status in MB; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith(key)), 0.0)


def shared_out(pid: str) -> float:
    """Return a process's memory in MB, shared pages divided by the processes that share them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("Pss:")), 0.0)


def descendants(pid: str) -> list[str]:
    """Return the numbers of all processes under one."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [each for child in children for each in (child, *descendants(child))]


class Memory(threading.Thread):
    """Looks at the memory of this process and those under it until it is stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.workers: dict[str, float] = {}
        self.together = 0.0

    def run(self) -> None:
        """Look every quarter of a second."""
        while not self.over.wait(PAUSE):
            below = descendants(str(os.getpid()))
            for pid in below:
                self.workers[pid] = max(self.workers.get(pid, 0.0), status(pid, "VmHWM"))
            shares = sum(map(shared_out, (str(os.getpid()), *below)))
            self.together = max(self.together, shares)


class Watch:
    """Notes when phases begin, their peak memory, and which caps bind."""

    def __init__(self) -> None:
        self.phase, self.since = "start", time.perf_counter()
        self.seconds: dict[str, float] = {}
        self.peaks: dict[str, float] = {}
        self.notes: list[str] = []

    def turn(self, phase: str) -> None:
        """End a phase and begin another."""
        now, peak = time.perf_counter(), status("self", "VmHWM")
        self.seconds[self.phase] = self.seconds.get(self.phase, 0.0) + now - self.since
        self.peaks[self.phase] = max(self.peaks.get(self.phase, 0.0), peak)
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak
        self.phase, self.since = phase, now

    @hpmkd.hookimpl
    def hpmkd_phase_advanced(self, phase, done, total):
        """Turn to a new phase; print the progress."""
        if phase != self.phase:
            self.turn(phase)
        print(f"{phase} {done}/{total}", file=sys.stderr, flush=True)

    @hpmkd.hookimpl
    def hpmkd_noted(self, note):
        """Add a note of the run."""
        self.notes.append(note)
        print(note, file=sys.stderr, flush=True)


def n_bytes(table) -> int:
    """Return the bytes of a table as it is handed in."""
    if hasattr(table, "memory_usage"):
        return int(table.memory_usage(index=False, deep=True).sum())
    return int(table.nbytes)


def imported() -> tuple[float, float]:
    """Import what a run needs; return all memory of this process, and what of it is files."""
    for module in LIBRARIES:
        importlib.import_module(module)
    return status("self", "VmRSS"), status("self", "RssFile")


def cpu_seconds() -> float:
    """Return the processor time of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main(name: str, n: int, workers: int, settings: dict) -> None:
    """Run, and print its cost."""
    libraries, files = imported()
    table, labels = read(name, n)
    gc.collect()
    watch, memory = Watch(), Memory()
    Path("/proc/self/clear_refs").write_text("5")
    memory.start()
    start = time.perf_counter()
    found = hpmkd.distill(
        table,
        labels,
        settings={"memory": "none", "cache.disk": False, **settings},
        workers=workers,
        observers=[watch],
    )
    seconds = time.perf_counter() - start
    watch.turn("end")
    memory.over.set()
    memory.join()
    losses = {f"{each.role} {each.name}": each.log_loss for each in found.records}
    arms = {each.name: each.log_loss for each in found.verdict.arms}
    line = {
        "data": name,
        "n": n,
        "workers": workers,
        "settings": settings,
        "data_mb": n_bytes(table) / 1e6,
        "seconds": seconds,
        "phases": watch.seconds,
        "peaks": watch.peaks,
        "libraries_mb": libraries,
        "files_mb": files,
        "own_mb": max(watch.peaks.values()),
        "worker_mb": sorted(memory.workers.values(), reverse=True)[:workers],
        "together_mb": memory.together,
        "reported_mb": found.counts["peak_mb"],
        "cpu_seconds": cpu_seconds(),
        "teacher": losses.get("teacher teacher"),
        "student": arms[STUDENT],
        "control": arms[HARD],
        "chosen": found.chosen,
        "models": found.counts["models_trained"],
        "notes": watch.notes,
    }
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads((sys.argv[4:] or ["{}"])[0]))
