"""The constant scheduler."""

import pytest

from hpmkd.testing import SchedulerSuite
from hpmkd.values import Configuration, Softening, TrainingState
from hpmkd_defaults.schedulers.constant import ConstantScheduler


class TestConstantSchedulerConforms(SchedulerSuite):
    @pytest.fixture
    def scheduler(self):
        return ConstantScheduler()


def test_answers_with_the_configuration():
    scheduler = ConstantScheduler()
    configuration = Configuration("tree", temperature=2.5, alpha=0.75)
    for state in (TrainingState(0.0), TrainingState(0.9, loss=3.0)):
        assert scheduler.softening(configuration, state) == Softening(2.5, 0.75)
    assert not scheduler.varies
