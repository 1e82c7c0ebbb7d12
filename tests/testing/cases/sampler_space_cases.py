"""Samplers that are wrong about the space: its points, its memory, its models, its rows."""

from __future__ import annotations

from dataclasses import replace

from hpmkd.values import After, Configuration
from tests.testing.cases.sampler_cases import Draws, Suite


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
