"""The built-in stages pass the suite that plugin authors are given."""

from __future__ import annotations

import pytest

from hpmkd.testing import StageSuite
from hpmkd.values import DataFacts
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.network import NetworkStage
from hpmkd_defaults.stages.tree import TreeStage


class TestLogisticConforms(StageSuite):
    @pytest.fixture
    def stage(self):
        return LogisticStage()


class TestTreeConforms(StageSuite):
    @pytest.fixture
    def stage(self):
        return TreeStage()


class TestGBMConforms(StageSuite):
    @pytest.fixture
    def stage(self):
        return GBMStage()


class TestXGBoostConforms(StageSuite):
    @pytest.fixture
    def stage(self):
        return XGBoostStage()


class TestNetworkConforms(StageSuite):
    @pytest.fixture
    def stage(self):
        return NetworkStage()


class TestVectorLeavesConform(StageSuite):
    @pytest.fixture
    def stage(self):
        return GBMStage(refit_every=8, half_leaves=True).for_data(DataFacts(150, 13, 3))
