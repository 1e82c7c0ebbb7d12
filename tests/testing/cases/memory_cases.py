"""A right memory and wrong ones, each with the test that must catch it."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pytest

from hpmkd.testing import MemorySuite


def likeness(facts, other):
    return abs(math.log(facts.n_rows / other.n_rows))


class CachedRegion:
    """All that was ever told, in a dictionary that instances share."""

    def __init__(self, kept):
        self.kept = kept

    def others(self, facts):
        told = {own: told for own, told in self.kept.items() if own.digest != facts.digest}
        return sorted(told.items(), key=lambda item: likeness(facts, item[0]))

    def outcomes(self, facts):
        return [outcome for _, told in self.others(facts) for outcome in told]

    def suggest(self, facts, stage):
        of_stage = [each for each in self.outcomes(facts) if each.configuration.stage == stage]
        best = sorted(of_stage, key=lambda each: each.rank)[:1]
        return [dict(each.configuration.hyperparameters) for each in best]

    def remember(self, facts, outcomes):
        stages = self.by_stage([])
        for old in [each for each in self.kept if each.digest == facts.digest]:
            stages = self.by_stage(self.kept.pop(old))
        for stage, told in self.by_stage(outcomes).items():
            stages[stage] = self.better(stages.get(stage, []), told)
        joined = [replace(each, facts=facts) for told in stages.values() for each in told]
        if joined:
            self.kept[facts] = joined

    @staticmethod
    def by_stage(outcomes):
        stages = {}
        for each in outcomes:
            stages.setdefault(each.configuration.stage, []).append(each)
        return stages

    def better(self, old, new):
        return new if len(new) >= len(old) else old


class Suite(MemorySuite):
    component = CachedRegion

    @pytest.fixture
    def opened(self):
        kept = {}
        return lambda: self.component(kept)


class TestRight(Suite):
    pass


class Sieve(CachedRegion):
    def remember(self, facts, outcomes):
        pass


class TestRightForgettingOnPurpose(Suite):
    component = Sieve

    @pytest.fixture
    def keeps(self):
        return False


class TestForgetful(Suite):
    component = Sieve
    caught_by = "test_a_later_run_is_told_what_was_learned"


class TestNoMemory(Suite):
    component = staticmethod(lambda kept: object())
    caught_by = "test_fulfils_the_protocol"


class Prejudiced(CachedRegion):
    def suggest(self, facts, stage):
        return super().suggest(facts, stage) or [{"depth": 3}]


class TestSuggestsWithoutKnowing(Suite):
    component = Prejudiced
    caught_by = "test_knows_nothing_at_first"


class Rounding(CachedRegion):
    def outcomes(self, facts):
        return [replace(each, regret=round(each.regret, 1)) for each in super().outcomes(facts)]


class TestRounds(Suite):
    component = Rounding
    caught_by = "test_a_later_run_is_told_what_was_learned"


class Chronicle(CachedRegion):
    def others(self, facts):
        return [item for item in self.kept.items() if item[0].digest != facts.digest]


class TestOldestFirst(Suite):
    component = Chronicle
    caught_by = "test_tells_of_similar_data_first"


class Contrary(CachedRegion):
    def suggest(self, facts, stage):
        of_stage = [each for each in self.outcomes(facts) if each.configuration.stage == stage]
        worst = sorted(of_stage, key=lambda each: -each.rank)[:1]
        return [dict(each.configuration.hyperparameters) for each in worst]


class TestSuggestsTheWorst(Suite):
    component = Contrary
    caught_by = "test_suggests_what_did_well"


class Textual(CachedRegion):
    def suggest(self, facts, stage):
        return [
            {name: str(value) for name, value in each.items()}
            for each in super().suggest(facts, stage)
        ]


class TestTypesAreLost(Suite):
    component = Textual
    caught_by = "test_suggests_what_did_well"


class Garrulous(CachedRegion):
    def suggest(self, facts, stage):
        of_stage = [each for each in self.outcomes(facts) if each.configuration.stage == stage]
        ranked = sorted(of_stage, key=lambda each: each.rank)
        return [dict(each.configuration.hyperparameters) for each in ranked]


class TestSuggestsAll(Suite):
    component = Garrulous
    caught_by = "test_suggests_what_did_well"


class Careless(CachedRegion):
    def suggest(self, facts, stage):
        best = sorted(self.outcomes(facts), key=lambda each: each.rank)[:1]
        return [dict(each.configuration.hyperparameters) for each in best]


class TestOfAnyStage(Suite):
    component = Careless
    caught_by = "test_suggests_nothing_for_a_stage_it_has_not_seen"


class Selfish(CachedRegion):
    """Takes other noise for other data."""

    def others(self, facts):
        told = {own: told for own, told in self.kept.items() if own != facts}
        return sorted(told.items(), key=lambda item: likeness(facts, item[0]))


class TestLearnsFromItself(Suite):
    component = Selfish
    caught_by = "test_what_a_run_learned_does_not_change_it_when_it_is_repeated"


class Hoarding(CachedRegion):
    def better(self, old, new):
        return [*old, *new]


class TestKeepsTheOldRunToo(Suite):
    component = Hoarding
    caught_by = "test_a_run_that_tried_more_replaces_what_was_known"


class Fashionable(CachedRegion):
    def better(self, old, new):
        return new


class TestALookErasesASearch(Suite):
    component = Fashionable
    caught_by = "test_of_a_stage_the_run_that_tried_more_stays"


class Conservative(CachedRegion):
    def better(self, old, new):
        return old if len(old) >= len(new) else new


class TestTheOlderOfEqualsStays(Suite):
    component = Conservative
    caught_by = "test_of_a_stage_the_run_that_tried_more_stays"


class Single(CachedRegion):
    def remember(self, facts, outcomes):
        for old in [each for each in self.kept if each.digest == facts.digest]:
            del self.kept[old]
        self.kept[facts] = list(outcomes)


class TestForgetsOtherStages(Suite):
    component = Single
    caught_by = "test_a_stage_that_a_later_run_did_not_try_stays"


class Dated(CachedRegion):
    """What it is told of a data set at first is what it tells of it for good."""

    def remember(self, facts, outcomes):
        known = [each for each in self.kept if each.digest == facts.digest]
        super().remember(known[0] if known else facts, outcomes)


class TestKeepsTheOldFacts(Suite):
    component = Dated
    caught_by = "test_of_a_stage_the_run_that_tried_more_stays"


class Snapshot(CachedRegion):
    """Reads once, and writes all that it has."""

    def __init__(self, kept):
        super().__init__(copy.copy(kept))
        self.shared = kept

    def remember(self, facts, outcomes):
        super().remember(facts, outcomes)
        self.shared.clear()
        self.shared.update(self.kept)


class TestLastWriterWins(Suite):
    component = Snapshot
    caught_by = "test_runs_at_the_same_time_both_count"


class Drawing(CachedRegion):
    def outcomes(self, facts):
        found = super().outcomes(facts)
        return [found[at] for at in np.random.permutation(len(found))]  # noqa: NPY002


class TestShuffles(Suite):
    component = Drawing
    caught_by = "test_asking_changes_nothing"


class Proud(CachedRegion):
    def remember(self, facts, outcomes):
        super().remember(facts, outcomes)
        assert min(each.regret for each in outcomes) == 0


class TestExpectsOutcomes(Suite):
    component = Proud
    caught_by = "test_a_run_that_learned_nothing_is_fine"
