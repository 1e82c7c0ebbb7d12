"""Whole runs whose fuser looks at the current student, round by round."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

import hpmkd
from hpmkd_defaults.caches.memory import MemoryCache

RNG = np.random.default_rng(0)
X = RNG.normal(size=(900, 2))
Y = (RNG.random(900) < 1 / (1 + np.exp(-3 * X.sum(axis=1)))).astype(int)
LABELLED, OTHERS, TEST = slice(0, 150), slice(150, 700), slice(700, 900)
#: A tree learns more from a smooth teacher on many rows than from few labels.
TEACHERS = {"line": LogisticRegression(), "near": KNeighborsClassifier(15)}
SETTINGS = {
    "stages": ["tree"],
    "split.folds": 3,
    "sampler.trials": 1,
    "front.size": 0,
    "memory": "none",
    "reference.name": "quick",
    "fuser.gated": False,
}
SEEING = {"fuser.student_state": True}


class Heard:
    def __init__(self):
        self.notes, self.numbers = [], []

    @hpmkd.hookimpl
    def hpmkd_noted(self, note):
        self.notes.append(note)

    @hpmkd.hookimpl
    def hpmkd_trial_finished(self, trial):
        self.numbers.append(trial.number)


def run(cache=None, **settings):
    heard = Heard()
    found = hpmkd.distill(
        *(X[LABELLED], Y[LABELLED]),
        X_test=X[TEST],
        y_test=Y[TEST],
        X_unlabeled=X[OTHERS],
        teacher=TEACHERS,
        settings={**SETTINGS, **settings},
        observers=[heard],
        cache=MemoryCache() if cache is None else cache,
    )
    return found, heard


def bits(found):
    students = {name: each.to_bytes() for name, each in found.students.items()}
    losses = [(each.configuration.key, each.row_losses.tobytes()) for each in found.trials]
    return students, losses, found.knowledge.soft_targets.tobytes(), found.verdict


@pytest.fixture(scope="module")
def cache():
    return MemoryCache()


@pytest.fixture(scope="module")
def rounds(cache):
    return run(cache, **SEEING, **{"search.rounds": 2})


def test_the_student_changes_what_is_fused_and_nothing_on_hard_labels(rounds, cache):
    blind, _ = run(cache)
    seeing, heard = run(cache, **SEEING)
    assert blind.counts["models_trained"] == seeing.counts["models_trained"]
    targets = [each.knowledge.soft_targets for each in (blind, seeing)]
    assert not np.array_equal(*targets)
    np.testing.assert_allclose(targets[1].sum(axis=1), 1.0)
    hard = [
        [each.row_losses.tobytes() for each in found.trials if each.configuration.hard]
        for found in (blind, seeing)
    ]
    assert hard[0] == hard[1]
    assert not any("student" in note for note in heard.notes)


def test_a_further_round_is_behind_a_gate(rounds):
    found, heard = rounds
    (decision,) = [each for each in found.gates if each.name == "round 2"]
    assert "one standard error" in decision.reason
    # Trials of both rounds were counted, each with a number of its own.
    assert heard.numbers == list(range(len(heard.numbers)))
    kept = {each.number for each in found.trials}
    assert kept < set(heard.numbers)
    assert "in round 2" in found.facts["search"]["ended"] or not decision.passed


def test_a_second_run_computes_nothing_anew_and_finds_the_same_bits(rounds, cache):
    found, _ = rounds
    again, _ = run(cache, **SEEING, **{"search.rounds": 2})
    assert again.counts["cache_misses"] == 0
    assert bits(again) == bits(found)


def test_where_rows_with_labels_have_soft_targets_the_student_is_cross_fitted_for_each_fold():
    pairs = {"search.alphas.self": [0.0, 0.5]}
    found, heard = run(**pairs, **SEEING, **{"search.rounds": 2})
    blind, _ = run(**pairs)
    # In three parts of the rows outside each of three folds.
    assert found.counts["models_trained"] >= 3 * 3 + len(heard.numbers)
    assert not np.array_equal(found.knowledge.soft_targets, blind.knowledge.soft_targets)
    assert any(note.startswith("there is no round 2: ") for note in heard.notes)


def test_where_the_budget_has_no_room_the_run_says_so():
    pairs = {"search.alphas.self": [0.0, 0.5]}
    _, heard = run(**pairs, **SEEING, **{"budget.models": 15})
    (note,) = [each for each in heard.notes if "looks at the teachers alone" in each]
    assert "it takes" in note


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "the fuser does not look at the student"),
        ({**SEEING, "split.once_above": 100}, "one holdout chooses"),
    ],
)
def test_without_a_student_to_show_there_is_one_round(settings, reason):
    found, heard = run(**settings, **{"search.rounds": 2})
    assert any(note.startswith(f"there is no round 2: {reason}") for note in heard.notes)
    assert not [each for each in found.gates if each.name == "round 2"]
