"""No student that is judged on a row has seen its label, by any way a label may take.

A teacher that knows by heart what it has seen would carry labels that mean nothing to students,
who would then seem to know them. Such labels have the entropy of the class shares, and no honest
loss on the selection rows lies clearly below it.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import hpmkd
from hpmkd.knowledge.builder import KnowledgeBuilder
from hpmkd.knowledge.student_state import StudentState
from tests.end_to_end.memoriser import Memoriser
from tests.end_to_end.one_answer import OneAnswer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 4))
Y = RNG.integers(0, 2, 240)
X_TEST, Y_TEST = RNG.normal(size=(60, 4)), RNG.integers(0, 2, 60)
SHARES = np.bincount(Y) / len(Y)
ENTROPY = float(-(SHARES * np.log(SHARES)).sum())
#: What the luckiest of some thirty honest trials may gain, in nats: twice what it was seen to.
#: The weakest leak below gains three times as much.
LUCK = 0.02
#: Real rows without labels that lie where the training rows do: who has seen these labels them.
TWINS = X + 1e-3 * RNG.normal(size=X.shape)
SETTINGS = {"memory": "none", "front.size": 0, "budget.models": 0}
PAIRS = {"search.alphas.self": [0.0, 0.5, 1.0]}
CHAIN = [
    {"stage": "logistic"},
    {"stage": "tree", "transfer": "mix"},
    {"stage": "gbm", "transfer": "residual", "after": "logistic"},
]
#: Attention that sees the student is used whether or not it pays, and in every round.
SEEING = {"fuser.gated": False, "fuser.student_state": True, "search.rounds": 2}
#: Of one teacher there is nothing to weigh; which of these is right, a student that leaks tells.
OPPOSITES = {"never": OneAnswer(0), "always": OneAnswer(1)}
#: Settings, and rows without labels.
WAYS = {
    "made rows": ({}, None),
    "real rows": ({}, TWINS),
    "soft targets": (PAIRS, None),
    "soft targets alone": ({**PAIRS, "augmenter.name": "none"}, None),
    "the chain": ({**PAIRS, "chain": CHAIN}, None),
}


class Trials(list):
    @hpmkd.hookimpl
    def hpmkd_trial_finished(self, trial):
        self.append(trial)


def lowest(way, fuser, fusing=None, teacher=None, **more):
    """Return the lowest loss of students that learnt from the teacher, above the entropy."""
    settings, unlabeled = WAYS[way]
    trials = Trials()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hpmkd.PluginWarning)
        found = hpmkd.distill(
            *(X, Y),
            X_test=X_TEST,
            y_test=Y_TEST,
            X_unlabeled=unlabeled,
            teacher=teacher or Memoriser(),
            settings={**SETTINGS, **settings, **(fusing or {}), "fuser.name": fuser},
            observers=[trials],
            **more,
        )
    soft = [each for each in trials if not each.configuration.hard and each.failure is None]
    assert soft
    if way == "the chain":
        assert any(each.configuration.after for each in soft)
    losses = [each.log_loss for each in soft]
    # The pool, too, where there is one.
    losses += [each.selection_log_loss for each in found.front if each.role == "ensemble"]
    return min(losses) - ENTROPY


#: Weights give no voice to a teacher that knows nothing; the mean gives it all the same.
@pytest.mark.parametrize("fuser", ["mean", "attention"])
@pytest.mark.parametrize("way", WAYS)
def test_labels_that_mean_nothing_are_not_predicted(way, fuser):
    assert lowest(way, fuser) > -LUCK


@pytest.mark.parametrize("way", ["made rows", "real rows", "soft targets alone"])
def test_nor_by_way_of_the_student_that_attention_looks_at(way):
    assert lowest(way, "attention", SEEING, OPPOSITES) > -LUCK


def leaking(self, held, predictions, pairs):
    """Let the models of all folds label what students learn from: some have seen fold `held`."""
    outside = np.flatnonzero(self.predictor.fold_of_row != held)
    fusion = self._fusion(predictions.out_of_fold()[:, outside], outside)
    soft_targets = None if pairs is None else fusion.own()[0]
    return soft_targets, self._labelled(self.queries.extra, predictions.extra(), fusion, None)


@pytest.mark.parametrize("way", WAYS)
def test_a_leak_would_show(way, monkeypatch):
    monkeypatch.setattr(KnowledgeBuilder, "outside", leaking)
    assert lowest(way, "mean", student=None if way == "the chain" else "gbm") < -3 * LUCK


def test_a_student_that_leaks_would_show(monkeypatch):
    def by_heart(labels):
        return np.where(np.eye(2)[labels] > 0, 0.95, 0.05)

    monkeypatch.setattr(StudentState, "of", lambda self, rows, held=None: by_heart(Y[rows]))
    # The rows without labels are twins of the training rows.
    monkeypatch.setattr(StudentState, "extra", lambda self, held=None: by_heart(Y))
    monkeypatch.setattr(StudentState, "test", lambda self: by_heart(Y_TEST))
    assert lowest("real rows", "attention", SEEING, OPPOSITES, student="gbm") < -3 * LUCK
