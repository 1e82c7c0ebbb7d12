"""The meta scheduler in whole runs."""

from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest

import hpmkd
from hpmkd.values import Configuration, DataFacts, Offer, Outcome
from hpmkd_defaults.memories.folder import store_path
from hpmkd_defaults.memories.sqlite import SharedOptimizationMemory
from hpmkd_defaults.memories.store import RecordStore
from hpmkd_defaults.stages.boosting import XGBoostStage

STAGES = ["tree", "xgboost"]
SETTINGS = {
    "split.folds": 3,  # with fewer, no alpha above 0 is tried
    "augmenter": "none",
    "scheduler": "meta",
    "memory": "others",
    "chain": [],
    "stages": STAGES,
    "search.temperatures": [2.0],
    "search.alphas.self": [0.0, 0.4],
    "sampler": {"name": "grid", "trials": 1},
}


def elsewhere():
    """Outcomes of six other sets, on all of which less of the teacher was better."""
    rng = np.random.default_rng(0)
    for at in range(6):
        facts = DataFacts(100 * (at + 1), 5 + at, 3, 1.0, 0.05 * at, "self", f"set {at}")
        for alpha in (0.1, 0.3, 0.5, 0.7, 0.9, 1.0):
            temperature = float(rng.choice([0.5, 1.0, 2.0, 4.0]))
            point = Configuration("xgboost", temperature, alpha, XGBoostStage.defaults)
            yield Outcome(facts, point, alpha + 0.01 * abs(rng.normal()), alpha)


class Others:
    """A memory that knows other sets, and records what it receives."""

    def __init__(self, known=()):
        self.known, self.told = list(known), []

    def suggest(self, facts, stage):
        return []

    def outcomes(self, facts):
        return self.known

    def remember(self, facts, outcomes):
        self.told = list(outcomes)


def distil(data, known=(), **options):
    memory = Others(known)

    class Plugin:
        @hpmkd.hookimpl
        def hpmkd_memories(self):
            return [Offer("others", lambda: memory, "for this test")]

    settings = {**SETTINGS, **options.pop("settings", {})}
    given = {"teacher": "quick", "observers": [Plugin()], "settings": settings, **options}
    return hpmkd.distill(*data, **given), memory


@pytest.fixture(scope="module")
def learned(wine):
    return distil(wine, elsewhere(), workers=1)


def test_what_was_learned_elsewhere_moves_a_run(learned):
    found, memory = learned
    trials = {
        (each.configuration.stage, each.configuration.alpha): each.softening
        for each in found.trials
        if each.configuration.alpha > 0
    }
    assert set(trials) == {(stage, 0.4) for stage in STAGES}
    for (stage, alpha), softening in trials.items():
        if stage == "xgboost" and alpha > 0.1:
            assert softening.alpha == pytest.approx(alpha / 2)
        if stage == "tree":  # of which nothing is known
            assert (softening.alpha, softening.temperature) == (alpha, 2.0)
    # The memory is told what was done, not what was asked for.
    told = {each.configuration.alpha for each in memory.told}
    assert {each.alpha for each in trials.values()} <= told


@pytest.mark.parametrize("better", ["less of the teacher", "more of the teacher"])
def test_a_memory_in_a_file_moves_a_run_the_way_it_points(wine, better):
    for facts, own in groupby(elsewhere(), lambda each: each.facts):
        told = list(own)
        if better == "more of the teacher":
            most = max(each.regret for each in told)
            told = [replace(each, regret=most - each.regret) for each in told]
        SharedOptimizationMemory().remember(facts, told)
    settings = {
        **SETTINGS,
        "memory": {"name": "sqlite", "shipped": False},
        "stages": ["xgboost"],
    }
    found = hpmkd.distill(*wine, teacher="quick", settings=settings)
    (heard,) = {each.softening.alpha for each in found.trials if each.configuration.alpha > 0}
    assert heard == pytest.approx(0.2 if better == "less of the teacher" else 0.8)
    # What it tells the next run is what was heard.
    (record,) = (each for each in RecordStore(store_path()).read() if each.n_rows == 142)
    assert heard in {each.alpha for each in record.outcomes}
    assert 0.4 not in {each.alpha for each in record.outcomes}


def test_what_ships_with_hpmkd_is_enough_to_move_a_run(wine):
    settings = {
        **SETTINGS,
        "memory": {"name": "sqlite", "shipped": True},
        "stages": ["xgboost"],
        "search.temperatures": [1.0],
    }
    found = hpmkd.distill(*wine, teacher="quick", settings=settings)
    soft = [each for each in found.trials if each.configuration.alpha > 0]
    assert soft
    for each in soft:
        configured = (each.configuration.temperature, each.configuration.alpha)
        assert (each.softening.temperature, each.softening.alpha) != configured


def test_controls_hear_of_no_teacher(learned):
    found, _ = learned
    hard = [each for each in found.trials if each.configuration.alpha == 0]
    assert {each.configuration.stage for each in hard} == set(STAGES)
    assert all(each.softening.alpha == 0 for each in hard)


def test_the_leaderboard_says_where_it_was_at_work(learned):
    found, _ = learned
    for record in found.records:
        if record.role == "student":
            idle = record.name == "tree" or not record.alpha
            assert record.scheduler == (None if idle else "meta")


def test_the_number_of_workers_does_not_matter(wine, learned):
    found, _ = learned
    twice, _ = distil(wine, elsewhere(), workers=2)
    for stage in STAGES:
        assert twice.students[stage].to_bytes() == found.students[stage].to_bytes()
    assert [(each.log_loss, each.state, each.softening) for each in twice.trials] == [
        (each.log_loss, each.state, each.softening) for each in found.trials
    ]


def test_knowing_nothing_it_trains_what_constant_trains(wine):
    """At T = 2; boosters have no path under a schedule, and so another number of rounds."""
    ignorant, _ = distil(wine)
    constant, _ = distil(wine, settings={"scheduler": "constant"})
    for stage in {*STAGES} - {"xgboost"}:
        assert ignorant.students[stage].to_bytes() == constant.students[stage].to_bytes()

    def of_trees(found):
        return [t.log_loss for t in found.trials if t.configuration.stage != "xgboost"]

    assert of_trees(ignorant) == of_trees(constant)
    # It listens all the same: the memory will know how the fits went.
    boosted = [each for each in ignorant.trials if each.configuration.stage == "xgboost"]
    assert all(each.state.kl is not None for each in boosted)


def test_failures_among_the_outcomes_are_passed_over(wine):
    known = [replace(each, regret=float("inf")) for each in elsewhere()]
    found, _ = distil(wine, known, settings={"stages": ["xgboost"]})
    assert all(each.softening.alpha == each.configuration.alpha for each in found.trials)


def test_its_settings_are_checked(wine):
    for key, value in (("reach", 0.5), ("least_sets", 1), ("least_outcomes", 0)):
        with pytest.raises(hpmkd.RecipeError, match=f"scheduler.{key}"):
            distil(wine, settings={"scheduler": {"name": "meta", key: value}})
