"""The grid and random search."""

import logging
from collections import Counter

import optuna
import pytest

from hpmkd.testing import SamplerSuite
from hpmkd.values import SearchSpace
from hpmkd_defaults.samplers.draws import RandomTrial, random_sampler, shared_draws
from hpmkd_defaults.samplers.grid import GridSampler
from hpmkd_defaults.samplers.random import RandomSearch


class TestGridSamplerConforms(SamplerSuite):
    @pytest.fixture
    def factory(self):
        return lambda space: GridSampler(space, trials=3)


class TestRandomSearchConforms(SamplerSuite):
    @pytest.fixture
    def factory(self):
        return lambda space: RandomSearch(space, trials=20)


class Complex:
    encoding = "tree"
    complexity = 2
    defaults = {"depth": 4, "eta": 0.3}  # noqa: RUF012

    def space(self, trial):
        return {
            "depth": trial.suggest_int("depth", 2, 6),
            "eta": trial.suggest_float("eta", 0.05, 0.8, log=True),
        }


class Simple(Complex):
    complexity = 1


class Switch:
    """Two points in all."""

    encoding = "linear"
    complexity = 0
    defaults = {"on": False}  # noqa: RUF012

    def space(self, trial):
        return {"on": trial.suggest_categorical("on", [False, True])}


def space_of(seed=0, **stages):
    stages = stages or {"a": Complex(), "b": Simple()}
    return SearchSpace(stages, (3.0, 1.0), (0.0, 1.0, 0.5), seed)


def in_batches(sampler, size):
    asked = []
    while batch := sampler.ask(size):
        assert len(batch) <= size
        asked += batch
    return asked


class TestGrid:
    def test_is_the_whole_product(self):
        asked = GridSampler(space_of(), trials=4).ask(1000)
        # Stages × draws × (hard labels once + two alphas × two temperatures).
        assert len(asked) == 2 * 4 * (1 + 2 * 2)
        assert len({each.key for each in asked}) == len(asked)

    def test_order_is_stage_draw_alpha_temperature(self):
        asked = GridSampler(space_of(), trials=2).ask(1000)
        assert [each.stage for each in asked] == ["b"] * 10 + ["a"] * 10
        softening = [(0.0, 1.0), (0.5, 1.0), (0.5, 3.0), (1.0, 1.0), (1.0, 3.0)]
        assert [(each.alpha, each.temperature) for each in asked] == softening * 4
        assert dict(asked[0].hyperparameters) == Complex.defaults

    def test_the_control_is_tuned_alike(self):
        asked = GridSampler(space_of(), trials=4).ask(1000)
        per_alpha = [
            {tuple(each.hyperparameters.items()) for each in asked if each.alpha == alpha}
            for alpha in (0.0, 0.5, 1.0)
        ]
        assert per_alpha[0] == per_alpha[1] == per_alpha[2]

    @pytest.mark.parametrize("size", [1, 3, 7])
    def test_batches_do_not_matter(self, size):
        assert in_batches(GridSampler(space_of()), size) == GridSampler(space_of()).ask(1000)

    def test_a_stage_draws_alike_in_any_company(self):
        alone = GridSampler(space_of(a=Complex())).ask(1000)
        together = GridSampler(space_of()).ask(1000)
        assert [each for each in together if each.stage == "a"] == alone

    def test_a_small_space_is_tried_once(self):
        asked = GridSampler(space_of(switch=Switch()), trials=50).ask(1000)
        assert len(asked) == 2 * 5

    def test_another_seed_draws_others(self):
        assert GridSampler(space_of(seed=1)).ask(1000) != GridSampler(space_of()).ask(1000)


class TestRandom:
    def test_asks_for_so_many(self):
        asked = RandomSearch(space_of(), trials=40).ask(1000)
        assert len({each.key for each in asked}) == len(asked) == 40
        counts = Counter(each.stage for each in asked)
        assert min(counts["a"], counts["b"]) > 8

    @pytest.mark.parametrize("size", [1, 5, 16])
    def test_batches_do_not_matter(self, size):
        whole = RandomSearch(space_of()).ask(1000)
        assert len(whole) == 32
        assert in_batches(RandomSearch(space_of()), size) == whole

    def test_hard_labels_have_one_temperature(self):
        asked = RandomSearch(space_of(), trials=60).ask(1000)
        assert {each.temperature for each in asked if each.alpha == 0} == {1.0}

    def test_a_small_space_is_exhausted(self):
        asked = RandomSearch(space_of(switch=Switch()), trials=50).ask(1000)
        assert len(asked) == 2 * 5


class TestDraws:
    def test_types_are_plain(self):
        for drawn in shared_draws("a", Complex(), 5, seed=0):
            assert type(drawn["depth"]) is int
            assert type(drawn["eta"]) is float

    def test_the_portfolio_is_tried_after_the_defaults(self):
        stage = Complex()
        stage.portfolio = ({"depth": 2, "eta": 0.1}, {"depth": 6, "eta": 0.8})
        known = [stage.defaults, *stage.portfolio]
        for trials in (1, 2, 3):
            assert shared_draws("a", stage, trials, seed=0) == known[:trials]
        drawn = shared_draws("a", stage, 6, seed=0)
        assert drawn[:3] == known
        # What is drawn is what would be drawn without a portfolio, only fewer of it.
        assert drawn[3:] == shared_draws("a", Complex(), 4, seed=0)[1:]

    def test_a_name_keeps_its_value(self):
        trial = RandomTrial(random_sampler(0, "a"))
        assert len({trial.suggest_float("x", 0.0, 1.0) for _ in range(5)}) == 1

    def test_covers_the_range(self):
        drawn = [each["depth"] for each in shared_draws("a", Complex(), 60, seed=0)]
        assert set(drawn) == {2, 3, 4, 5, 6}

    def test_optuna_stays_silent_and_as_it_was(self, capfd):
        heard = []
        handler = logging.Handler()
        handler.emit = heard.append
        logger = logging.getLogger("optuna")
        logger.addHandler(handler)
        before = optuna.logging.get_verbosity()
        try:
            GridSampler(space_of()).ask(1000)
            RandomSearch(space_of()).ask(1000)
        finally:
            logger.removeHandler(handler)
        assert heard == []
        assert capfd.readouterr() == ("", "")
        assert optuna.logging.get_verbosity() == before
