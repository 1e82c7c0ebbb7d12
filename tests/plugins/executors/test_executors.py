"""The serial executor and the pool of processes."""

import gc
import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
import threadpoolctl

from hpmkd.testing import ExecutorSuite, tasks
from hpmkd_defaults.executors.loky import LokyExecutor
from hpmkd_defaults.executors.serial import SerialExecutor


class TestSerialExecutorConforms(ExecutorSuite):
    @pytest.fixture
    def executor(self):
        return SerialExecutor()


class TestLokyExecutorConforms(ExecutorSuite):
    @pytest.fixture
    def executor(self):
        return LokyExecutor(workers=2)


@pytest.fixture(scope="module")
def pool():
    """Start workers once for the tests below: that is what takes long."""
    executor = LokyExecutor(workers=2)
    yield executor
    executor.close()


def blas_threads():
    return [
        pool["num_threads"]
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas"
    ]


class TestSerial:
    def test_the_caller_has_its_threads_between_results(self):
        with threadpoolctl.threadpool_limits(2):
            results = SerialExecutor().run(tasks.most_threads, None, range(3))
            for _, inside in results:
                assert inside == 1
                assert tasks.most_threads(None, None) == 2

    def test_overlapping_runs_restore_what_was(self):
        """The run that ends last must not restore the limit that the other one had set."""
        before = blas_threads()
        first_is_in, second_is_in, first_is_out = (threading.Event() for _ in range(3))

        def first(shared, task):
            first_is_in.set()
            assert second_is_in.wait(30)
            return blas_threads()

        def second(shared, task):
            second_is_in.set()
            assert first_is_out.wait(30)

        found = {}

        def run_first():
            found.update(SerialExecutor().run(first, None, [0]))
            first_is_out.set()

        other = threading.Thread(target=run_first)
        other.start()
        assert first_is_in.wait(30)
        list(SerialExecutor().run(second, None, [0]))
        other.join(30)
        assert set(found[0]) == {1}
        assert blas_threads() == before

    def test_threads_are_restored_after_a_failure(self):
        with threadpoolctl.threadpool_limits(2):
            with pytest.raises(KeyError):
                list(SerialExecutor().run(tasks.fail_on_three, None, [3]))
            assert tasks.most_threads(None, None) == 2


# Functions of this file travel by value: workers cannot import it.
def describe(shared, task):
    matrix = shared["matrix"]
    return os.getpid(), bool(matrix.flags.writeable), id(shared)


def die(shared, task):
    os._exit(1)


class Unportable(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def fail_unportably(shared, task):
    raise Unportable("this", "that")


def environment(shared, task):
    return os.environ.get(task)


class TestLoky:
    def test_workers_share_one_read_only_array(self, pool):
        matrix = np.zeros((1000, 100))
        found = list(dict(pool.run(describe, {"matrix": matrix}, range(20))).values())
        assert len({process for process, _, _ in found}) <= 2
        assert os.getpid() not in {process for process, _, _ in found}
        assert not any(writeable for _, writeable, _ in found)
        # Read once per process: the same object for every task.
        assert len({(process, identity) for process, _, identity in found}) <= 2

    def test_batches_use_the_same_workers(self, pool):
        processes = {
            process
            for _ in range(3)
            for process, _, _ in dict(
                pool.run(describe, {"matrix": np.zeros(3)}, range(8))
            ).values()
        }
        assert len(processes) <= 2

    def test_closing_removes_files(self):
        executor = LokyExecutor(workers=1)
        results = executor.run(tasks.add, 1.0, [1.0, 2.0])
        next(results)
        folder = executor._folder
        assert folder is not None
        assert list(folder.iterdir())
        results.close()
        assert list(folder.iterdir()) == []
        executor.close()
        assert not folder.exists()
        assert dict(executor.run(tasks.add, 1.0, [1.0])) == {0: 2.0}
        executor.close()

    def test_forgotten_it_cleans_up(self):
        executor = LokyExecutor(workers=1)
        list(executor.run(tasks.add, 1.0, [1.0]))
        folder = executor._folder
        del executor
        gc.collect()
        assert not folder.exists()

    def test_works_from_a_thread(self, pool):
        found = {}
        thread = threading.Thread(
            target=lambda: found.update(pool.run(tasks.add, 1.0, [1.0, 2.0, 3.0]))
        )
        thread.start()
        thread.join(60)
        assert found == {0: 2.0, 1: 3.0, 2: 4.0}

    def test_a_dead_worker_is_an_error_and_not_the_end(self):
        executor = LokyExecutor(workers=1)
        try:
            with pytest.raises(BrokenProcessPool):
                list(executor.run(die, None, [0]))
            assert dict(executor.run(tasks.add, 1.0, [1.0])) == {0: 2.0}
        finally:
            executor.close()

    def test_an_exception_that_does_not_pickle_is_told_in_words(self, pool):
        with pytest.raises(RuntimeError, match="Unportable: this and that"):
            list(pool.run(fail_unportably, None, [0]))
        assert dict(pool.run(tasks.add, 1.0, [1.0])) == {0: 2.0}

    def test_idle_openmp_threads_sleep(self, pool):
        found = dict(pool.run(environment, None, ["OMP_WAIT_POLICY", "OMP_NUM_THREADS"]))
        assert found == {0: "PASSIVE", 1: "1"}

    def test_works_from_a_script(self, tmp_path):
        """No guard against being imported again, and everything is defined in the script."""
        script = tmp_path / "script.py"
        script.write_text(
            textwrap.dedent(
                """
                from hpmkd_defaults.executors.loky import LokyExecutor

                class Own:
                    factor = 3

                def work(shared, task):
                    return shared.factor * task

                executor = LokyExecutor(workers=2)
                print(sorted(executor.run(work, Own(), [1, 2])))
                executor.close()
                """
            ),
            "utf-8",
        )
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.stdout.strip(), done.stderr) == ("[(0, 3), (1, 6)]", "")
