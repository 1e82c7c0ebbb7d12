"""Every count of a run: models, teacher calls, cache hits, seconds, memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hpmkd.execution.cache_counts import RegionCounts, by_region

#: What students are trained for. In the searches: on a share of the rows; on all of them with the
#: teacher, or on hard labels alone. Then the links of a chain with all that they build on; what is
#: fitted on all training rows; an ensemble that is distilled; what is requested afterwards.
SAMPLE, TUNING, CONTROLS = "sample", "tuning", "controls"
LINKS, REFITS, COLLAPSE, FURTHER = "links", "refits", "collapse", "further"


@dataclass
class WorkerTime:
    """The work of one worker: trials, and their seconds."""

    trials: int = 0
    seconds: float = 0.0


@dataclass
class Effort:
    """What one purpose took.

    Parameters
    ----------
    configurations : int
        Different configurations, hyperparameters apart: stage, temperature, alpha, weight of rows
        without labels, and the stage that it builds on.
    trials : int
        Trials of them, each with hyperparameters of its own.
    models : int
        Students that were fitted: one per selection split of a trial, with those that they build
        on.
    """

    configurations: int = 0
    trials: int = 0
    models: int = 0


@dataclass
class Counts:
    """Filled while a run continues.

    Parameters
    ----------
    models_trained : int
        Fits of a student on any rows.
    teacher_fits : int
        Fits of a teacher, one per fold.
    teacher_calls : int
        Calls of a teacher's ``predict_proba``, apart from those that measure its speed.
    seconds : dict
        Wall time by phase.
    cache : dict
        The cache's own counts, of this run alone (see :meth:`count_cache`).
    workers : dict
        By worker, how many trials it evaluated and for how long (see :meth:`count_trial`).
    worker_peaks : list of float
        Peak memory in MB of each worker process. What processes share counts in each of them, so
        the sum with that of this process is never less than what there was.
    """

    models_trained: int = 0
    teacher_fits: int = 0
    teacher_calls: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    cache: dict[str, int] = field(default_factory=dict)
    workers: dict[str | None, WorkerTime] = field(default_factory=dict)
    worker_peaks: list[float] = field(default_factory=list)
    #: By purpose, in the order of their first models, what it took (see :meth:`purpose`).
    efforts: dict[str, Effort] = field(default_factory=dict)
    _purpose: str = FURTHER
    _configurations: set[object] = field(default_factory=set)

    @contextlib.contextmanager
    def purpose(self, name: str) -> Iterator[None]:
        """Count what is trained inside as trained for this."""
        before, self._purpose = self._purpose, name
        try:
            yield
        finally:
            self._purpose = before

    def count_models(self, n: int) -> None:
        """Add students that were fitted."""
        self.models_trained += n
        self._effort.models += n

    @property
    def _effort(self) -> Effort:
        return self.efforts.setdefault(self._purpose, Effort())

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time spent inside to a phase; what the one before freed is given back first."""
        start = time.perf_counter()
        trim_memory()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + spent

    def count_cache(self, before: Mapping[str, int], after: Mapping[str, int]) -> None:
        """Take the cache's counts of this run: it may have served others before.

        What it holds (``bytes``) is no sum over time, but as it is in the end.
        """
        self.cache = {
            name: count if name.endswith("bytes") else count - before.get(name, 0)
            for name, count in after.items()
        }

    def count_peaks(self, peaks: Mapping[str, float]) -> None:
        """Take the peak memory of processes, by node and number, other than this one."""
        own = f"{platform.node()}:{os.getpid()}"
        self.worker_peaks = [peak for process, peak in peaks.items() if process != own]

    def count_trial(self, worker: str | None, seconds: float, configuration: object = None) -> None:
        """Add a trial, and the time that it took, to its worker.

        `configuration` identifies what was tried, hyperparameters apart.
        """
        self._effort.trials += 1
        tried = (self._purpose, configuration)
        if tried not in self._configurations:
            self._configurations.add(tried)
            self._effort.configurations += 1
        worked = self.workers.setdefault(worker, WorkerTime())
        worked.trials += 1
        worked.seconds += seconds

    @property
    def trials(self) -> int:
        """Trials counted so far."""
        return sum(each.trials for each in self.workers.values())

    def to_mapping(self) -> dict[str, Any]:
        """Return the content of ``counts.json``."""
        hits, misses = self.cache.get("hits", 0), self.cache.get("misses", 0)
        regions = by_region(self.cache)
        seconds = {name: round(spent, 3) for name, spent in self.seconds.items()}
        return {
            "models_trained": self.models_trained,
            "trained_for": {purpose: asdict(each) for purpose, each in self.efforts.items()},
            "teacher_fits": self.teacher_fits,
            "teacher_calls": self.teacher_calls,
            "cache_hits": hits,
            "cache_misses": misses,
            "cache_bytes": self.cache.get("bytes", 0),
            "cache_evictions": self.cache.get("evictions", 0),
            "cache_disk_hits": self.cache.get("disk_hits", 0),
            "cache_rate": RegionCounts(hits, misses).to_mapping()["rate"],
            "cache_regions": {name: each.to_mapping() for name, each in regions.items()},
            # In the order of their first trials; which process it was means nothing.
            "workers": [
                {"trials": each.trials, "seconds": round(each.seconds, 3)}
                for each in self.workers.values()
            ],
            "seconds": {**seconds, "total": round(sum(self.seconds.values()), 3)},
            "peak_mb": round(peak_mb() + sum(self.worker_peaks), 1),
            "worker_peaks_mb": [round(each, 1) for each in self.worker_peaks],
        }


def peak_mb() -> float:
    """Return the peak resident memory of this process since it started, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def trim_memory() -> None:
    """Return memory that was freed to the system; only glibc keeps much of it, and can do so."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
