"""Kernels that a process beside this one compiles: waited for, done without, or compiled here."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from hpmkd.kernels import background
from hpmkd.kernels.background import Compiler, groups, missing_groups
from hpmkd.student import LinearModel, Schema, Student, fit_encoder

pytestmark = pytest.mark.usefixtures("by_numba")


class Pretended(Compiler):
    """Compiles nothing; its process prints lines that it is given."""

    def __init__(self, groups, source="import time; time.sleep(100)"):
        self.source = source
        super().__init__(groups)

    def _command(self, groups):
        return [sys.executable, "-c", self.source]


@pytest.fixture
def running(monkeypatch):
    """Pretend that some groups are being compiled by a process that runs some source."""
    compilers = []

    def run(groups, source):
        compilers.append(Pretended(groups, source))
        monkeypatch.setattr(background, "_running", (os.getpid(), compilers[-1]))
        return compilers[-1]

    yield run
    for compiler in compilers:
        compiler.stop()


SLEEPS = "import time; time.sleep(100)"


def test_nothing_is_waited_for_by_default():
    for each in groups(full=False):
        assert not background.is_coming(each.name)
        background.wait(each.name)


def test_a_group_is_waited_for_until_it_is_there(running):
    source = "import time; print('rows', flush=True); time.sleep(100)"
    compiler = running(["rows", "tables"], source)
    background.wait("rows")
    assert compiler.waited > 0
    assert not background.is_coming("rows")
    assert background.is_coming("tables")


def test_waiting_ends_when_the_process_dies(running):
    compiler = running(["rows", "tables"], "raise SystemExit(1)")
    background.wait("tables")
    assert not background.is_coming("tables")
    assert compiler.seconds < 60


def test_waiting_ends_when_the_process_is_stopped(running):
    compiler = running(["rows"], SLEEPS)
    threading.Timer(0.1, compiler.stop).start()
    background.wait("rows")
    assert not background.is_coming("rows")


def test_a_forked_process_does_not_wait(running, monkeypatch):
    running(["rows"], SLEEPS)
    pid = os.getpid()
    monkeypatch.setattr("os.getpid", lambda: pid + 1)
    assert not background.is_coming("rows")
    background.wait("rows")


def test_tables_are_answered_with_the_same_bits_meanwhile(running, monkeypatch):
    rows = [{"age": 31.5, "job": "clerk"}, {"age": 45.0, "job": "nurse"}] * 20
    encoder = fit_encoder("linear", Schema.fit(rows), rows)
    student = Student(encoder, LinearModel([[1.0], [0.5], [0.1]], [0.25]), ["no", "yes"])
    expected = student.predict_proba(rows)
    running(["tables"], SLEEPS)
    monkeypatch.setattr("hpmkd.student.packed.rows.answer_table", pytest.fail)
    assert student.predict_proba(rows).tobytes() == expected.tobytes()


def test_nothing_is_started_where_all_is_there(monkeypatch):
    monkeypatch.setattr(background, "missing_groups", lambda full: [])
    monkeypatch.setattr(background, "Compiler", pytest.fail)
    background.start(pytest.fail, full=True).close()


def test_nor_in_a_worker(monkeypatch):
    monkeypatch.setattr("multiprocessing.parent_process", lambda: True)
    monkeypatch.setattr(background, "Compiler", pytest.fail)
    background.start(pytest.fail, full=True).close()


@pytest.mark.parametrize("full", [False, True])
def test_what_numba_has_is_not_missing(full):
    """Each group leaves the file by which it is found, under the name that numba gives it."""
    for group in groups(full=full):
        background.compile_group(group.name)
    assert missing_groups(full) == []


def test_a_run_is_told_of_it(monkeypatch):
    missing = groups(full=False)
    names = [each.name for each in missing]
    monkeypatch.setattr(background, "missing_groups", lambda full: [*missing])
    monkeypatch.setattr(background, "Compiler", Pretended)
    notes = []
    with background.start(notes.append, full=False):
        assert all(map(background.is_coming, names))
        assert background.start(notes.append, full=False).close() is None  # another run meanwhile
        assert all(map(background.is_coming, names))
    assert not any(map(background.is_coming, names))
    assert len(notes) == 2
    n = sum(len(group.kernels) for group in missing)
    assert notes[0].startswith(f"compiling {n} kernels, once, in a process beside the run")
    assert notes[1].endswith("the run waited 0.0 s for them")


def test_it_fills_the_folder_of_numba(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    compiler = Compiler(["loops"])
    compiler.wait("loops")
    compiler.stop()
    assert list(tmp_path.rglob("_jit.attention_fuse-*.nbi"))
