"""Where a run is, from the events of observers."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import hpmkd
from hpmkd.progress.base import best_text, clock, memory_text, work_text
from hpmkd.progress.memory_usage import MemoryUsage, tree_mb
from hpmkd.progress.state import JOB_OF_A_STEP, LABELS, ProgressState
from hpmkd.values import Configuration, Trial


class Hand:
    """A clock that is set by hand."""

    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def state(hand):
    return ProgressState(hand)


def trial(number, loss, *, share=1.0, failure=None, worse_by=None):
    return Trial(
        number=number,
        configuration=Configuration("tree", 1.0, 0.5, share=share),
        row_losses=np.array([loss]),
        accuracy=0.5,
        models_trained=1,
        seconds=1.0,
        failure=failure,
        worse_by=worse_by,
    )


def test_a_phase_ends_when_all_steps_are_done_or_the_next_begins(state, hand):
    state.phase_advanced("teachers", 0, 4)
    hand.time += 2
    state.phase_advanced("teachers", 4, 4)
    hand.time += 5
    state.phase_advanced("search", 0, 10)
    hand.time += 3
    state.phase_advanced("refit", 0, 2)
    hand.time += 1
    taken = {each.name: each.seconds(state.now) for each in state.phases.values()}
    assert taken == {"teachers": 2, "search": 3, "refit": 1}
    assert state.current.name == "refit"


def test_trials_count_before_the_run_is_told_of_them_and_never_twice(state):
    state.phase_advanced("search", 0, 10)
    state.work_advanced("trial", 0, 4, 2, 2, None)
    state.work_advanced("trial", 3, 4, 1, 2, None)
    assert state.current.shown == 3
    state.work_advanced("trial", 4, 4, 0, 2, None)
    for done in (1, 2, 3, 4):
        state.phase_advanced("search", done, 10)
        assert state.current.shown == 4
    state.work_advanced("trial", 0, 4, 2, 2, None)
    assert state.current.shown == 4
    state.work_advanced("trial", 1, 4, 2, 2, None)
    assert state.current.shown == 5


def test_tasks_that_are_no_steps_are_shown_beside_them(state):
    state.phase_advanced("chain", 0, 2)
    state.work_advanced("trial", 1, 4, 1, 2, None)
    assert state.current.shown == 0
    assert work_text(state.current) == ["trial 1/4", "1 of 2 workers busy"]
    state.work_advanced("trial", 4, 4, 0, 2, None)
    assert work_text(state.current) == []


def test_time_left_is_that_of_the_batch_and_of_what_comes_behind_it(state, hand):
    state.phase_advanced("search", 0, 10)
    assert state.current.left(state.now) is None
    hand.time += 8
    state.work_advanced("trial", 4, 8, 2, 2, 6.0)
    # 2 s for each trial so far; two of them come behind the batch.
    assert state.current.left(state.now) == 6 + 2 * 2
    hand.time += 4
    assert state.current.left(state.now) == pytest.approx(2 + 2 * 3)
    hand.time += 100
    assert state.current.left(state.now) >= 0
    state.phase_advanced("search", 10, 10)
    assert state.current.left(state.now) is None


def test_time_left_without_an_estimate_is_the_pace_so_far(state, hand):
    state.phase_advanced("measure", 0, 3)
    hand.time += 4
    state.phase_advanced("measure", 1, 3)
    assert state.current.left(state.now) == 8


def test_a_single_step_of_tasks_takes_as_long_as_they_do(state):
    state.phase_advanced("collapse", 0, 1)
    state.work_advanced("trial", 1, 4, 1, 1, 9.0)
    assert state.current.left(state.now) == 9


def test_the_best_is_of_all_rows_and_did_not_fail(state):
    state.trial_finished(trial(0, 0.1, share=0.3))
    state.trial_finished(trial(1, 0.0, failure="stage broke"))
    state.trial_finished(trial(4, 0.1, worse_by=0.05))
    assert state.best is None
    state.trial_finished(trial(2, 0.4))
    state.trial_finished(trial(3, 0.5))
    assert best_text(state.best) == ["best log loss 0.4000 (tree, trial 2)"]


def test_every_phase_of_the_engine_has_a_label_that_fits():
    begun = set()
    for path in Path(hpmkd.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or "progress" not in ast.unparse(node.func):
                continue
            if ast.unparse(node.func).endswith((".start", ".phase")):
                begun.add(ast.literal_eval(node.args[0]))
    assert begun == set(LABELS)
    assert set(JOB_OF_A_STEP) <= begun
    assert max(map(len, LABELS.values())) <= 25


def test_memory_is_that_of_the_process_and_of_those_below_it(in_fresh_process):
    if tree_mb(1) is None:
        assert memory_text(MemoryUsage()) == []
        return
    alone, together = map(
        float,
        in_fresh_process("""
import os, subprocess, sys
from hpmkd.progress.memory_usage import tree_mb
alone = tree_mb(os.getpid())
child = subprocess.Popen(
    [sys.executable, "-c", "held = bytearray(200_000_000); print('ready', flush=True); input()"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(alone, tree_mb(os.getpid()))
child.communicate("")
""").split(),
    )
    assert alone + 195 < together < alone + 250


def test_the_most_memory_stays(monkeypatch):
    seen = iter([200.0, 500.0, 300.0])
    monkeypatch.setattr("hpmkd.progress.memory_usage.tree_mb", lambda pid: next(seen))
    memory = MemoryUsage()
    for _ in range(3):
        memory.measure()
    assert memory_text(memory) == ["300 MB (at most 500)"]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.2, "0:00"), (67, "1:07"), (3600, "1:00:00"), (59.7, "1:00")]
)
def test_clock(seconds, shown):
    assert clock(seconds) == shown
