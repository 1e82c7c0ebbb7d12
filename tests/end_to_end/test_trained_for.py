"""The purposes of models that a run reports, beside every fit that really happens."""

from __future__ import annotations

from collections import Counter

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import hpmkd
from hpmkd.evaluation.verdict import OWN
from hpmkd.report.summary import efforts, purposes
from hpmkd.training.fit import FitContext

#: The proposal, small: a sample of 3, the 4 most promising of 16 with 3 trials each, one link.
SMALL = {
    "stages": ["logistic", "tree"],
    "chain": [{"stage": "logistic"}, {"stage": "tree", "transfer": "mix"}],
    "scheduler": "constant",
    "memory": "none",
    "cache.disk": False,
    "ensemble.top": 0,
    "sampler.initial": 3,
    "sampler.configs": 4,
    "sampler.trials": 3,
    "search.temperatures": [0.5, 1.0],
    "search.alphas.self": [0.3, 0.5, 0.7, 0.9],
    "search.stop.window": 0,
    "search.racing": False,
}
ONE, FOLDS = {"split.once_above": 99}, {"split.folds": 3}


@pytest.fixture
def fits(monkeypatch):
    """Every fit of a student, as it happens, independent of the engine's counts."""
    fitted = []
    plain = FitContext.fit

    def fit(self, training, configuration, *more, **named):
        fitted.append((configuration, len(training.labels)))
        return plain(self, training, configuration, *more, **named)

    monkeypatch.setattr(FitContext, "fit", fit)
    return fitted


def distil(cancer, settings, **options):
    few = tuple(each[:200] for each in cancer)
    teacher = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    return hpmkd.distill(*few, teacher=teacher, settings=settings, **options)


@pytest.mark.parametrize(("split", "folds"), [(ONE, 1), (FOLDS, 3)])
def test_each_purpose_of_the_proposal(cancer, fits, split, folds):
    found = distil(cancer, {**SMALL, **split}, recipe="proposal")
    took = found.counts["trained_for"]
    assert list(took) == ["controls", "sample", "tuning", "links", "refits"]
    assert took["sample"] == {"configurations": 3, "trials": 3, "models": 3 * folds}
    assert took["tuning"] == {"configurations": 4, "trials": 4 * 3, "models": 12 * folds}
    # Three trials of each stage, and the twins of what won that were not among them.
    hard = {each.configuration.key for each in found.trials if each.configuration.hard}
    assert 3 * 2 <= len(hard) <= 3 * 2 + 2
    controls = {"configurations": 2, "trials": len(hard), "models": len(hard) * folds}
    own = took["controls"]["models"] - controls["models"]  # the self-distillation control
    assert own == (OWN in {arm.name for arm in found.verdict.arms})
    assert took["controls"] == {**controls, "models": controls["models"] + own}
    # Four alphas; in each split the stage before, and three times out of fold.
    assert took["links"] == {"configurations": 4, "trials": 4, "models": (4 + 1 + 3) * folds}
    # Each stage's best and its control on all 160 training rows, with what they build on.
    assert took["refits"]["trials"] == 0
    everything = sum(each["models"] for each in took.values())
    assert everything == found.counts["models_trained"] == len(fits)


def test_tuned_are_4_configurations_of_3_trials(cancer, fits):
    found = distil(cancer, {**SMALL, **ONE}, recipe="proposal")
    tuned = Counter(
        (each.stage, each.temperature, each.alpha)
        for trial in found.trials
        if (each := trial.configuration).soft and each.share == 1 and each.after is None
    )
    assert list(tuned.values()) == [3] * 4
    assert {stage for stage, *_ in tuned} == {"logistic", "tree"}
    share = {len_ for each, len_ in fits if each.share < 1}
    assert share == {round(0.3 * 120)}


def test_screen_and_report_show_them(cancer):
    found = distil(cancer, {**SMALL, **ONE}, recipe="proposal")
    shown = purposes(found.counts)
    assert shown["sample"] == "3 (3 configurations, 3 trials)"
    assert shown["tuning"] == "12 (4 configurations, 12 trials)"
    assert shown["refits"] == str(found.counts["trained_for"]["refits"]["models"])
    rows = [[each.text for each in row] for row in efforts(found).rows]
    assert ["sample", "3", "3", "3"] in rows


def test_hpm_counts_as_well(cancer, fits):
    light = {"stages": ["logistic", "tree"], "memory": "none", "cache.disk": False}
    found = distil(cancer, {**light, "augmenter": "none", "front.size": 0, "split.folds": 3})
    took = found.counts["trained_for"]
    assert set(took) <= {"controls", "tuning", "refits"}
    assert sum(each["models"] for each in took.values()) == len(fits)
