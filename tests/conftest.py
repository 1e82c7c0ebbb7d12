"""Small data and stand-ins that several test files share."""

from __future__ import annotations

import os

# Before NumPy is imported: a pool of threads would fight over two cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Where it is by default: matplotlib would look for all fonts anew in each cache folder of a test.
os.environ.setdefault(
    "MPLCONFIGDIR",
    os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "matplotlib"),
)

import signal
import subprocess
import sys
from collections import Counter
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from sklearn.datasets import load_breast_cancer, load_wine

from hpmkd.errors import KernelsError
from hpmkd.kernels import packed

NUMBERS = count()

# A busy machine may take its time over an example.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

#: Files and folders of which a test takes seconds: whole runs, processes. The longest first.
SLOW = (
    "tests/resume/test_kills.py",
    "tests/end_to_end",
    "tests/resume",
    "tests/third_party",
    "tests/examples/test_notebooks.py",
    "tests/deepbridge/test_scripts.py",
    "tests/cli",
    "tests/progress",
    "plugins/hpmkd-dask/tests",
    "plugins/hpmkd-runtime/tests/test_distribution.py",
    "tests/faults",
    "tests/embedding",
    "tests/estimator",
    "tests/docs",
    "tests/deepbridge",
    "tests/report",
    "tests/training",
    "tests/runs",
    "tests/search",
    "tests/plugins/executors",
    "tests/plugins/exporters",
    "tests/plugins/stages",
    "tests/plugins/teachers",
    "tests/plugins/memories/test_concurrent_runs.py",
    "tests/plugins/schedulers/test_meta_runs.py",
    "tests/execution/test_process_tree.py",
    "tests/execution/test_sharing.py",
    "tests/knowledge/test_regime.py",
    "tests/student/test_packed_rows.py",
    "tests/student/test_fuzz.py",
    "tests/student/test_student.py",
    "tests/data/test_fingerprint.py",
    "tests/plugins/fusers/test_pool_fuser.py",
    "tests/plugins/fusers/test_attention_fuser.py",
    "tests/evaluation/test_row_details.py",
    "tests/engine/test_row_caps.py",
    "tests/engine/test_search.py",
    "tests/architecture/test_benchmarks.py",
    "plugins/hpmkd-mlflow/tests",
    "plugins/hpmkd-serve/tests",
    "plugins/hpmkd-lightgbm/tests",
)
ROOT = Path(__file__).parents[1]
PLACES = {ROOT / name: place for place, name in enumerate(SLOW)}


def place(path):
    """Place among the slow ones, the longest first; of all others the same one, after them."""
    return min(
        (PLACES[each] for each in (path, *path.parents) if each in PLACES), default=len(SLOW)
    )


def pytest_ignore_collect(collection_path, config):
    """Do not even import what `make test-fast` leaves out."""
    if config.option.markexpr == "not slow" and place(collection_path) < len(SLOW):
        return True
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark what is slow. Of several processes, none is to get a long file as its last one."""
    for item in items:
        if place(item.path) < len(SLOW):
            item.add_marker("slow")
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: place(item.path))


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As shells start what runs in the background; tests of Ctrl-C, and what they start, need it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _own_data_folder(tmp_path_factory):
    """Keep what runs remember apart: that of tests, of each module's fixtures, of each test."""
    folder = tmp_path_factory.getbasetemp() / "user" / str(next(NUMBERS))
    with pytest.MonkeyPatch.context() as patch:
        # For processes that a test starts, then for this one on any system.
        for kind in ("data", "cache"):
            own = folder / kind
            patch.setenv(f"XDG_{kind.upper()}_HOME", str(own))
            patch.setattr(f"platformdirs.user_{kind}_path", lambda *_, own=own, **__: own / "hpmkd")
        yield


@pytest.fixture(scope="session", autouse=True)
def few_timings():
    """Time each model for an instant, not for a third of a second with its pauses.

    Likewise, columns are permuted in few rows.

    Trials still for some milliseconds: how fast they are decides who is fitted for the front.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hpmkd.evaluation.latency.SECONDS_EACH", 0.0)
        patch.setattr("hpmkd.evaluation.latency.SECONDS_QUICK", 0.004)
        patch.setattr("hpmkd.evaluation.permuted_rows.MOST_ROWS", 10)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_process_compiles():
    """Compile in this process, where numba has no kernels yet: output does not depend on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hpmkd.kernels.background.missing_groups", lambda full: [])
        yield


own_data_of_all = pytest.fixture(_own_data_folder, scope="session", autouse=True)
own_data_of_module = pytest.fixture(_own_data_folder, scope="module", autouse=True)
own_data_of_test = pytest.fixture(_own_data_folder, autouse=True)


