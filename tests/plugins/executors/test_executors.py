"""Both executors do what an executor must; what is the serial one's own."""

import threading

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
