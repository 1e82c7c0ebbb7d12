"""Where a run is, from what observers hear."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import hpmkd
from hpmkd.cli.progress.base import clock, doing, in_memory
from hpmkd.cli.progress.memory_usage import Memory, tree_mb
from hpmkd.cli.progress.state import JOB_OF_A_STEP, LABELS, ProgressState
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
def course(hand):
    return ProgressState(hand)


def trial(number, loss, *, share=1.0, failure=None):
    return Trial(
        number=number,
        configuration=Configuration("tree", 1.0, 0.5, share=share),
        row_losses=np.array([loss]),
        accuracy=0.5,
        models_trained=1,
        seconds=1.0,
        failure=failure,
    )


def test_a_phase_ends_when_all_steps_are_done_or_the_next_begins(course, hand):
    course.phase_advanced("teachers", 0, 4)
    hand.time += 2
    course.phase_advanced("teachers", 4, 4)
    hand.time += 5
    course.phase_advanced("search", 0, 10)
    hand.time += 3
    course.phase_advanced("refit", 0, 2)
    hand.time += 1
    taken = {each.name: each.seconds(course.now) for each in course.phases.values()}
    assert taken == {"teachers": 2, "search": 3, "refit": 1}
    assert course.current.name == "refit"


def test_trials_count_before_the_run_is_told_of_them_and_never_twice(course):
    course.phase_advanced("search", 0, 10)
    course.work_advanced("trial", 0, 4, 2, 2, None)
    course.work_advanced("trial", 3, 4, 1, 2, None)
    assert course.current.shown == 3
    course.work_advanced("trial", 4, 4, 0, 2, None)
    for done in (1, 2, 3, 4):
        course.phase_advanced("search", done, 10)
        assert course.current.shown == 4
    course.work_advanced("trial", 0, 4, 2, 2, None)
    assert course.current.shown == 4
    course.work_advanced("trial", 1, 4, 2, 2, None)
    assert course.current.shown == 5


def test_tasks_that_are_no_steps_are_shown_beside_them(course):
    course.phase_advanced("chain", 0, 2)
    course.work_advanced("trial", 1, 4, 1, 2, None)
    assert course.current.shown == 0
    assert doing(course.current) == ["trial 1/4", "1 of 2 workers busy"]
    course.work_advanced("trial", 4, 4, 0, 2, None)
    assert doing(course.current) == []


def test_time_left_is_that_of_the_batch_and_of_what_comes_behind_it(course, hand):
    course.phase_advanced("search", 0, 10)
    assert course.current.left(course.now) is None
    hand.time += 8
    course.work_advanced("trial", 4, 8, 2, 2, 6.0)
    # 2 s for each trial so far; two of them come behind the batch.
    assert course.current.left(course.now) == 6 + 2 * 2
    hand.time += 4
    assert course.current.left(course.now) == pytest.approx(2 + 2 * 3)
    hand.time += 100
    assert course.current.left(course.now) >= 0
    course.phase_advanced("search", 10, 10)
    assert course.current.left(course.now) is None


def test_time_left_without_an_estimate_is_the_pace_so_far(course, hand):
    course.phase_advanced("measure", 0, 3)
    hand.time += 4
    course.phase_advanced("measure", 1, 3)
    assert course.current.left(course.now) == 8


def test_a_single_step_of_tasks_takes_as_long_as_they_do(course):
    course.phase_advanced("collapse", 0, 1)
    course.work_advanced("trial", 1, 4, 1, 1, 9.0)
    assert course.current.left(course.now) == 9


def test_the_best_is_of_all_rows_and_did_not_fail(course):
    course.trial_finished(trial(0, 0.1, share=0.3))
    course.trial_finished(trial(1, 0.0, failure="stage broke"))
    assert course.best is None
    course.trial_finished(trial(2, 0.4))
    course.trial_finished(trial(3, 0.5))
    assert str(course.best) == "best log loss 0.4000 (tree, trial 2)"


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
        assert in_memory(Memory()) == []
        return
    alone, together = map(
        float,
        in_fresh_process("""
import os, subprocess, sys
from hpmkd.cli.progress.memory_usage import tree_mb
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
    monkeypatch.setattr("hpmkd.cli.progress.memory_usage.tree_mb", lambda pid: next(seen))
    memory = Memory()
    for _ in range(3):
        memory.look()
    assert in_memory(memory) == ["300 MB (at most 500)"]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0:00"), (67, "1:07"), (3600, "1:00:00"), (59.7, "1:00")]
)
def test_clock(seconds, said):
    assert clock(seconds) == said
