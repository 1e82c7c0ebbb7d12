"""The built-in stages pass the suite that plugin authors are given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.testing import StageSuite
from hpmkd.testing.datasets import real_problem
from hpmkd.testing.stage_inputs import heavy_rows, repeated
from hpmkd.values import DataFacts
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.network import NetworkStage
from hpmkd_defaults.stages.tree import TreeStage


class TestLogisticConforms(StageSuite):
    weight_tolerance = 1e-3

    @pytest.fixture
    def stage(self):
        return LogisticStage()


class TestTreeConforms(StageSuite):
    weight_tolerance = 0.1  # ties are broken otherwise

    @pytest.fixture
    def stage(self):
        return TreeStage()


class TestGBMConforms(StageSuite):
    weight_tolerance = 1e-3

    @pytest.fixture
    def stage(self):
        return GBMStage()


class TestXGBoostConforms(StageSuite):
    weight_tolerance = 1e-3

    @pytest.fixture
    def stage(self):
        return XGBoostStage()


class TestNetworkConforms(StageSuite):
    @pytest.fixture
    def stage(self):
        return NetworkStage()

    @pytest.mark.parametrize("alpha", [0.0, 0.5])
    def test_a_row_of_weight_three_is_three_rows(self, stage, name, given, alpha):
        """After as many steps, and without the noise of their order, which is that of rows."""
        weighed = heavy_rows(given, 3)
        times = repeated(weighed)
        epochs, more = 20, round(20 * len(times.labels) / len(given.labels))
        one, other, without = (
            averaged(stage, inputs, name, alpha, n_epochs)
            for inputs, n_epochs in ((weighed, more), (times, epochs), (given, more))
        )
        changed = np.abs(without - other).mean()
        assert np.abs(one - other).mean() <= self.weight_tolerance * changed


def averaged(stage, inputs, name, alpha, n_epochs):
    """Return what networks of six seeds predict on average."""
    configuration = replace(
        inputs.configuration, alpha=alpha, hyperparameters={**stage.defaults, "n_epochs": n_epochs}
    )
    fits = (stage.fit(replace(inputs, configuration=configuration, seed=seed)) for seed in range(6))
    return np.mean([each.predict_proba(real_problem(name).table) for each in fits], axis=0)


class TestVectorLeavesConform(StageSuite):
    weight_tolerance = 1e-3

    @pytest.fixture
    def stage(self):
        return GBMStage(refit_every=8, half_leaves=True).for_data(DataFacts(150, 13, 3))