@pytest.fixture(scope="session")
def wine():
    """178 rows, 13 numbers, three classes."""
    return load_wine(return_X_y=True)


@pytest.fixture(scope="session")
def cancer():
    """569 rows, 30 numbers, two classes."""
    return load_breast_cancer(return_X_y=True)


@pytest.fixture(scope="session")
def people():
    """150 rows of numbers, texts, categories, truth values and holes; the target is a text."""
    rng = np.random.default_rng(7)
    n = 150
    age = rng.normal(40, 12, n).round(1)
    city = rng.choice(["Oslo", "Lima", "Pune"], n)
    member = rng.random(n) < 0.4
    score = age + 15 * member + 10 * (city == "Oslo") + rng.normal(0, 6, n)
    frame = pd.DataFrame(
        {
            "age": age,
            "children": rng.integers(0, 4, n),
            "city": city,
            "size": pd.Categorical(rng.choice(["S", "M", "L"], n), categories=["S", "M", "L"]),
            "member": member,
            "bought": np.where(score > np.median(score), "yes", "no"),
        }
    )
    frame.loc[rng.random(n) < 0.1, "age"] = np.nan
    frame.loc[rng.random(n) < 0.1, "city"] = None
    return frame


@pytest.fixture
def in_fresh_process():
    """Run Python source in a new process and return what it printed."""

    def run(source, *arguments):
        command = [sys.executable, "-c", source, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def choose(monkeypatch):
    """Return a function that chooses kernels again, by the value of ``HPMKD_KERNELS``."""

    def choose(name):
        monkeypatch.setenv(packed.VARIABLE, name)
        packed.backend.cache_clear()

    yield choose
    packed.backend.cache_clear()


@pytest.fixture
def by_numba(choose):
    """Answer by numba, even where C would."""
    choose("numba")


@pytest.fixture(params=packed.BACKENDS)
def by_any(request, choose):
    """Answer by each of the kernels that are there."""
    choose(request.param)
    try:
        packed.backend()
    except KernelsError as error:
        pytest.skip(str(error))
    return request.param


class DictCache:
    """Keeps every array for ever, and counts."""

    def __init__(self):
        self.entries, self.counts = {}, Counter()

    def get_or_compute(self, region, key, compute):
        if (region, key) in self.entries:
            self.counts["hits"] += 1
        else:
            self.counts["misses"] += 1
            array = np.asarray(compute()).view()
            array.flags.writeable = False
            self.entries[region, key] = array
        return self.entries[region, key]

    def get_many(self, region, keys):
        found = [self.entries.get((region, key)) for key in keys]
        missing = sum(each is None for each in found)
        self.counts.update(hits=len(keys) - missing, misses=missing)
        return found

    def put(self, region, key, array):
        array = np.asarray(array).view()
        array.flags.writeable = False
        return self.entries.setdefault((region, key), array)

    def stats(self):
        n_bytes = sum(array.nbytes for array in self.entries.values())
        hits, misses = self.counts["hits"], self.counts["misses"]
        return {"hits": hits, "misses": misses, "bytes": n_bytes, "evictions": 0}


class InProcess:
    """An executor that runs tasks in this process, the last one first if `backwards`."""

    workers, gives_up = 1, False

    def __init__(self, backwards=False):
        self.backwards = backwards

    def run(self, function, shared, tasks, *, timeout=None):
        order = range(len(tasks))
        for at in reversed(order) if self.backwards else order:
            yield at, function(shared, tasks[at])

    def close(self):
        pass


@pytest.fixture
def dict_cache():
    """Return a cache that forgets nothing."""
    return DictCache()


@pytest.fixture
def in_process():
    """Return a class of pipelines that need no plugin."""
    from hpmkd.execution.pipeline import ParallelDistillationPipeline

    class Pipeline(ParallelDistillationPipeline):
        def __init__(self, backwards=False):
            super().__init__(InProcess(backwards))

    return Pipeline


@pytest.fixture(autouse=True, scope="module")
def few_rounds(request):
    """Bound the boosters of whole runs: what a run does is tested there, not how good it is."""
    from hpmkd_defaults.stages.capacity import Capacity

    runs = (
        "end_to_end",
        "deepbridge",
        "estimator",
        "faults",
        "report",
        "cli",
        "search",
        "embedding",
    )
    with pytest.MonkeyPatch.context() as patch:
        if any(f"/tests/{name}/" in request.path.as_posix() for name in runs):
            patch.setattr(Capacity, "n_rounds", 60)
        yield
