"""The executor does what hpmkd asks of one, on a cluster as its users start one."""

from __future__ import annotations

import pytest

from hpmkd.testing import ExecutorSuite
from hpmkd_dask.executor import DaskExecutor


class TestDaskExecutorConforms(ExecutorSuite):
    @pytest.fixture
    def executor(self, crew):
        return DaskExecutor(address=crew.address)
