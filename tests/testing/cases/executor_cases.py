"""A right executor and wrong ones, each with the test that must catch it."""

from __future__ import annotations

import os
import warnings

import pytest
import threadpoolctl

from hpmkd.errors import WorkerWarning
from hpmkd.testing import ExecutorSuite, tasks
from hpmkd.values import Lost


class Here:
    """One after the other, in this process."""

    workers, gives_up = 1, False

    def run(self, function, shared, tasks, *, timeout=None):
        with threadpoolctl.threadpool_limits(1):
            for index, task in enumerate(tasks):
                yield index, function(shared, task)

    def close(self):
        pass


class Suite(ExecutorSuite):
    component = Here

    @pytest.fixture
    def executor(self):
        return self.component()


class TestRight(Suite):
    pass


class Nothing:
    def close(self):
        pass


class TestNoExecutor(Suite):
    component = Nothing
    caught_by = "test_fulfils_the_protocol"


class Misnumbered(Here):
    def run(self, function, shared, tasks, *, timeout=None):
        for index, result in super().run(function, shared, tasks):
            yield len(tasks) - 1 - index, result


class TestMisnumbered(Suite):
    component = Misnumbered
    caught_by = "test_every_task_gets_its_result"


class Eager(Here):
    def run(self, function, shared, tasks, *, timeout=None):
        assert tasks
        yield from super().run(function, shared, tasks)


class TestNeedsATask(Suite):
    component = Eager
    caught_by = "test_no_tasks_no_results"


class Filtering(Here):
    def run(self, function, shared, tasks, *, timeout=None):
        return (pair for pair in super().run(function, shared, tasks) if pair[1] is not None)


class TestDropsNone(Suite):
    component = Filtering
    caught_by = "test_a_task_may_return_nothing"


class Emptying(Here):
    def run(self, function, shared, tasks, *, timeout=None):
        yield from super().run(function, shared, tasks)
        if isinstance(shared, dict):
            shared["matrix"][:] = 0.0


class TestChangesShared(Suite):
    component = Emptying
    caught_by = "test_shared_arrays_arrive"


class Remembering(Here):
    def run(self, function, shared, tasks, *, timeout=None):
        self.shared = getattr(self, "shared", shared)
        return super().run(function, self.shared, tasks)


class TestRemembersShared(Suite):
    component = Remembering
    caught_by = "test_serves_several_batches"


class Wrapping(Here):
    def run(self, function, shared, tasks, *, timeout=None):
        try:
            yield from super().run(function, shared, tasks)
        except Exception as error:
            raise RuntimeError(str(error)) from error


class TestWrapsExceptions(Suite):
    component = Wrapping
    caught_by = "test_an_exception_arrives_as_it_was"


class AllAtOnce(Here):
    def run(self, function, shared, tasks, *, timeout=None):
        results = list(super().run(function, shared, tasks))
        yield from results


class TestAllAtOnce(Suite):
    component = AllAtOnce
    caught_by = "test_closing_early_drops_the_rest"


class Once(Here):
    closed = False

    def close(self):
        assert not self.closed
        self.closed = True


class TestClosesOnce(Suite):
    component = Once
    caught_by = "test_closing_twice_is_harmless"


class Unbound(Here):
    def run(self, function, shared, tasks, *, timeout=None):
        for index, task in enumerate(tasks):
            yield index, function(shared, task)


class TestManyThreads(Suite):
    component = Unbound
    caught_by = "test_tasks_have_one_thread"


class Environmental(Here):
    def run(self, function, shared, tasks, *, timeout=None):
        os.environ["OMP_NUM_THREADS"] = "1"
        return super().run(function, shared, tasks)


@pytest.mark.usefixtures("kept")
class TestSetsVariables(Suite):
    component = Environmental
    caught_by = "test_the_caller_is_left_alone"

    @pytest.fixture
    def kept(self, monkeypatch):
        monkeypatch.setenv("OMP_NUM_THREADS", "2")


class Lasting(Here):
    def run(self, function, shared, tasks, *, timeout=None):
        threadpoolctl.threadpool_limits(1)
        return super().run(function, shared, tasks)


class TestLimitsTheCaller(Suite):
    component = Lasting
    caught_by = "test_the_caller_is_left_alone"


class GivesUp(Here):
    """As if it had processes: what would end one, or lasts, is not called at all."""

    workers, gives_up = 2, True

    def run(self, function, shared, asked, *, timeout=None):
        ordeals = {
            tasks.end_process: self.killed,
            tasks.end_process_once: self.killed_once,
            tasks.dawdle: self.late,
            tasks.dawdle_once: self.late_once,
        }
        if function not in ordeals:
            yield from super().run(function, shared, asked)
            return
        for index, task in enumerate(asked):
            yield index, ordeals[function]() if task == tasks.VICTIM else task

    def killed(self):
        self.tell()
        return Lost("its worker was killed, twice")

    def killed_once(self):
        self.tell()
        return tasks.VICTIM

    def late(self):
        return self.killed()

    def late_once(self):
        return self.killed_once()

    def tell(self):
        warnings.warn("once more", WorkerWarning, stacklevel=2)


class TestGivesUp(Suite):
    component = GivesUp


class NoWorkers(Here):
    workers = 0


class TestHasNoWorkers(Suite):
    component = NoWorkers
    caught_by = "test_says_what_it_can"


class Breaking(GivesUp):
    def killed(self):
        raise RuntimeError("the pool is broken")


class TestBreaks(Suite):
    component = Breaking
    caught_by = "test_a_task_that_ends_its_process_is_given_up"


class Speechless(GivesUp):
    def killed(self):
        self.tell()
        return Lost("")


class TestGivesNoReason(Suite):
    component = Speechless
    caught_by = "test_a_task_that_ends_its_process_is_given_up"


class Silent(GivesUp):
    def tell(self):
        pass


class TestTellsNobody(Suite):
    component = Silent
    caught_by = "test_a_task_that_ends_its_process_once_is_done"


class Rash(GivesUp):
    def killed_once(self):
        return self.killed()

    def late_once(self):
        return self.late()


class TestTriesOnce(Suite):
    component = Rash
    caught_by = "test_a_task_that_ends_its_process_once_is_done"


class TestTriesSlowOnesOnce(Suite):
    component = Rash
    caught_by = "test_a_task_that_takes_too_long_once_is_done"


class Patient(GivesUp):
    def late(self):
        return tasks.VICTIM


class TestWaitsForEver(Suite):
    component = Patient
    caught_by = "test_a_task_that_takes_too_long_is_given_up"
