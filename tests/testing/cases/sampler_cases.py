"""A right sampler and wrong ones, each with the test that must catch it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.optuna_trials import random_study
from hpmkd.testing import SamplerSuite
from hpmkd.values import Configuration


class Draws:
    """Random points, those remembered first, and no lesson from the trials."""

    def __init__(self, space):
        self.space = space
        self.rng = self.generator(space)
        self.total = self.left = self.affordable(space)
        self.remembered = {name: list(points) for name, points in space.remembered.items()}
        self.told = []

    def generator(self, space):
        return np.random.default_rng(space.seed)

    def affordable(self, space):
        if space.models is None:
            return 20
        # A trial may need a control of its own.
        return min(20, space.models // space.fits // 2)

    def ask(self, n):
        count = min(n, self.left)
        self.left -= count
        return [self.draw() for _ in range(count)]

    def draw(self):
        name = str(self.rng.choice(list(self.space.stages)))
        return Configuration(
            name,
            float(self.rng.choice(self.space.temperatures)),
            float(self.rng.choice(self.space.alphas)),
            self.point(name),
        )

    def point(self, name):
        if self.remembered.get(name):
            return self.remembered[name].pop(0)
        return self.space.stages[name].space(random_study(int(self.rng.integers(2**31))).ask())

    def tell(self, trial):
        self.told.append(trial)


class Suite(SamplerSuite):
    component = Draws

    @pytest.fixture
    def factory(self):
        return self.component


class TestRight(Suite):
    pass


class TestNoSampler(Suite):
    component = staticmethod(lambda space: object())
    caught_by = "test_fulfils_the_protocol"


class Greedy(Draws):
    def ask(self, n):
        return super().ask(n + 1)


class TestAsksForTooMany(Suite):
    component = Greedy
    caught_by = "test_asks_for_something_and_ends"


class Endless(Draws):
    def ask(self, n):
        self.left = 20
        return super().ask(n)


class TestEndless(Suite):
    component = Endless
    caught_by = "test_asks_for_something_and_ends"


class Silent(Draws):
    def ask(self, n):
        return []


class TestNeverAsks(Suite):
    component = Silent
    caught_by = "test_asks_for_something_and_ends"


class Boastful(Draws):
    def __init__(self, space):
        super().__init__(space)
        self.total = 100


class TestAnnouncesTooMany(Suite):
    component = Boastful
    caught_by = "test_total_is_what_it_asks_for"


class Restless(Draws):
    def ask(self, n):
        asked = super().ask(n)
        if not asked:
            self.left = 20
        return asked


class TestStartsAgain(Suite):
    component = Restless
    caught_by = "test_stays_at_its_end"


class Stubborn(Draws):
    """Stays with the stage that it drew first."""

    def draw(self):
        drawn = super().draw()
        self.stage = getattr(self, "stage", drawn.stage)
        return replace(drawn, stage=self.stage, hyperparameters=self.point(self.stage))


class TestStaysWithAFailingStage(Suite):
    component = Stubborn
    caught_by = "test_a_stage_that_fails_costs_no_other"


class Worldly(Draws):
    def generator(self, space):
        return np.random.default_rng(np.random.randint(1000))  # noqa: NPY002


class TestGlobalGenerator(Suite):
    component = Worldly
    caught_by = "test_same_seed_same_search"


class Impatient(Draws):
    def tell(self, trial):
        if trial.seconds > 50:
            self.left = 0


class TestWatchesTheClock(Suite):
    component = Impatient
    caught_by = "test_seconds_do_not_matter"


class Proud(Draws):
    def tell(self, trial):
        assert trial.failure is None


class TestTakesNoFailure(Suite):
    component = Proud
    caught_by = "test_failed_trials_do_not_stop_it"


class Optimist(Draws):
    def ask(self, n):
        good = [trial for trial in self.told if trial.failure is None]
        if self.told:
            min(good, key=lambda trial: trial.log_loss)
        return super().ask(n)


class TestNeedsASuccess(Suite):
    component = Optimist
    caught_by = "test_ends_if_everything_fails"


class Bookkeeper(Draws):
    def __init__(self, space):
        super().__init__(space)
        self.open = []

    def draw(self):
        self.open.append(super().draw())
        return self.open[-1]

    def tell(self, trial):
        self.open.remove(trial.configuration)


class TestKnowsOnlyItsOwn(Suite):
    component = Bookkeeper
    caught_by = "test_hears_of_controls_it_did_not_ask_for"
