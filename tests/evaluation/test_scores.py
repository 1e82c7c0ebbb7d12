from __future__ import annotations

import numpy as np
import pytest
from scipy.special import rel_entr
from sklearn import metrics

from hpmkd.data.probabilities import row_losses
from hpmkd.evaluation.scores import best_temperature, fidelity, score
from hpmkd.kernels import soften


def problem(n_classes, n=300, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n)
    logits = rng.normal(size=(n, n_classes)) + 1.5 * np.eye(n_classes)[labels]
    matrix = np.exp(logits)
    return matrix / matrix.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_scores_are_those_of_scikit_learn(n_classes):
    matrix, labels = problem(n_classes)
    predicted = matrix.argmax(axis=1)
    found = score(matrix, labels)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(labels, predicted))
    assert found.log_loss == pytest.approx(metrics.log_loss(labels, matrix))
    assert found.macro_f1 == pytest.approx(metrics.f1_score(labels, predicted, average="macro"))
    scored = matrix[:, 1] if n_classes == 2 else matrix
    expected = metrics.roc_auc_score(labels, scored, multi_class="ovr", average="macro")
    assert found.auc == pytest.approx(expected)
    balanced = metrics.balanced_accuracy_score(labels, predicted)
    assert found.balanced_accuracy == pytest.approx(balanced)


def test_a_class_that_is_missing_from_the_test_rows_does_not_matter():
    matrix, labels = problem(4)
    some = labels != 2
    found = score(matrix[some], labels[some])
    assert found.log_loss == pytest.approx(
        metrics.log_loss(labels[some], matrix[some], labels=range(4))
    )
    each = [metrics.roc_auc_score(labels[some] == k, matrix[some, k]) for k in (0, 1, 3)]
    assert found.auc == pytest.approx(np.mean(each))
    assert 0 < found.macro_f1 <= 1


def test_one_class_has_no_area_under_its_curve():
    matrix, _ = problem(3)
    found = score(matrix, np.zeros(300, dtype=int))
    assert found.auc is None
    assert np.isfinite([found.accuracy, found.log_loss, found.macro_f1]).all()


def test_a_perfect_model_scores_perfectly():
    labels = np.arange(30) % 3
    found = score(np.eye(3)[labels], labels)
    assert (found.accuracy, found.log_loss, found.macro_f1, found.auc) == (1, 0, 1, 1)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_fidelity_is_kullback_leibler_and_agreement(n_classes):
    teacher, _ = problem(n_classes, seed=1)
    student, _ = problem(n_classes, seed=2)
    found = fidelity(teacher, student)
    assert found.kl == pytest.approx(rel_entr(teacher, student).sum(axis=1).mean(), rel=1e-5)
    assert found.agreement == pytest.approx((teacher.argmax(1) == student.argmax(1)).mean())


def test_a_perfect_copy_is_faithful_also_where_probabilities_are_zero():
    teacher = np.array([[1.0, 0.0], [0.3, 0.7]])
    found = fidelity(teacher, teacher)
    assert found.kl == pytest.approx(0, abs=1e-9)
    assert found.agreement == 1


def test_a_student_that_rules_out_what_the_teacher_says_has_a_finite_distance():
    found = fidelity(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]]))
    assert np.isfinite(found.kl)
    assert found.kl > 1


def loss_at(matrix, labels, temperature):
    return row_losses(soften(matrix, temperature), labels).mean()


@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_the_best_temperature_is_the_best_of_many(n_classes):
    matrix, labels = problem(n_classes)
    for blunted in (0.3, 1.0, 2.5):
        given = soften(matrix, blunted)
        found = best_temperature(given, labels)
        losses = [loss_at(given, labels, each) for each in np.geomspace(0.05, 20, 400)]
        assert loss_at(given, labels, found) <= min(losses) + 1e-6


@pytest.mark.parametrize("tempered", [0.5, 1.7, 3.0])
def test_what_is_left_at_the_best_temperature_does_not_depend_on_tempering(tempered):
    matrix, labels = problem(3)
    before, after = best_temperature(matrix, labels), soften(matrix, tempered)
    found = best_temperature(after, labels)
    assert found * tempered == pytest.approx(before, rel=0.01)
    assert loss_at(after, labels, found) == pytest.approx(loss_at(matrix, labels, before), abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_temperature_is_never_worse_than_none(seed):
    matrix, labels = problem(4, n=40, seed=seed)
    hard = np.eye(4)[matrix.argmax(axis=1)]
    for given in (matrix, hard, np.full((40, 4), 0.25), np.eye(4)[labels]):
        found = best_temperature(given, labels)
        assert 0.05 <= found <= 20
        assert loss_at(given, labels, found) <= loss_at(given, labels, 1.0)


def test_a_model_that_is_calibrated_to_the_rows_keeps_its_temperature():
    matrix, labels = problem(3)
    calibrated = soften(matrix, best_temperature(matrix, labels))
    assert best_temperature(calibrated, labels) == pytest.approx(1.0, abs=0.01)
