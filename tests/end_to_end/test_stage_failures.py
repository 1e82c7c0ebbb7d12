"""Ensemble distillation with a stage that fails on some fits, and its extra rows."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import hpmkd
from hpmkd_defaults.stages.tree import TreeStage

#: Of 142 training rows of wine, a selection split has 94 or 95 to fit on, a fold of the collapse 62
#: to 64.
FEW = 70
#: What no student tells well by itself, so that two are better together.
COLUMNS = [1, 3, 7]
LIGHT = {
    "front.size": 0,
    "augmenter.name": "none",
    "sampler.name": "grid",
    "sampler.trials": 1,
    "budget.models": 0,
    "split.folds": 3,
    "search.alphas.self": [1.0],
    "stages": ["logistic", "moody"],
    "ensemble.collapse": True,
}


WITHOUT = {"ensemble.collapse": False}


class Moody(TreeStage):
    """A tree that may fail on few rows; hard labels never win."""

    fails: ClassVar[bool] = False
    heard: ClassVar[list[tuple[int, bool]]] = []

    def fit(self, inputs):
        if Moody.fails and len(inputs.labels) < FEW:
            raise ArithmeticError("not in the mood")
        if inputs.configuration.hard:
            inputs = replace(inputs, labels=np.roll(inputs.labels, 7))
        else:
            Moody.heard.append((len(inputs.labels), inputs.extra is not None))
        return super().fit(inputs)


class Plugin:
    @hpmkd.hookimpl
    def hpmkd_stages(self):
        return [hpmkd.Offer("moody", Moody, "a tree with moods")]


def distil(wine, fails, **options):
    """Return a run and the plugin warnings of it."""
    Moody.fails = fails
    Moody.heard.clear()
    settings = {**LIGHT, **options.pop("settings", {})}
    given = {"teacher": GaussianNB(), "workers": 1, "observers": [Plugin()], **options}
    X, y = wine
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = hpmkd.distill(X[:, COLUMNS], y, settings=settings, **given)
    said = [str(each.message) for each in caught if each.category is hpmkd.PluginWarning]
    return found, said


BLAMED = "plugin 'observer-0': stage 'moody' failed in fit: ArithmeticError: not in the mood"


def collapse_of(found):
    (decision,) = [gate for gate in found.gates if gate.name == "collapse"]
    return decision


def test_a_member_that_fails_inside_the_collapse_costs_the_collapse_only(wine):
    found, said = distil(wine, True)
    assert said == []
    assert "moody" in found.facts["ensemble"]["members"]
    # What the others were fitted for, before the collapse was given up, counts all the same:
    # the first member in three folds.
    trained = found.counts["models_trained"]
    assert trained == 3 + distil(wine, True, settings=WITHOUT)[0].counts["models_trained"]
    decision = collapse_of(found)
    assert not decision.passed
    assert decision.reason.startswith(BLAMED)
    assert "collapsed" not in found.students


@pytest.mark.parametrize("source", ["real", "made", "none"])
def test_members_hear_of_no_extra_rows_in_the_collapse(wine, source):
    options = {
        "real": {"X_unlabeled": wine[0][:, COLUMNS] * 1.01},
        "made": {"settings": {"augmenter.name": "munge"}},
        "none": {},
    }[source]
    found, _ = distil(wine, False, **options)
    assert "moody" in found.facts["ensemble"]["members"]
    # Teachers labelled those rows that saw the labels of the held rows.
    assert {heard for n, heard in Moody.heard if n < FEW} == {False}
    assert {heard for n, heard in Moody.heard if n >= FEW} >= {source != "none"}
