"""Progress in a log: a line now and then, and never a long silence."""

from __future__ import annotations

import re
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from hpmkd.progress import heartbeat, log
from hpmkd.progress.log import LogProgress
from hpmkd.values import Configuration, DataFacts, Trial
from tests.cli import running


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    running.write_data(folder)
    done = running.piped(folder, "--workers", "1")
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def shown(monkeypatch):
    """A view whose clock is set by hand, and the lines that it wrote."""
    lines, hand = [], SimpleNamespace(time=0.0)
    monkeypatch.setattr(log.click, "echo", lambda line, *, err: lines.append(line))
    monkeypatch.setattr("time.monotonic", lambda: hand.time)
    view = LogProgress()
    view.state._clock = lambda: hand.time
    return view, lines, hand


def test_a_run_in_a_log(done):
    lines = done.stderr.splitlines()
    opening = "distilling 142 rows of 4 columns, 3 classes; recipe hpm, stages logistic, tree"
    assert lines[0] == opening
    assert not re.search(r"\x1b|\r", done.stderr)
    for begun, times in (
        ("predicting with teachers", 1),
        ("searching configurations", 2),  # on hard labels, then with the teacher
        ("refitting on all rows", 1),
    ):
        assert sum(bool(re.fullmatch(rf"{begun}: 0/\d+", line)) for line in lines) == times
    (over,) = (line for line in lines if line.startswith("refitting on all rows: 4/4"))
    assert re.search(r"  took 0:\d\d", over)


def test_lines_come_every_two_seconds_with_all_that_is_known(shown):
    view, lines, hand = shown
    view.hpmkd_run_started(DataFacts(10, 3, 2), {"name": "hpm", "stages": {"tree": {}}})
    view.hpmkd_phase_advanced("search", 0, 10)
    for _ in range(19):
        hand.time += 0.25
        view.hpmkd_work_advanced("trial", 3, 4, 1, 2, 7.0)
    assert len(lines) == 4
    view.hpmkd_trial_finished(trial(3))
    hand.time = 4.8
    view.hpmkd_phase_advanced("search", 4, 10)
    view.hpmkd_noted("2 workers are started")
    assert lines[-1] == "note: 2 workers are started"
    hand.time = 8.0
    view.memory.now = view.memory.most = 300.0
    view.hpmkd_work_advanced("trial", 0, 4, 2, 2, 9.0)
    assert lines[-1] == (
        "searching configurations: 4/10  best log loss 0.2500 (tree, trial 3), trial 0/4, "
        "2 of 2 workers busy, 0:08 so far, about 0:13 left, 300 MB (at most 300)"
    )


def test_a_phase_that_is_over_is_told_of_once(shown):
    view, lines, hand = shown
    view.hpmkd_phase_advanced("measure", 0, 3)
    for _ in range(2):
        hand.time += 9
        view.hpmkd_phase_advanced("measure", 3, 3)
    assert lines == ["measuring on test rows: 0/3", "measuring on test rows: 3/3  took 0:09"]


def test_a_phase_without_steps_is_not_told_of(shown):
    view, lines, _ = shown
    view.hpmkd_phase_advanced("chain", 0, 0)
    assert lines == []


def test_failures_are_told_with_their_reason(shown):
    view, lines, _ = shown
    view.hpmkd_trial_finished(trial(5, failure="its worker was killed (SIGKILL) twice"))
    assert lines == ["warning: trial 5 failed: its worker was killed (SIGKILL) twice"]


def test_a_long_batch_gives_a_sign_of_life(monkeypatch):
    echoed, lines = threading.Event(), []

    def echo(line, *, err):
        lines.append(line)
        if len(lines) > 1:
            echoed.set()

    monkeypatch.setattr(log.click, "echo", echo)
    monkeypatch.setattr(heartbeat, "SECONDS_BETWEEN_TICKS", 0.01)
    monkeypatch.setattr(log, "SECONDS_OF_SILENCE", 0.0)
    before = threading.active_count()
    with LogProgress() as view:
        view.hpmkd_phase_advanced("search", 0, 10)
        assert echoed.wait(60)
    assert threading.active_count() == before
    assert {line.split("  ")[0] for line in lines} == {"searching configurations: 0/10"}


def trial(number, failure=None):
    configuration, losses = Configuration("tree", 1.0, 0.5), np.array([0.25])
    return Trial(number, configuration, losses, 0.5, 1, 1.0, failure)
