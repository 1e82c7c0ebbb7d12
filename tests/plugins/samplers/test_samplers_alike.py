"""All five samplers keep the contract; what they draw follows from the seed alone."""

from __future__ import annotations

import logging
from functools import partial

import optuna
import pytest

from hpmkd.testing import SamplerSuite
from hpmkd.testing.sampler_runs import search, space
from hpmkd_defaults.samplers.adaptive import AdaptiveConfigurationManager
from hpmkd_defaults.samplers.grid import GridSampler
from hpmkd_defaults.samplers.random import RandomSearch
from hpmkd_defaults.samplers.staged import StagedSampler
from hpmkd_defaults.samplers.tpe import TPESearch

SMALL = {"initial": 4, "configs": 5, "trials": 3}


class TestStagedConforms(SamplerSuite):
    @pytest.fixture(params=[{}, {"trials": 1}, {"more": 0}, {"subset_rows": 50, "whole": ()}])
    def factory(self, request):
        return lambda space: StagedSampler(space, **request.param)


class TestAdaptiveConforms(SamplerSuite):
    @pytest.fixture(
        params=[
            SMALL,
            {**SMALL, "subset": 1.0},
            {"initial": 1, "configs": 1},
            {**SMALL, "learns": True},
        ]
    )
    def factory(self, request):
        return lambda space: AdaptiveConfigurationManager(space, **request.param)


class TestTPEConforms(SamplerSuite):
    @pytest.fixture
    def factory(self):
        return lambda space: TPESearch(space, trials=20)


class TestGridConforms(SamplerSuite):
    @pytest.fixture
    def factory(self):
        return lambda space: GridSampler(space, trials=3)


class TestGridWithoutHardLabelsConforms(SamplerSuite):
    @pytest.fixture
    def factory(self):
        return lambda space: GridSampler(space, trials=3, hard=False)

    def test_hard_labels_are_within_reach(self, factory):
        """They are left to the control."""
        assert all(each.alpha > 0 for each in search(factory(space())))


class TestRandomConforms(SamplerSuite):
    @pytest.fixture
    def factory(self):
        return lambda space: RandomSearch(space, trials=20)


EVERY = {
    "staged": StagedSampler,
    "adaptive": partial(AdaptiveConfigurationManager, **SMALL),
    "tpe": partial(TPESearch, trials=15),
    "grid": partial(GridSampler, trials=2),
    "random": RandomSearch,
}


@pytest.mark.parametrize("name", EVERY)
def test_optuna_stays_silent_and_as_it_was(name, capfd):
    heard = []
    handler = logging.Handler()
    handler.emit = heard.append
    logger = logging.getLogger("optuna")
    logger.addHandler(handler)
    before = optuna.logging.get_verbosity()
    try:
        search(EVERY[name](space()))
    finally:
        logger.removeHandler(handler)
    assert heard == []
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == before


SEARCHES = """
import sys
from tests.plugins.samplers.test_samplers_alike import EVERY
from hpmkd.testing.sampler_runs import keys, search, space
for name, factory in EVERY.items():
    print(name, keys(search(factory(space(3)))))
"""


def test_the_order_of_hashes_does_not_matter(in_fresh_process, monkeypatch):
    said = []
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        said.append(in_fresh_process(SEARCHES))
    assert said[0] == said[1]
    assert said[0].count("\n") == len(EVERY) - 1


@pytest.mark.parametrize("name", EVERY)
def test_another_seed_draws_others(name):
    assert search(EVERY[name](space(1))) != search(EVERY[name](space(2)))
