"""Worker processes that several tests of a file share: starting them is what takes long."""

import pytest

from hpmkd_defaults.executors.loky import LokyExecutor


@pytest.fixture(scope="module")
def pool():
    """Return an executor with two workers."""
    executor = LokyExecutor(workers=2)
    yield executor
    executor.close()


@pytest.fixture
def one():
    """Return an executor with one worker, of the test's own."""
    executor = LokyExecutor(workers=1)
    yield executor
    executor.close()
