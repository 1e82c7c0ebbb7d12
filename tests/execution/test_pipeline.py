"""Tasks go where they are done: balanced, here while that is faster, never twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpmkd.execution.cost_model import Load
from hpmkd.execution.jobs import Job
from hpmkd.execution.pipeline import ParallelDistillationPipeline
from hpmkd.values import Lost


def double(shared, task):
    return shared * task


def lost(task, reason):
    return f"{task}: {reason}"


def job(kinds=None, seconds=None):
    return Job(
        "trial",
        double,
        lost,
        lambda shared, task: Load((kinds or {}).get(task, "stage"), {"rows": float(task)}),
        lambda shared, task: f"{shared} {task}",
        timed=True,
    )


JOB = job()


class FakeExecutor:
    """An executor that runs tasks backwards, and tells what it was handed."""

    gives_up = True

    def __init__(self, workers=2, losing=()):
        self.workers, self.losing = workers, losing
        self.batches, self.timeouts, self.closed = [], [], 0

    def run(self, function, shared, tasks, *, timeout=None):
        self.batches.append([task for _, task, _ in tasks])
        self.timeouts.append(timeout)
        for at in reversed(range(len(tasks))):
            task = tasks[at][1]
            yield at, Lost("killed") if task in self.losing else function(shared, tasks[at])

    def close(self):
        self.closed += 1


class Foreseeing(FakeExecutor):
    """An executor that wants to know what is to come."""

    def prepare(self, function, shared):
        self.foreseen = function, shared


class Book(dict):
    """Keeps results, as a journal does."""

    def get(self, key):
        return self[key]

    def put(self, key, result):
        self[key] = result
        return result


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(1, 50), max_size=12))
def test_every_task_has_its_own_result(tasks):
    found = dict(ParallelDistillationPipeline(FakeExecutor()).run(JOB, 3, tasks))
    assert found == {at: 3 * task for at, task in enumerate(tasks)}


def test_longest_first_and_the_unknown_before_them():
    pipeline, kinds = ParallelDistillationPipeline(executor := FakeExecutor()), {7: "new"}
    list(pipeline.run(JOB, 1, [5]))
    list(pipeline.run(job(kinds), 1, [2, 9, 7, 4]))
    assert executor.batches == [[5], [7, 9, 4, 2]]


def test_a_lost_task_has_what_stands_for_it():
    pipeline = ParallelDistillationPipeline(FakeExecutor(losing={3}), journal=(book := Book()))
    assert dict(pipeline.run(JOB, 1, [2, 3])) == {0: 2, 1: "3: killed"}
    # It may succeed when the run continues.
    assert list(book.values()) == [2]


def test_what_the_journal_has_is_not_done_again():
    book = Book()
    first = dict(ParallelDistillationPipeline(FakeExecutor(), journal=book).run(JOB, 3, [1, 2]))
    again = ParallelDistillationPipeline(executor := FakeExecutor(), journal=book)
    assert dict(again.run(JOB, 3, [1, 2, 4])) == {**first, 2: 12}
    assert executor.batches == [[4]]


def test_the_same_task_given_twice_is_done_twice():
    pipeline = ParallelDistillationPipeline(executor := FakeExecutor(), journal=Book())
    for _ in range(2):
        assert dict(pipeline.run(JOB, 3, [1, 1])) == {0: 3, 1: 3}
    assert executor.batches == [[1, 1], [1, 1]]


def test_a_small_job_is_done_here():
    here, there, notes = FakeExecutor(1), FakeExecutor(2), []

    def notify(hook, **facts):
        if hook == "hpmkd_noted":
            notes.append(facts["note"])

    pipeline = ParallelDistillationPipeline(there, here=here, start_seconds=60, notify=notify)
    assert len(list(pipeline.run(JOB, 1, [1, 2, 3]))) == 3
    assert (len(here.batches), there.batches) == (3, [])
    assert not notes
    pipeline.close()
    pipeline.close()
    assert (here.closed, there.closed) == (2, 2)
    (note,) = notes
    assert note.startswith("no worker was started: all tasks took 0.0 s in this process")


def test_workers_are_started_once_the_work_is_worth_it():
    here, there, notes = FakeExecutor(1), FakeExecutor(2), []

    def notify(hook, **facts):
        if hook == "hpmkd_noted":
            notes.append(facts["note"])

    pipeline = ParallelDistillationPipeline(there, here=here, start_seconds=1e-9, notify=notify)
    list(pipeline.run(JOB, 1, [1, 2, 3]))
    list(pipeline.run(JOB, 1, [4]))
    assert here.batches == [[1]]
    assert there.batches == [[3, 2], [4]]
    (note,) = notes
    assert note.startswith("2 workers are started")


def test_many_rows_go_to_workers_at_once():
    here, there = FakeExecutor(1), FakeExecutor(2)
    job = replace(JOB, load=lambda shared, task: Load("any", {"rows": 200_000}))
    list(ParallelDistillationPipeline(there, here=here, start_seconds=60).run(job, 1, [1, 2]))
    assert (here.batches, there.batches) == ([], [[1, 2]])


def test_workers_that_stand_ready_have_a_small_job_at_once():
    here, there = FakeExecutor(1), FakeExecutor(2)
    there.standing = True
    list(ParallelDistillationPipeline(there, here=here, start_seconds=60).run(JOB, 1, [1, 2]))
    assert (here.batches, there.batches) == ([], [[1, 2]])


def test_the_peak_memory_of_each_process_is_known():
    pipeline = ParallelDistillationPipeline(FakeExecutor(1))
    list(pipeline.run(JOB, 1, [1, 2]))
    (peak,) = pipeline.peaks.values()
    assert peak > 10


@pytest.mark.parametrize(("workers", "seconds"), [(1, 0.0), (2, 5.0)])
def test_isolation_starts_the_workers_at_once(workers, seconds):
    there = FakeExecutor(workers)
    pipeline = ParallelDistillationPipeline(
        there, here=FakeExecutor(1), start_seconds=60, trial_seconds=seconds
    )
    list(pipeline.run(JOB, 1, [1, 2]))
    assert there.batches == [[1, 2]]
    assert there.timeouts == [seconds or None]


def test_observers_hear_who_is_busy():
    calls = []
    pipeline = ParallelDistillationPipeline(
        FakeExecutor(2), notify=lambda hook, **facts: calls.append((hook, facts))
    )
    list(pipeline.run(JOB, 1, [1, 2, 3]))
    assert {hook for hook, _ in calls} == {"hpmkd_work_advanced"}
    assert [(facts["done"], facts["busy"]) for _, facts in calls] == [
        (0, 2),
        (1, 2),
        (2, 1),
        (3, 0),
    ]
    assert all((facts["total"], facts["workers"]) == (3, 2) for _, facts in calls)
    assert calls[0][1]["seconds_left"] is None
    assert calls[-1][1]["seconds_left"] == 0


@pytest.mark.parametrize(("local", "n_notes"), [(True, 1), (False, 0)])
def test_more_workers_than_cores_of_this_machine_are_noted_once(monkeypatch, local, n_notes):
    monkeypatch.setattr("hpmkd.execution.placement.cores", lambda: 2)
    there, notes = FakeExecutor(4), []
    there.local = local

    def notify(hook, **facts):
        notes.extend(facts.values() if hook == "hpmkd_noted" else [])

    pipeline = ParallelDistillationPipeline(there, notify=notify)
    for _ in range(2):
        list(pipeline.run(JOB, 1, [1, 2]))
    assert [note.startswith("4 workers on 2 cores: ") for note in notes] == [True] * n_notes


def test_workers_not_yet_started_do_not_count_as_crowding(monkeypatch):
    monkeypatch.setattr("hpmkd.execution.placement.cores", lambda: 2)
    there, hooks = FakeExecutor(4), []
    there.local = True
    pipeline = ParallelDistillationPipeline(
        there, here=FakeExecutor(1), start_seconds=60, notify=lambda hook, **_: hooks.append(hook)
    )
    list(pipeline.run(JOB, 1, [1, 2]))
    assert "hpmkd_noted" not in hooks


def test_an_executor_that_wants_to_know_hears_what_is_to_come():
    executor = Foreseeing()
    ParallelDistillationPipeline(executor).prepare(double, 3)
    assert executor.foreseen == (double, 3)
    pipeline = ParallelDistillationPipeline(FakeExecutor())
    pipeline.prepare(double, 3)
    assert dict(pipeline.run(JOB, 2, [1])) == {0: 2}
