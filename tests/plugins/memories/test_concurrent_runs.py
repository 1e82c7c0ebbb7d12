"""Several processes write one store at once: each counts, and none sees half of another's."""

from __future__ import annotations

import subprocess
import sys

from hpmkd_defaults.memories.folder import store_path, stores_set_aside
from hpmkd_defaults.memories.store import RecordStore

PROCESSES, RUNS, TRIED = 4, 15, 12
WRITER = f"""
import sys, warnings
from hpmkd.values import Configuration, DataFacts, Outcome
from hpmkd_defaults.memories.sqlite import SharedOptimizationMemory

warnings.simplefilter("error")
warnings.filterwarnings("ignore", "the memory cannot read .* a new one begun")
folder, number = sys.argv[1], int(sys.argv[2])
sys.stdin.readline()
for run in range({RUNS}):
    # All of them also learn on one data set that they share.
    for digest in (f"{{number:032x}}{{run:032x}}", "f" * 64):
        facts = DataFacts(1000 + number, 5, 2, digest=digest)
        told = [
            Outcome(facts, Configuration("tree", 1.0, 0.5, {{"depth": at}}), 0.1 * at, at / 12)
            for at in range({TRIED})
        ]
        memory = SharedOptimizationMemory(folder=folder, shipped=False)
        for others in (memory.outcomes(facts), memory.outcomes(DataFacts(9, 9, 2, digest="x"))):
            counts = {{}}
            for each in others:
                counts[each.facts.digest] = counts.get(each.facts.digest, 0) + 1
            assert set(counts.values()) <= {{{TRIED}}}, counts
        memory.remember(facts, told)
"""


def start(folder, number):
    command = [sys.executable, "-c", WRITER, str(folder), str(number)]
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **pipes)


def run_together(folder):
    """Start all, then let them go."""
    writers = [start(folder, number) for number in range(PROCESSES)]
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    printed = [writer.communicate(timeout=300)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * PROCESSES, printed


def check(folder):
    path = store_path(str(folder))
    known = {each.digest: each for each in RecordStore(path).read()}
    expected = {
        f"{number:032x}{run:032x}" for number in range(PROCESSES) for run in range(RUNS)
    } | {"f" * 64}
    assert set(known) == expected
    for each in known.values():
        assert [tried.hyperparameters["depth"] for tried in each.outcomes] == list(range(TRIED))


def test_nothing_is_lost(tmp_path):
    folder = tmp_path / "kept"
    run_together(folder)
    check(folder)
    assert stores_set_aside(store_path(str(folder))) == []


def test_they_set_a_damaged_store_aside_once_and_lose_nothing(tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    path = store_path(str(folder))
    path.write_text("no database\n" * 100)
    run_together(folder)
    check(folder)
    (aside,) = stores_set_aside(path)
    assert aside.read_text().startswith("no database")


def test_a_killed_process_leaves_whole_data_sets(tmp_path):
    folder = tmp_path / "kept"
    store = RecordStore(store_path(str(folder)))
    for number in range(3):
        writer = start(folder, number)
        writer.stdin.write("go\n")
        writer.stdin.flush()
        # Somewhere in the middle, wherever that is.
        while writer.poll() is None and f"{number:032x}{1:032x}" not in digests(store):
            pass
        writer.kill()
        writer.communicate()
    for each in store.read():
        assert [tried.hyperparameters["depth"] for tried in each.outcomes] == list(range(TRIED))
    assert stores_set_aside(store.path) == []


def digests(store):
    return {each.digest for each in store.read()}
