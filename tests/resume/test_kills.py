"""A run that is killed at any moment and resumed ends as one that was not stopped."""

import json
import random
import time
from pathlib import Path

import pytest

from hpmkd.execution.journal import JournalFile
from hpmkd.runs.checkpoint_folder import recover, state_of
from hpmkd.user_key import user_key

#: How many fits a piece of work takes here: one selection split, three folds of a cross-fit.
FITS = {"fold": 1, "trial": 1, "student": 1, "answers": 3, "remembered": 0, "outcomes": 0}


def kept(folder):
    """How many fits the journal of a run answers for."""
    journal = JournalFile(folder / "journal", user_key())
    names = [name.partition(" ")[0] for name in journal]
    journal.close()
    return sum(FITS[name] for name in names)


def children(pid):
    """The processes that a process has started, and theirs."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(path.parent.name)] = int(fields[1])
    own = {pid}
    while more := {each for each, parent in parents.items() if parent in own} - own:
        own |= more
    return own - {pid}


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Chain:
    """One run, killed again and again."""

    def __init__(self, runs, rng, folder, workers=1):
        self.runs, self.rng, self.workers = runs, rng, workers
        self.folder, self.waste, self.kills = folder, 0, 0
        self.before, self.lines = runs.ended, len(runs.lines)
        self.orphans = set()

    def start(self):
        recover(self.folder)
        where = "--resume" if self.folder.exists() else "--out"
        more = ["--workers", self.workers] if self.workers > 1 else []
        return self.runs.start(where, self.folder, *more)

    def kill(self, lines):
        """Kill the process when it has left so many lines; False if it ended before."""
        process = self.start()
        with process:
            self.runs.await_lines(process, len(self.runs.lines) + lines)
            time.sleep(self.rng.uniform(0, 0.05))
            if process.poll() is not None:
                _, err = process.communicate()
                assert process.returncode == 0, err
                return False
            self.orphans |= children(process.pid)
            process.kill()
        self.kills += 1
        self.rest()
        if state_of(self.folder).resumable:
            # What was lost is at most what was under way.
            waste = self.runs.ended - self.before - kept(self.folder)
            assert 0 <= waste - self.waste <= max(FITS.values()) * self.workers
            self.waste = waste
        return True

    def rest(self):
        """Wait until the workers of a killed process have ended, as they do by themselves."""
        late = time.monotonic() + 30
        while any(map(alive, self.orphans)):
            assert time.monotonic() < late, "a worker outlives the run"
            time.sleep(0.01)

    def finish(self):
        """Go on to the end, without a kill."""
        done = self.runs.call("--resume", self.folder, *(("--workers", 2) * (self.workers > 1)))
        assert done.code == 0, done.err


def check(chain, whole, content_of):
    assert content_of(chain.folder) == content_of(whole.folder)
    # Nothing that was finished was done again.
    assert chain.runs.ended - chain.before == whole.ended + chain.waste
    assert sorted(each.name for each in chain.folder.parent.iterdir() if each.is_dir()) == sorted(
        {each.name for each in chain.folder.parent.glob("run-*")}
    )


#: Kills at any moment; with those below more than ten in all.
MOST = 7


def test_kills_change_nothing_and_nothing_finished_is_repeated(runs, whole, content_of):
    rng, kills, number = random.Random(5), 0, 0
    while kills < MOST:
        chain = Chain(runs, rng, runs.folder / f"run-{number}")
        going = True
        while going and kills + chain.kills < MOST:
            left = len(whole.lines) - (len(runs.lines) - chain.lines)
            going = chain.kill(rng.randint(0, max(1, left // 2)))
        if not chain.folder.joinpath("run.json").exists():
            chain.finish()
        check(chain, whole, content_of)
        kills, number = kills + chain.kills, number + 1


def test_kills_late_in_a_run(runs, whole, content_of):
    """While it measures, and while it writes its folder."""
    chain = Chain(runs, random.Random(6), runs.folder / "run-late")
    assert chain.kill(len(whole.lines) - 1)
    for _ in range(3):
        chain.kill(1)
    if not chain.folder.joinpath("run.json").exists():
        chain.finish()
    check(chain, whole, content_of)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for workers in /proc")
def test_workers_of_a_killed_run_end_by_themselves(runs, whole, content_of):
    chain = Chain(runs, random.Random(7), runs.folder / "run-two", workers=2)
    for lines in (2, 12):
        assert chain.kill(lines)
    assert chain.orphans
    chain.finish()
    check(chain, whole, content_of)
    counts = json.loads((chain.folder / "counts.json").read_text())
    assert counts["resumed"] > 0
