"""Where the teachers' knowledge comes from: does the detector find what the data was made to be?"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_wine,
    make_classification,
)
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hpmkd.data.probabilities import row_losses
from hpmkd.knowledge.fusion import fit_and_fuse
from hpmkd.knowledge.regime import SELF, Regime, detect, worst
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import resolve
from hpmkd.registry.registry import Registry

SEEDS = (0, 1, 2)
DRAWS = range(6)
#: Rows at hand. Only the digits leave others enough to know more.
DATA = {"digits": 200, "breast_cancer": 230, "diabetes": 300}


def rows_of(name, seed):
    """Return a few rows to train on, and the others from the same source."""
    loaders = {
        "digits": load_digits,
        "breast_cancer": load_breast_cancer,
        "diabetes": load_diabetes,
    }
    X, labels = loaders[name](return_X_y=True)
    if name == "diabetes":  # how far the disease went: further than in most patients?
        labels = (labels > np.median(labels)).astype(int)
    order = np.random.default_rng(seed).permutation(len(labels))
    few, others = order[: DATA[name]], order[DATA[name] :]
    return X[few], labels[few], X[others], labels[others]


def forest(seed, n_trees=100, **settings):
    return RandomForestClassifier(n_trees, random_state=seed, **settings)


def out_of_fold(X, labels, seed, model=None):
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    model = forest(seed, 20) if model is None else model
    return cross_val_predict(model, X, labels, cv=folds, method="predict_proba")


def panel(X, labels, seed):
    """Return a reference of two kinds of models, as the panel of a run is of several."""
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    both = [out_of_fold(X, labels, seed), out_of_fold(X, labels, seed, linear)]
    return fused(np.mean(both, axis=0), X, labels)


@pytest.fixture(scope="module")
def detected():
    """What the detector finds of each source of probabilities, per data set, in all draws."""
    found = {}
    for name in DATA:
        for seed in DRAWS:
            X, labels, other_X, other_labels = rows_of(name, seed)
            reference = panel(X, labels, seed)
            in_sample = forest(seed + 10).fit(X, labels)
            on_others = forest(seed + 10).fit(other_X, other_labels)
            given = {
                "self": out_of_fold(X, labels, seed + 10),
                "external": on_others.predict_proba(X),
                "leaking": in_sample.predict_proba(X),
                "leaking, labels": np.eye(labels.max() + 1)[labels],
            }
            for case, probabilities in given.items():
                regime = detect(fused(probabilities, X, labels), reference, labels)
                found.setdefault((name, case), []).append(regime.name)
    return found


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("case", ["leaking", "leaking, labels"])
def test_a_forest_that_has_seen_the_labels_is_always_caught(detected, name, case):
    assert detected[name, case] == ["leaking"] * len(DRAWS)


@pytest.mark.parametrize("name", DATA)
def test_a_model_of_the_same_rows_is_always_called_self(detected, name):
    assert detected[name, "self"] == ["self"] * len(DRAWS)


def test_a_model_of_many_more_rows_is_always_called_external(detected):
    assert detected["digits", "external"] == ["external"] * len(DRAWS)


@pytest.mark.parametrize("name", DATA)
def test_external_teachers_are_not_recognised_as_leaking(detected, name):
    assert "leaking" not in detected[name, "external"]


def noisy(seed):
    """Return 500 rows with noisy labels, and 3,000 others."""
    X, labels = make_classification(
        3500, 12, n_informative=6, flip_y=0.2, class_sep=0.8, random_state=seed
    )
    return X[:500], labels[:500], X[500:], labels[500:]


@pytest.mark.parametrize("seed", SEEDS)
def test_on_noisy_labels_a_regularised_forest_that_has_seen_them_is_caught(seed):
    X, labels, other_X, other_labels = noisy(seed)
    reference = fused(out_of_fold(X, labels, seed), X, labels)

    def regime_of(model):
        return detect(fused(model.predict_proba(X), X, labels), reference, labels)

    mild = regime_of(forest(seed, min_samples_leaf=5).fit(X, labels))
    assert mild.name == "leaking"
    assert mild.evidence.on_mistakes < 0.97
    assert "the labels lean away from that model" in mild.reason
    honest = regime_of(forest(seed, min_samples_leaf=5).fit(other_X, other_labels))
    assert honest.name == "external"


def test_the_reason_says_what_was_compared():
    labels = np.arange(100) % 2
    reference = np.where(np.arange(100)[:, None] < 20, 0.5, np.eye(2)[labels] * 0.8 + 0.1)
    reference[:20] = np.eye(2)[1 - labels[:20]]
    regime = detect(np.eye(2)[labels] * 0.98 + 0.01, reference, labels)
    assert regime.name == "leaking"
    assert "right on 100.0% of the rows and on 100.0% of the 20" in regime.reason
    assert "has seen these labels" in regime.reason
    assert "alpha is kept below 1" in regime.warning


def test_a_reference_that_is_always_right_is_no_evidence_of_a_leak():
    labels = np.arange(60) % 3
    sure, surer = np.eye(3)[labels] * 0.7 + 0.1, np.eye(3)[labels] * 0.97 + 0.01
    assert detect(surer, sure, labels).name == "external"
    assert detect(sure, sure, labels).name == "self"
    assert detect(sure, surer, labels).name == "self"


def test_a_teacher_that_knows_nothing_is_self():
    labels = np.random.default_rng(0).integers(0, 2, 200)
    uniform = np.full((200, 2), 0.5)
    assert detect(uniform, uniform, labels).name == "self"


def test_several_teachers_share_the_worst_regime():
    external, leaking = Regime("external", "e"), Regime("leaking", "l")
    assert worst([]) is SELF
    assert worst([SELF, external]) is external
    assert worst([leaking, external, SELF]) is leaking


FUSER = resolve(Recipe.load("hpm"), Registry.installed()).fuser


def fused(probabilities, X, labels):
    """Calibrate as a run does before it compares."""
    return fit_and_fuse(FUSER, np.stack([probabilities]), labels, X)


def easy(name):
    """Return rows of which a cross-validated model gets fewer than five wrong."""
    X, labels = {"wine": load_wine, "breast_cancer": load_breast_cancer}[name](return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    reference = out_of_fold(X, labels, 0, model)
    if name == "breast_cancer":
        wrong = np.flatnonzero(reference.argmax(axis=1) != labels)[:2]
        rows = np.r_[np.flatnonzero(row_losses(reference, labels) < 0.3)[:200], wrong]
        X, labels = X[rows], labels[rows]
        reference = out_of_fold(X, labels, 0, model)
    assert 0 < (reference.argmax(axis=1) != labels).sum() < 5
    return X, labels, fused(reference, X, labels)


@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
def test_on_easy_data_certainty_betrays_the_labels_themselves(name):
    X, labels, reference = easy(name)
    certain = np.eye(labels.max() + 1)[labels]
    less = certain * 0.9999 + 0.0001 / certain.shape[1]
    for given in (certain, fused(certain, X, labels), less):
        regime = detect(given, reference, labels)
        assert regime.name == "leaking"
        assert "only a model that has seen these labels is so sure" in regime.reason


@pytest.mark.parametrize("seed", SEEDS)
def test_on_easy_data_certainty_betrays_a_forest_that_has_seen_the_labels(seed):
    X, labels, reference = easy("wine")
    given = forest(seed).fit(X, labels).predict_proba(X)
    assert detect(fused(given, X, labels), reference, labels).name == "leaking"


@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
@pytest.mark.parametrize("seed", SEEDS)
def test_on_easy_data_nobody_honest_is_accused(name, seed):
    X, labels, reference = easy(name)
    honest = fused(out_of_fold(X, labels, seed), X, labels)
    assert detect(honest, reference, labels).name != "leaking"
    half = np.arange(len(labels)) % 2 == 0
    model = forest(seed).fit(X[half], labels[half])
    given = fused(model.predict_proba(X[~half]), X[~half], labels[~half])
    assert detect(given, reference[~half], labels[~half]).name != "leaking"


def test_certain_teachers_and_references_are_not_leaking():
    labels = np.arange(60) % 3
    certain = np.eye(3)[labels] * 0.9997 + 0.0001
    assert detect(np.eye(3)[labels], certain, labels).name != "leaking"


def test_one_row_without_a_vote_for_its_class_does_not_hide_what_a_teacher_knows():
    labels = np.zeros(400, dtype=int)
    labels[::10] = 1
    reference = np.tile([0.7, 0.3], (400, 1))
    knows = np.tile([0.9, 0.1], (400, 1))
    knows[0] = [1.0, 0.0]
    found = detect(knows, reference, labels)
    gain = row_losses(reference, labels) - row_losses(knows, labels)
    assert gain.mean() < gain.std(ddof=1) / np.sqrt(400)
    assert found.name == "external"
    assert found.evidence.gain > 2 * found.evidence.error


def judged(n_doubted):
    """Detect a calibrated teacher of 400 rows, some of which a reference doubts.

    It gives the first class .9, and nine in ten are of it, among the doubted ones, too.
    """
    labels = (np.arange(400) % 10 == 0).astype(int)
    reference = np.tile([0.7, 0.3], (400, 1))
    reference[:n_doubted] = [0.3, 0.7]
    return detect(np.tile([0.9, 0.1], (400, 1)), reference, labels)


def test_a_teacher_that_may_have_seen_labels_is_warned_of():
    found = judged(80)
    assert found.name == "external"
    assert "trained on some of them" in found.warning


def test_a_teacher_that_shares_most_mistakes_is_not_accused():
    found = judged(20)
    assert (found.name, found.warning) == ("external", "")
