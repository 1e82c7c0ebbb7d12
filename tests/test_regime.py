"""Where the teachers' knowledge comes from: does the detector find what the data was made to be?"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine, make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hpmkd.components import resolve
from hpmkd.knowledge import fit_and_fuse
from hpmkd.probabilities import row_losses
from hpmkd.recipe import Recipe
from hpmkd.regime import SELF, Regime, detect, worst
from hpmkd.registry import Registry

SEEDS = (0, 1, 2)
DATA = ("breast_cancer", "digits", "noisy")


def rows_of(name, seed):
    """Return a few rows to train on, and many others from the same source."""
    if name == "breast_cancer":
        X, labels = load_breast_cancer(return_X_y=True)
    elif name == "digits":
        X, labels = load_digits(return_X_y=True)
    else:
        X, labels = make_classification(
            2400, 12, n_informative=6, flip_y=0.2, class_sep=0.6, random_state=seed
        )
    order = np.random.default_rng(seed).permutation(len(labels))
    few = order[: len(labels) // 6] if name != "breast_cancer" else order[:230]
    others = np.setdiff1d(order, few)
    return X[few], labels[few], X[others], labels[others]


def forest(seed):
    return RandomForestClassifier(40, random_state=seed)


def out_of_fold(X, labels, seed):
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    return cross_val_predict(forest(seed), X, labels, cv=folds, method="predict_proba")


@pytest.fixture(scope="module")
def detected():
    """What the detector says of each way to come by probabilities, per data set and seed."""
    found = {}
    for name in DATA:
        for seed in SEEDS:
            X, labels, other_X, other_labels = rows_of(name, seed)
            reference = out_of_fold(X, labels, seed)
            in_sample = forest(seed + 10).fit(X, labels)
            on_others = forest(seed + 10).fit(other_X, other_labels)
            every = forest(seed).fit(np.vstack([X, other_X]), np.r_[labels, other_labels])
            given = {
                "self": out_of_fold(X, labels, seed + 10),
                "external": on_others.predict_proba(X),
                "leaking": in_sample.predict_proba(X),
                "leaking, all rows": every.predict_proba(X),
                "leaking, labels": np.eye(labels.max() + 1)[labels],
            }
            for case, probabilities in given.items():
                found[name, case, seed] = detect(probabilities, reference, labels).name
    return found


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("case", ["leaking", "leaking, all rows", "leaking, labels"])
def test_a_forest_that_has_seen_the_labels_is_always_caught(detected, name, case):
    assert {detected[name, case, seed] for seed in SEEDS} == {"leaking"}


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("case", ["self", "external"])
def test_nobody_is_accused_of_leaking_who_does_not(detected, name, case):
    assert "leaking" not in {detected[name, case, seed] for seed in SEEDS}


def test_a_model_of_the_same_rows_is_mostly_called_self(detected):
    said = [detected[name, "self", seed] for name in DATA for seed in SEEDS]
    assert said.count("self") >= len(said) - 1


@pytest.mark.parametrize("name", ["digits", "noisy"])
def test_a_model_of_many_more_rows_is_called_external(detected, name):
    said = [detected[name, "external", seed] for seed in SEEDS]
    assert said.count("external") >= len(said) - 1


def test_the_reason_says_what_was_compared():
    labels = np.arange(100) % 2
    reference = np.where(np.arange(100)[:, None] < 20, 0.5, np.eye(2)[labels] * 0.8 + 0.1)
    reference[:20] = np.eye(2)[1 - labels[:20]]
    regime = detect(np.eye(2)[labels] * 0.98 + 0.01, reference, labels)
    assert regime.name == "leaking"
    assert "right on 100.0% of the rows and on 100.0% of the 20" in regime.reason
    assert "has seen these labels" in regime.reason


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


def fused(probabilities, X, labels):
    """Calibrate as a run does before it compares."""
    registry = Registry.installed()
    fuser = resolve(Recipe.load("hpm"), registry).fuser
    said = np.stack([probabilities])
    return fit_and_fuse(fuser, said, labels, X)


def easy(name):
    """Return rows of which a cross-validated model gets fewer than five wrong."""
    X, labels = {"wine": load_wine, "breast_cancer": load_breast_cancer}[name](return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    reference = cross_val_predict(model, X, labels, cv=folds, method="predict_proba")
    if name == "breast_cancer":
        wrong = np.flatnonzero(reference.argmax(axis=1) != labels)[:2]
        rows = np.r_[np.flatnonzero(row_losses(reference, labels) < 0.3)[:200], wrong]
        X, labels = X[rows], labels[rows]
        reference = cross_val_predict(model, X, labels, cv=folds, method="predict_proba")
    assert 0 < (reference.argmax(axis=1) != labels).sum() < 5
    return X, labels, fused(reference, X, labels)


@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
def test_on_easy_data_certainty_betrays_the_labels_themselves(name):
    X, labels, reference = easy(name)
    told = np.eye(labels.max() + 1)[labels]
    for said in (told, fused(told, X, labels), told * 0.9999 + 0.0001 / told.shape[1]):
        regime = detect(said, reference, labels)
        assert regime.name == "leaking"
        assert "so sure is only who has seen these labels" in regime.reason


@pytest.mark.parametrize("seed", SEEDS)
def test_on_easy_data_certainty_betrays_a_forest_that_has_seen_the_labels(seed):
    X, labels, reference = easy("wine")
    said = forest(seed).fit(X, labels).predict_proba(X)
    assert detect(fused(said, X, labels), reference, labels).name == "leaking"


@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
@pytest.mark.parametrize("seed", SEEDS)
def test_on_easy_data_nobody_honest_is_accused(name, seed):
    X, labels, reference = easy(name)
    honest = fused(out_of_fold(X, labels, seed), X, labels)
    assert detect(honest, reference, labels).name != "leaking"
    half = np.arange(len(labels)) % 2 == 0
    model = forest(seed).fit(X[half], labels[half])
    told = fused(model.predict_proba(X[~half]), X[~half], labels[~half])
    assert detect(told, reference[~half], labels[~half]).name != "leaking"


def test_where_nobody_doubts_nobody_is_accused():
    labels = np.arange(60) % 3
    certain = np.eye(3)[labels] * 0.9997 + 0.0001
    assert detect(np.eye(3)[labels], certain, labels).name != "leaking"


def judged(right_of_mistakes):
    """Detect a teacher that is right on so many of the 40 rows that the reference gets wrong."""
    labels = np.zeros(400, dtype=int)
    reference = np.tile([0.7, 0.3], (400, 1))
    reference[:40] = [0.3, 0.7]
    given = np.tile([0.9, 0.1], (400, 1))
    given[right_of_mistakes:40] = [0.3, 0.7]
    return detect(given, reference, labels)


def test_a_teacher_that_may_have_seen_labels_is_warned_of():
    found = judged(30)
    assert found.name == "external"
    assert "trained on some of them" in found.warning


def test_a_teacher_that_shares_most_mistakes_is_not_accused():
    found = judged(10)
    assert (found.name, found.warning) == ("external", "")


def test_a_leak_is_warned_of():
    found = judged(40)
    assert found.name == "leaking"
    assert "alpha is kept below 1" in found.warning
