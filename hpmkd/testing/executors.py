"""What an executor must do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import threadpoolctl

from hpmkd.contracts import Executor
from hpmkd.errors import WorkerWarning
from hpmkd.testing import tasks
from hpmkd.values import Lost

MANY = 200
#: Seconds that a task may take; far less than one takes that takes too long.
BOUND = 2.0
OTHERS = {each: each for each in range(6) if each != tasks.VICTIM}


class ExecutorSuite:
    """Inherit and supply ``executor``."""

    @pytest.fixture
    def executor(self) -> Executor:
        """Return the executor under test; the suite closes it."""
        raise NotImplementedError("supply a fixture `executor` that returns your executor")

    @pytest.fixture(autouse=True)
    def closed_afterwards(self, executor: Executor) -> Iterator[None]:
        """Close the executor after each test."""
        yield
        executor.close()

    def test_fulfils_the_protocol(self, executor: Executor) -> None:
        """It has the methods of an executor."""
        assert isinstance(executor, Executor)

    def test_declares_its_abilities(self, executor: Executor) -> None:
        """How many tasks run at a time, where, and whether it can give one up."""
        assert type(executor.workers) is int
        assert executor.workers >= 1
        assert type(executor.gives_up) is bool
        assert type(getattr(executor, "local", False)) is bool
        assert type(getattr(executor, "standing", False)) is bool

    @pytest.mark.parametrize("n", [1, 2, 37])
    def test_every_task_gets_its_result(self, executor: Executor, n: int) -> None:
        """Each index comes once, with its own result, in whatever order."""
        found = list(executor.run(tasks.add, 0.5, [10.0 * each for each in range(n)]))
        assert sorted(found) == [(each, 10.0 * each + 0.5) for each in range(n)]

    def test_no_tasks_no_results(self, executor: Executor) -> None:
        """An empty batch is over at once."""
        assert list(executor.run(tasks.add, 1.0, [])) == []

    def test_a_task_may_return_nothing(self, executor: Executor) -> None:
        """None is a result like any other."""
        found = list(executor.run(tasks.nothing, None, ["a", "b"]))
        assert sorted(found) == [(0, None), (1, None)]

    @pytest.mark.parametrize("n_columns", [3, 20_000], ids=["small", "several MB"])
    def test_shared_arrays_arrive(self, executor: Executor, n_columns: int) -> None:
        """Every task sees the whole shared array, small or large, and it stays as it is."""
        matrix = np.random.default_rng(0).normal(size=(30, n_columns))
        before = matrix.copy()
        found = dict(executor.run(tasks.row_sum, {"matrix": matrix}, range(30)))
        assert found == {row: float(before[row].sum()) for row in range(30)}
        assert np.array_equal(matrix, before)

    def test_serves_several_batches(self, executor: Executor) -> None:
        """Each batch has its own shared value."""
        for shared in (1.0, 2.0, 3.0):
            found = dict(executor.run(tasks.add, shared, [0.0, 1.0]))
            assert found == {0: shared, 1: shared + 1.0}

    def test_an_exception_arrives_as_it_was(self, executor: Executor) -> None:
        """Type and arguments are those raised in the task; the next batch runs."""
        with pytest.raises(KeyError) as caught:
            list(executor.run(tasks.fail_on_three, None, range(6)))
        assert type(caught.value) is KeyError
        assert caught.value.args == ("three", 3)
        assert dict(executor.run(tasks.add, 1.0, [1.0])) == {0: 2.0}

    def test_closing_early_drops_the_rest(self, executor: Executor, tmp_path: Path) -> None:
        """What has not started when the iterator is closed never starts."""
        results: Any = executor.run(tasks.leave_mark, str(tmp_path), range(MANY))
        next(results)
        results.close()
        # The next batch ends after whatever of the first was already on its way.
        assert dict(executor.run(tasks.add, 1.0, [1.0])) == {0: 2.0}
        assert 1 <= len(list(tmp_path.iterdir())) < MANY

    @pytest.mark.parametrize("used", [True, False], ids=["used", "unused"])
    def test_closing_twice_is_harmless(self, executor: Executor, used: bool) -> None:
        """Used or not, close may be called again."""
        if used:
            list(executor.run(tasks.add, 1.0, [1.0]))
        executor.close()
        executor.close()

    def test_tasks_have_one_thread(self, executor: Executor) -> None:
        """Numeric libraries use one thread in a task, whatever the caller allows."""
        # Loads the libraries here, too: a limit cannot reach what a task loads afterwards.
        tasks.most_threads(None, None)
        with threadpoolctl.threadpool_limits(2):
            found = dict(executor.run(tasks.most_threads, None, range(4)))
        assert found == dict.fromkeys(range(4), 1)

    def test_the_caller_is_left_alone(self, executor: Executor) -> None:
        """Environment variables and threads of this process are as they were."""
        environment = dict(os.environ)
        with threadpoolctl.threadpool_limits(2):
            threads = tasks.most_threads(None, None)
            list(executor.run(tasks.add, 1.0, range(4)))
            executor.close()
            assert tasks.most_threads(None, None) == threads
        assert dict(os.environ) == environment

    def test_a_task_that_ends_its_process_is_given_up(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        """It is tried twice; the others have their results, and the next batch runs."""
        found = _with_a_warning(executor, tasks.end_process, tmp_path)
        _assert_lost(found)
        assert dict(executor.run(tasks.add, 1.0, [1.0])) == {0: 2.0}

    def test_a_task_that_ends_its_process_once_is_done(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        """The second try counts, as if it had been the first."""
        found = _with_a_warning(executor, tasks.end_process_once, tmp_path)
        assert found == {**OTHERS, tasks.VICTIM: tasks.VICTIM}

    def test_a_task_that_takes_too_long_is_given_up(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        """It is tried twice; the others have their results, and the next batch runs."""
        found = _with_a_warning(executor, tasks.dawdle, tmp_path, timeout=BOUND)
        _assert_lost(found)
        assert dict(executor.run(tasks.add, 1.0, [1.0])) == {0: 2.0}

    def test_a_task_that_takes_too_long_once_is_done(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        """The second try counts, as if it had been the first."""
        found = _with_a_warning(executor, tasks.dawdle_once, tmp_path, timeout=BOUND)
        assert found == {**OTHERS, tasks.VICTIM: tasks.VICTIM}


def _with_a_warning(
    executor: Executor, function: Any, folder: Path, timeout: float | None = None
) -> dict[int, Any]:
    """Run tasks of which one goes wrong; skip the test where the executor cannot bear that."""
    if not executor.gives_up:
        pytest.skip("it does not give up tasks (gives_up is False)")
    with pytest.warns(WorkerWarning):
        return dict(executor.run(function, str(folder), range(len(OTHERS) + 1), timeout=timeout))


def _assert_lost(found: dict[int, Any]) -> None:
    lost = found.pop(tasks.VICTIM)
    assert isinstance(lost, Lost)
    assert isinstance(lost.reason, str)
    assert lost.reason
    assert found == OTHERS
