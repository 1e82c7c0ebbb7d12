"""The metrics of a row, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics as sk

from hpmkd.deepbridge.metrics import FIDELITY, QUALITY, closeness, quality


@pytest.fixture(scope="module")
def binary():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    p = np.clip(0.3 + 0.3 * labels + rng.normal(0, 0.2, 200), 0.01, 0.99)
    return np.column_stack([1 - p, p]), labels


@pytest.fixture(scope="module")
def several():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 300)
    scores = rng.normal(size=(300, 3)) + 2 * np.eye(3)[labels]
    return softmax(scores, axis=1), labels


def test_two_classes_are_scored_for_the_second(binary):
    probabilities, labels = binary
    found, predicted = quality(probabilities, labels), probabilities.argmax(axis=1)
    assert set(found) == set(QUALITY)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(labels, predicted))
    assert found["precision"] == pytest.approx(sk.precision_score(labels, predicted))
    assert found["recall"] == pytest.approx(sk.recall_score(labels, predicted))
    assert found["f1"] == found["f1_score"] == pytest.approx(sk.f1_score(labels, predicted))
    assert found["auc_roc"] == pytest.approx(sk.roc_auc_score(labels, probabilities[:, 1]))
    assert found["auc_pr"] == pytest.approx(sk.average_precision_score(labels, probabilities[:, 1]))
    assert found["log_loss"] == pytest.approx(sk.log_loss(labels, probabilities))


def test_more_classes_are_averaged_one_against_the_rest(several):
    probabilities, labels = several
    found, predicted = quality(probabilities, labels), probabilities.argmax(axis=1)
    for name, reference in (
        ("precision", sk.precision_score),
        ("recall", sk.recall_score),
        ("f1", sk.f1_score),
    ):
        assert found[name] == pytest.approx(reference(labels, predicted, average="macro"))
    auc = sk.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    assert found["auc_roc"] == pytest.approx(auc)
    each = [sk.average_precision_score(labels == code, probabilities[:, code]) for code in range(3)]
    assert found["auc_pr"] == pytest.approx(np.mean(each))


def test_rows_of_one_class_have_no_area():
    found = quality(np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([0, 0]))
    assert np.isnan(found["auc_roc"])
    assert np.isnan(found["auc_pr"])
    assert found["accuracy"] == 0.5
    assert found["precision"] == found["recall"] == found["f1"] == 0.0


def test_the_teachers_own_probabilities_have_perfect_fidelity(several):
    probabilities, _ = several
    found = closeness(probabilities, probabilities)
    assert set(found) == set(FIDELITY)
    assert found["kl_divergence"] == pytest.approx(0, abs=1e-12)
    assert found["ks_statistic"] == 0
    assert found["r2_score"] == 1


def test_distance_to_the_teacher_of_two_classes(binary):
    from scipy.stats import ks_2samp

    probabilities, _ = binary
    teacher = np.column_stack([1 - probabilities[:, 1] ** 2, probabilities[:, 1] ** 2])
    found = closeness(probabilities, teacher)
    by_hand = (teacher * np.log(teacher / probabilities)).sum(axis=1).mean()
    assert found["kl_divergence"] == pytest.approx(by_hand)
    expected = ks_2samp(teacher[:, 1], probabilities[:, 1], method="asymp")
    assert found["ks_statistic"] == pytest.approx(expected.statistic)
    assert found["ks_pvalue"] == pytest.approx(expected.pvalue)
    quantiles = sk.r2_score(np.sort(teacher[:, 1]), np.sort(probabilities[:, 1]))
    assert found["r2_score"] == pytest.approx(quantiles)


def test_an_unknown_teacher_has_no_distance(binary):
    assert all(np.isnan(value) for value in closeness(binary[0], None).values())


def test_a_teacher_of_one_mind_explains_nothing():
    flat = np.full((5, 2), 0.5)
    assert closeness(np.array([[0.4, 0.6]] * 5), flat)["r2_score"] == 0
    assert closeness(flat, flat)["r2_score"] == 1
