"""A right sampler and wrong ones, each with the test that must catch it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.testing import SamplerSuite
from hpmkd.testing.trials import RandomTrial
from hpmkd.values import After, Configuration


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
        return self.space.stages[name].space(RandomTrial(int(self.rng.integers(2**31))))

    def tell(self, trial):
        self.told.append(trial)


class Suite(SamplerSuite):
    component = Draws

    @pytest.fixture
    def factory(self):
        return self.component


class TestRight(Suite):
    pass


class Forgetful(Draws):
    """Looks at no memory."""

    def point(self, name):
        self.remembered.clear()
        return super().point(name)


class TestRightWithoutMemory(Suite):
    component = Forgetful
    remembers = False


class TestClaimsToRemember(Suite):
    component = Forgetful
    caught_by = "test_what_is_remembered_comes_first"


class Backwards(Draws):
    """Asks for the worst of what is remembered first."""

    def __init__(self, space):
        super().__init__(space)
        for points in self.remembered.values():
            points.reverse()


class TestRemembersBackwards(Suite):
    component = Backwards
    caught_by = "test_what_is_remembered_comes_first"


class Spendthrift(Draws):
    """Looks at no budget."""

    def affordable(self, space):
        return 20


class TestRightWithoutBudget(Suite):
    component = Spendthrift
    counts = False


class TestSpendsTooMuch(Suite):
    component = Spendthrift
    caught_by = "test_keeps_within_its_models"


class Uncontrolled(Draws):
    """Spends what the controls would take."""

    def affordable(self, space):
        return 20 if space.models is None else min(20, space.models // space.fits)


class TestForgetsTheControls(Suite):
    component = Uncontrolled
    caught_by = "test_keeps_within_its_models"


class Singular(Draws):
    """Counts trials, not the models that they take."""

    def affordable(self, space):
        return 20 if space.models is None else min(20, space.models // 2)


class TestForgetsTheFits(Suite):
    component = Singular
    caught_by = "test_keeps_within_its_models"


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


class Elsewhere(Draws):
    def draw(self):
        return replace(super().draw(), temperature=2.5, alpha=0.5)


class TestUnknownTemperature(Suite):
    component = Elsewhere
    caught_by = "test_asks_for_points_of_the_space"


class Inventive(Draws):
    def draw(self):
        drawn = super().draw()
        return replace(drawn, hyperparameters={**drawn.hyperparameters, "leaves": 1})


class TestInventsHyperparameters(Suite):
    component = Inventive
    caught_by = "test_asks_for_points_of_the_space"


class Oversized(Draws):
    def draw(self):
        return replace(super().draw(), share=1.5)


class TestShareAboveOne(Suite):
    component = Oversized
    caught_by = "test_asks_for_points_of_the_space"


class Chained(Draws):
    def draw(self):
        before = Configuration("plain", 1.0, 0.0)
        return replace(super().draw(), after=After("mix", before))


class TestBuildsAChain(Suite):
    component = Chained
    caught_by = "test_asks_for_points_of_the_space"


class Partial(Draws):
    """Never comes to all rows where there are many."""

    def draw(self):
        return replace(super().draw(), share=min(1.0, 1000 / self.space.n_rows))


class TestNeverOnAllRows(Suite):
    component = Partial
    caught_by = "test_comes_to_all_rows"


class Stubborn(Draws):
    """Stays with the stage that it drew first."""

    def draw(self):
        drawn = super().draw()
        self.stage = getattr(self, "stage", drawn.stage)
        return replace(drawn, stage=self.stage, hyperparameters=self.point(self.stage))


class TestStaysWithAFailingStage(Suite):
    component = Stubborn
    caught_by = "test_a_stage_that_fails_costs_no_other"


class Halves(Draws):
    def draw(self):
        return replace(super().draw(), alpha=0.5)


class TestAlwaysHalf(Suite):
    component = Halves
    caught_by = "test_a_space_of_one_point_is_fine"


class Faithful(Draws):
    def draw(self):
        return replace(super().draw(), alpha=max(self.space.alphas))


class TestNeverHard(Suite):
    component = Faithful
    caught_by = "test_hard_labels_are_within_reach"


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
