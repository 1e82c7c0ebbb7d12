"""Runs of the command line whose every fit leaves a line in a file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from sklearn.datasets import load_wine

#: A plugin, and a teacher, that say when a fit begins and when it has ended.
WITNESS = """
import hashlib, os, time

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from hpmkd import Offer, hookimpl
from hpmkd_defaults.stages.tree import TreeStage


def tell(text):
    log = os.open(os.environ["WITNESS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, f"{text}\\n".encode())
    os.close(log)


def fit(what, call):
    tell(f"begin {what}")
    time.sleep(float(os.environ["WITNESS_SECONDS"]))
    done = call()
    tell(f"end {what}")
    return done


class Teacher(DecisionTreeClassifier):
    def fit(self, X, y):
        return fit("teacher", lambda: super(Teacher, self).fit(X, y))


class WitnessedStage(TreeStage):
    def fit(self, inputs):
        return fit("stage", lambda: super(WitnessedStage, self).fit(inputs))


@hookimpl
def hpmkd_stages():
    return [Offer("witnessed", WitnessedStage, "a tree that says when it is fitted")]
"""

RECIPE = """
name = "small"
[augmenter]
name = "none"
[cache]
disk = false
[memory]
name = "none"
[search.alphas]
self = [0.0, 0.5]
[sampler]
trials = 2
[stages.first]
name = "witnessed"
[stages.second]
name = "witnessed"
[[chain]]
stage = "first"
[[chain]]
stage = "second"
transfer = "assistant"
[split]
folds = 3
once_above = 1
[front]
size = 0
[pipeline]
start_seconds = 0
"""

#: What differs from run to run, because it was measured.
TIMED = {"made", "row_us", "batch_us", "speedup", "seconds", "worker", "on_front"}


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A folder with the plugin, the recipe and the data."""
    folder = tmp_path_factory.mktemp("witness")
    folder.joinpath("witness.py").write_text(textwrap.dedent(WITNESS))
    folder.joinpath("small.toml").write_text(RECIPE)
    known = folder / "witness-1.0.dist-info"
    known.mkdir()
    known.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: witness\nVersion: 1.0\n")
    known.joinpath("entry_points.txt").write_text("[hpmkd]\nwitness = witness\n")
    frame = load_wine(as_frame=True)
    frame.frame.to_csv(folder / "wine.csv", index=False)
    return folder


class Runs:
    """Starts runs of which `log` gets a line at the beginning and the end of every fit."""

    def __init__(self, place, folder, seconds=0.02):
        self.place, self.folder, self.log = place, folder, folder / "log"
        self.log.touch()
        self.env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(place), *filter(None, sys.path)]),
            "WITNESS": str(self.log),
            "WITNESS_SECONDS": str(seconds),
        }

    def arguments(self, *more, teacher="witness:Teacher"):
        return [
            *(sys.executable, "-m", "hpmkd", "distill", str(self.place / "wine.csv")),
            *("--target", "target", "--teacher", teacher, "--quiet"),
            *("--recipe", str(self.place / "small.toml"), *map(str, more)),
        ]

    def start(self, *more, **options):
        return subprocess.Popen(
            self.arguments(*more, **options),
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A background job ignores the signal, and its children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def call(self, *more, **options):
        process = self.start(*more, **options)
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in err, err
        return SimpleNamespace(code=process.returncode, out=out, err=err)

    @property
    def lines(self):
        return self.log.read_text().splitlines()

    @property
    def ended(self):
        """How many fits have ended."""
        return sum(line.startswith("end") for line in self.lines)

    def await_lines(self, process, n, seconds=60):
        """Wait until there are so many lines, or the process has ended."""
        late = time.monotonic() + seconds
        while process.poll() is None and len(self.lines) < n:
            assert time.monotonic() < late, "the run stands still"
            time.sleep(0.002)


@pytest.fixture
def runs(place, tmp_path):
    return Runs(place, tmp_path)


def content(folder):
    """All of a run folder that data, recipe and seed decide."""
    folder = Path(folder)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.hpmkd")}
    for name in ("leaderboard", "trials", "run", "verdict", "knowledge", "evidence", "front"):
        files[name] = _without(TIMED, json.loads((folder / f"{name}.json").read_text()))
    counts = json.loads((folder / "counts.json").read_text())
    files["counts"] = {name: counts[name] for name in ("models_trained", "teacher_fits")}
    assert not (folder / "journal").exists()
    assert not (folder / "best.hpmkd").exists()
    return files


def _without(names, value):
    if isinstance(value, dict):
        return {name: _without(names, each) for name, each in value.items() if name not in names}
    return [_without(names, each) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="session")
def whole(place, tmp_path_factory):
    """The result of a run that was not stopped, and how many lines it leaves."""
    runs = Runs(place, tmp_path_factory.mktemp("whole"))
    done = runs.call("--out", "run")
    assert done.code == 0, done.err
    folder = runs.folder / "run"
    return SimpleNamespace(
        content=content(folder), folder=folder, lines=runs.lines, ended=runs.ended
    )


@pytest.fixture
def content_of():
    return content
