"""What a run takes from the memory, and what it adds to it."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import hpmkd
from hpmkd.execution.journal import JournalFile
from hpmkd.search.warm_start import outcomes, outcomes_elsewhere, recalled
from hpmkd.training.fit import ActiveStage
from hpmkd.values import After, Configuration, DataFacts, Offer, Outcome, Trial
from hpmkd_defaults.memories.expected_regret import beside_defaults
from hpmkd_defaults.memories.folder import store_path
from hpmkd_defaults.memories.sqlite import MemoryWarning, SharedOptimizationMemory
from hpmkd_defaults.memories.store import RecordStore
from hpmkd_defaults.stages.tree import TreeStage

FACTS = DataFacts(100, 5, 2, digest="this")


class Depths:
    encoding, complexity, defaults = "tree", 0, {"depth": 3}

    def space(self, trial):
        return {"depth": trial.suggest_int("depth", 1, 8)}


ACTIVE = {name: ActiveStage(name, "plugin", Depths()) for name in ("tree", "gbm", "logistic")}


class Notes:
    """A memory that suggests what it was made with, and records what it receives."""

    def __init__(self, points=()):
        self.points, self.received = list(points), []

    def suggest(self, facts, stage):
        return self.points

    def outcomes(self, facts):
        return []

    def remember(self, facts, outcomes):
        self.received.append((facts, list(outcomes)))


def trial(number, stage, loss, alpha=0.5, **more):
    configuration = Configuration(stage, 1.0, alpha, {"depth": number}, **more)
    failure = "plugin 'x': broke" if loss is None else None
    losses = np.empty(0) if loss is None else np.full(4, loss)
    return Trial(number, configuration, losses, 0.5, 1, 0.1, failure)


@pytest.mark.parametrize(
    ("point", "possible"),
    [
        ({"depth": 5}, True),
        ({"depth": 9}, False),  # the space has shrunk since
        ({"depth": "deep"}, False),
        ({"depth": True}, False),
        ({"depth": [5]}, False),
        ({5: "depth"}, False),
        ({"depth": 5, "width": 2}, False),  # of another version of the stage
        ({}, False),
    ],
)
def test_only_what_a_stage_can_still_be_is_recalled(point, possible):
    found = recalled(Notes([point]), FACTS, {"tree": ACTIVE["tree"]})
    assert found == {"tree": [point] if possible else []}


def test_ranks_and_regrets_are_within_a_stage():
    trees = [trial(0, "tree", 0.5), trial(1, "tree", 0.3, 0.0), trial(2, "tree", 0.4)]
    learned = outcomes(FACTS, [*trees, trial(3, "gbm", 0.2)], ACTIVE)
    found = {outcome.configuration.hyperparameters["depth"]: outcome for outcome in learned}
    assert [found[at].rank for at in range(4)] == [1.0, 0.0, 0.5, 0.0]
    assert [round(found[at].regret, 9) for at in range(4)] == [0.2, 0.0, 0.1, 0.0]
    assert all(outcome.facts is FACTS for outcome in learned)
    # Depth 3 is the default of the stage.
    assert [found[at].is_default for at in range(4)] == [False, False, False, True]


def test_what_failed_or_was_not_whole_or_not_alone_teaches_nothing():
    base = Configuration("logistic", 1.0, 0.5)
    tried = [
        trial(0, "tree", None),
        trial(1, "tree", 0.1, share=0.3),
        trial(2, "tree", 0.1, after=After("residual", base)),
        replace(trial(4, "tree", 0.1), worse_by=0.05),
        trial(3, "tree", 0.4),
    ]
    (outcome,) = outcomes(FACTS, tried, ACTIVE)
    assert (outcome.configuration.hyperparameters["depth"], outcome.rank) == (3, 0.0)


# ---------------------------------------------------------------------- whole runs

SETTINGS = {
    "stages": ["tree"],
    "split.folds": 2,
    "augmenter": "none",
    "memory": "notes",
}


def distil(wine, notes, **settings):
    class Plugin:
        @hpmkd.hookimpl
        def hpmkd_memories(self):
            return [Offer("notes", lambda: notes, "for this test")]

    return hpmkd.distill(
        *wine, teacher="quick", settings={**SETTINGS, **settings}, observers=[Plugin()]
    )


def test_what_is_remembered_is_tried_first(wine):
    known = {"max_leaf_nodes": 9, "min_samples_leaf": 4, "shrinkage": 2.0}
    found = distil(wine, Notes([known]))
    assert dict(found.trials[0].configuration.hyperparameters) == known
    assert found.facts["search"]["remembered"] == {"tree": [known]}


def test_a_run_tells_what_it_knows_of_the_data_and_of_its_trials(wine):
    notes = Notes()
    found = distil(wine, notes)
    ((facts, learned),) = notes.received
    assert (facts.n_rows, facts.n_columns, facts.n_classes) == (142, 13, 3)
    assert 0.9 < facts.balance < 1
    assert 0 <= facts.noise < 0.3
    assert facts.regime == "self"
    assert len(facts.digest) >= 16
    assert {each.configuration.key for each in learned} == {
        each.configuration.key for each in found.trials if each.worse_by is None
    }


def test_a_memory_that_fails_costs_what_it_knows_and_not_the_run(wine):
    def broken(*_):
        raise OSError("no such device")

    notes = SimpleNamespace(suggest=broken, outcomes=broken, remember=broken)
    with pytest.warns(hpmkd.PluginWarning, match="memory 'notes' failed in .*continues") as caught:
        found = distil(wine, notes)
    assert found.chosen == "tree"
    assert {str(each.message).split(" failed in ")[1].split(":")[0] for each in caught} == {
        "suggest",
        "remember",
    }


# ------------------------------------------------------------------- the memory in a file

LIGHT = {
    "stages": ["logistic", "tree"],
    "chain": [],
    "split.folds": 2,
    "augmenter": "none",
    "sampler.trials": 3,
    "search.stop.window": 0,
    "ensemble.top": 0,
    "memory": {"name": "sqlite", "shipped": False},
}
#: It beats the defaults on any data.
BETTER = {"max_leaf_nodes": 9, "min_samples_leaf": 4, "shrinkage": 2.0}


def known(data, seed=0, **settings):
    return hpmkd.distill(*data, teacher="quick", settings={**LIGHT, **settings}, seed=seed)


def remember(n_sets=4):
    """Remember data sets on all of which one tree was better than the defaults."""
    for at in range(n_sets):
        facts = DataFacts(300 + at, 20, 2, 0.9, 0.1, "self", f"elsewhere {at}")
        better = Configuration("tree", 1.0, 0.0, BETTER)
        default = Configuration("tree", 1.0, 0.0, TreeStage.defaults)
        tried = [Outcome(facts, better, 0.0, 0.0), Outcome(facts, default, 0.1, 1.0, None, True)]
        SharedOptimizationMemory().remember(facts, tried)


def first_of(found, stage):
    first = next(each for each in found.trials if each.configuration.stage == stage)
    return dict(first.configuration.hyperparameters)


def trees_of(found):
    tried = [each.configuration for each in found.trials if each.configuration.stage == "tree"]
    distinct = dict.fromkeys(tuple(each.hyperparameters.items()) for each in tried)
    return [dict(point) for point in distinct]


def test_the_first_trials_on_new_data_are_what_other_data_taught(cancer):
    nothing = known(cancer, memory="none")
    assert nothing.facts["search"]["remembered"] == {"logistic": [], "tree": []}
    remember()
    found = known(cancer, **{"sampler.trials": 2})
    assert found.facts["search"]["remembered"] == {"logistic": [], "tree": [BETTER]}
    # The defaults are among the first draws all the same.
    assert trees_of(found)[:2] == [BETTER, dict(TreeStage.defaults)]


def test_a_run_tells_the_memory_how_much_its_points_lost_to_the_defaults(wine):
    found = known(wine)
    (record,) = RecordStore(store_path()).read()
    losses = {
        json.dumps(dict(each.configuration.hyperparameters), sort_keys=True): each.log_loss
        for each in found.trials
        if each.configuration.stage == "tree" and each.configuration.hard and each.eligible
    }
    defaults = losses.pop(json.dumps(dict(TreeStage.defaults), sort_keys=True))
    beside = beside_defaults(record, "tree")
    assert len(losses) >= 1
    assert beside == {point: pytest.approx(loss - defaults) for point, loss in losses.items()}


def test_what_ships_with_hpmkd_counts_unless_it_is_switched_off(wine, cancer):
    alone = known(cancer)
    assert alone.facts["search"]["remembered"] == {"logistic": [], "tree": []}
    memory = SharedOptimizationMemory(shipped=True)
    found = known(cancer, **{"memory.shipped": True, "sampler.trials": 1})
    facts = DataFacts(455, 30, 2, 0.95, digest="cancer")
    expected = {stage: [*map(dict, memory.suggest(facts, stage))] for stage in ("logistic", "tree")}
    assert found.facts["search"]["remembered"] == expected
    assert expected["tree"]


def test_the_same_command_again_gives_the_same_student(cancer, tmp_path):
    remember()
    students = []
    for name in ("one", "two"):
        found = known(cancer)
        found.save(tmp_path / name)
        students.append((tmp_path / name / "student.hpmkd").read_bytes())
        recorded = json.loads((tmp_path / name / "run.json").read_text())["search"]
        assert len(recorded["remembered"]["tree"]) >= 1
    assert students[0] == students[1]


def test_another_seed_divides_the_same_data(wine):
    known(wine)
    assert known(wine, seed=1).facts["search"]["remembered"] == {"logistic": [], "tree": []}
    assert len(RecordStore(store_path()).read()) == 1


def test_a_poorer_run_on_the_same_data_erases_nothing(wine):
    known(wine)
    (before,) = RecordStore(store_path()).read()
    known(wine, stages=["tree"], **{"sampler.trials": 1, "sampler.more": 0})
    (after,) = RecordStore(store_path()).read()
    assert {each.stage for each in before.outcomes} == {"logistic", "tree"}
    assert after.outcomes == before.outcomes
    assert after.learned_at > before.learned_at


def test_without_memory_nothing_is_asked_and_nothing_kept(wine, cancer):
    known(wine)
    before = store_path().read_bytes()
    found = known(cancer, memory="none")
    assert found.facts["search"]["remembered"] == {"logistic": [], "tree": []}
    assert store_path().read_bytes() == before


def test_a_damaged_memory_is_set_aside_and_said(wine, cancer):
    known(wine)
    store_path().write_bytes(b"no database" * 100)
    with pytest.warns(MemoryWarning, match="set-aside-1, and a new one begun"):
        found = known(cancer)
    assert found.facts["search"]["remembered"] == {"logistic": [], "tree": []}


def test_a_memory_that_cannot_be_written_costs_a_warning(wine, tmp_path):
    (tmp_path / "kept").write_text("mine")
    with pytest.warns(MemoryWarning, match="is a file; expected the folder of the memory"):
        found = known(wine, **{"memory.folder": str(tmp_path / "kept")})
    assert found.students


def test_outcomes_of_other_data_sets_are_read_once_in_a_run_that_is_resumed(tmp_path):
    class Growing:
        def outcomes(self, facts):
            self.read = getattr(self, "read", 0) + 1
            return [Outcome(facts, Configuration("tree", 1.0, 0.5), 0.1, 0.5)] * self.read

    journal, memory = JournalFile(tmp_path / "journal.db", b"key"), Growing()
    journal.begin({})
    facts = DataFacts(100, 3, 2)
    first = outcomes_elsewhere(memory, facts, journal)
    assert outcomes_elsewhere(memory, facts, journal) == first
    assert memory.read == 1
    journal.close()
