"""Attention that sees the current student: what it reads, and where the weights go."""

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from hpmkd_defaults.fusers.attention import AttentionWeightedMultiTeacher
from hpmkd_defaults.fusers.calibrated_members import Members
from hpmkd_defaults.fusers.row_scores import FEATURES, RIDGE, Scorer, features
from hpmkd_defaults.fusers.student_features import STUDENT_FEATURES, StudentReader, looked_at
from hpmkd_defaults.fusers.two_pools import PoolFuser

N = 1200
OLD, NEW = slice(0, N // 2), slice(N // 2, N)


def saying(rng, labels, share_right):
    """Probabilities of two classes that name the right one in such a share of the rows."""
    n = len(labels)
    named = np.where(rng.random(n) < share_right, labels, 1 - labels)
    sure = rng.uniform(0.6, 0.9, n)
    found = np.empty((n, 2))
    found[np.arange(n), named], found[np.arange(n), 1 - named] = sure, 1 - sure
    return found


def region_case(seed):
    """A student that errs in a region, where the second teacher is right."""
    rng = np.random.default_rng(seed)
    table, labels = rng.normal(size=(N, 3)), rng.integers(0, 2, N)
    errs = table[:, 0] > 0.7
    student = saying(rng, labels, np.where(errs, 0.2, 0.9))
    first = saying(rng, labels, np.where(errs, 0.3, 0.85))
    second = saying(rng, labels, np.where(errs, 0.9, 0.6))
    return np.stack([first, second]), labels, table, student, errs


def fitted(case, student_state, **settings):
    said, labels, table, student, _ = case
    given = {"student_state": student[OLD]} if student_state else {}
    fuser = AttentionWeightedMultiTeacher(student_state=True, **settings)
    return fuser.fit(said[:, OLD], labels[OLD], table[OLD], **given)


def loss(fused, labels):
    return -np.log(fused.probabilities[np.arange(len(labels)), labels]).mean()


class TestStudentThatErrsInARegion:
    @pytest.mark.parametrize("seed", range(3))
    def test_the_teacher_that_is_right_there_gets_more_weight(self, seed):
        case = region_case(seed)
        said, labels, table, student, errs = case
        seeing, blind = fitted(case, student_state=True), fitted(case, student_state=False)
        assert seeing.gate.accepted
        fused = seeing.fuse(said[:, NEW], table[NEW], student_state=student[NEW])
        second = fused.weights[:, 1]
        assert second[errs[NEW]].mean() > second[~errs[NEW]].mean() + 0.4
        without = blind.fuse(said[:, NEW], table[NEW])
        assert loss(fused, labels[NEW]) < loss(without, labels[NEW]) - 0.03

    def test_it_cannot_fuse_without_the_student(self):
        case = region_case(0)
        with pytest.raises(ValueError, match="got no student_state; it was fitted with one"):
            fitted(case, student_state=True).fuse(case[0], case[2])

    def test_a_row_has_the_same_answer_in_any_batch(self):
        case = region_case(0)
        said, _, table, student, _ = case
        seeing = fitted(case, student_state=True)
        whole = seeing.fuse(said, table, student).probabilities
        part = seeing.fuse(said[:, 700:712], table[700:712], student[700:712]).probabilities
        np.testing.assert_allclose(whole[700:712], part, atol=1e-9)


class TestOtherwise:
    def test_where_the_gate_refuses_it_is_the_pool(self):
        rng = np.random.default_rng(0)
        labels, noise = rng.integers(0, 2, 600), rng.normal(size=(600, 3))
        said = np.stack([saying(rng, labels, 0.8), saying(rng, labels, 0.7)])
        student = saying(rng, labels, 0.5)  # it knows nothing
        fuser = AttentionWeightedMultiTeacher(student_state=True)
        found = fuser.fit(said, labels, noise, student_state=student)
        assert not found.gate.accepted
        assert "not more than one standard error" in found.gate.reason
        one, other = (
            found.fuse(said, noise, student_state=student),
            PoolFuser().fit(said, labels, None).fuse(said, None),
        )
        assert one.probabilities.tobytes() == other.probabilities.tobytes()
        assert np.array_equal(one.weights, other.weights)

    def test_without_a_student_the_option_changes_no_bit(self):
        case = region_case(0)
        said, labels, table, _, _ = case
        blind = fitted(case, student_state=False)
        plain = AttentionWeightedMultiTeacher().fit(said[:, OLD], labels[OLD], table[OLD])
        assert plain.gate.accepted
        one, other = blind.fuse(said, table), plain.fuse(said, table)
        assert one.probabilities.tobytes() == other.probabilities.tobytes()
        assert one.weights.tobytes() == other.weights.tobytes()

    def test_of_many_rows_some_are_read(self):
        case = region_case(0)
        found = fitted(case, student_state=True, near=300, gated=False)
        # Of both teachers, and of the student.
        assert found.attention.neighbourhood.losses.shape == (300, 3)


class TestAgainstNumPy:
    def test_features_say_what_their_names_say(self):
        teachers = np.array(
            [[[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]]
        )
        student = np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]])
        local = np.array([0.5, 2.0])
        found = StudentReader(1.0).features(teachers, student, local)
        assert found.shape == (2, 2, len(STUDENT_FEATURES))
        divergence = (teachers * np.log(teachers / student)).sum(axis=2)
        agrees = teachers.argmax(axis=2) == student.argmax(axis=1)
        for m in range(2):
            np.testing.assert_allclose(found[m, :, 0], np.log(local + 1e-2))
            np.testing.assert_allclose(found[m, :, 1], [0.6, 0.6])
            np.testing.assert_allclose(found[m, :, 2], np.log(divergence[m] + 1e-6))
            np.testing.assert_array_equal(found[m, :, 3], agrees[m])
            np.testing.assert_allclose(found[m, :, 4], np.where(agrees[m], local, -local))

    def test_they_stand_behind_those_of_the_teachers(self):
        said, labels, _, student, _ = region_case(1)
        members = Members.fit(said, labels)
        reader = StudentReader.fit(student, members)
        local = np.abs(np.random.default_rng(0).normal(size=(N, 3)))
        found = looked_at(members.probabilities, (0.5, 0.5), local, reader, student)
        own = features(members.probabilities, (0.5, 0.5), local[:, :2])
        np.testing.assert_array_equal(found[:, :, : len(FEATURES)], own)
        last = reader.features(members.probabilities, student, local[:, 2])
        np.testing.assert_array_equal(found[:, :, len(FEATURES) :], last)

    def test_the_student_is_calibrated(self):
        _, labels, _, student, _ = region_case(1)
        sharp = student**3 / (student**3).sum(axis=1, keepdims=True)
        members = Members.fit(np.stack([student]), labels)
        plain, sharpened = (StudentReader.fit(each, members) for each in (student, sharp))
        assert sharpened.temperature == pytest.approx(3 * plain.temperature, rel=0.02)
        losses = [
            reader.losses(each, members) for reader, each in ((plain, student), (sharpened, sharp))
        ]
        np.testing.assert_allclose(*losses, rtol=0.02)

    def test_the_scores_are_a_minimum_of_the_loss(self):
        """The objective and its slope, by NumPy and by differences, at what was fitted."""
        rng = np.random.default_rng(0)
        width = len(FEATURES) + len(STUDENT_FEATURES)
        found, likelihoods = rng.normal(size=(3, 400, width)), rng.uniform(0.05, 1, (400, 3))
        likelihoods[:, 0] *= np.exp(0.5 * found[0, :, -1])
        likelihoods /= likelihoods.max()
        scorer = Scorer.fit(found, likelihoods)
        standard = np.clip((found - scorer.center) / scorer.scale, -5, 5)
        base = scorer.offsets

        def nll(coefficients):
            scores = np.einsum("mnf,mf->nm", standard, coefficients) + base
            weights = softmax(scores, axis=1)
            return -logsumexp(np.log(weights) + np.log(likelihoods), axis=1).mean()

        def slope(m, f):
            step = np.zeros((3, width))
            step[m, f] = 1e-5
            return (nll(scorer.coefficients + step) - nll(scorer.coefficients - step)) / 2e-5

        slopes = np.array([[slope(m, f) for f in range(width)] for m in range(3)])
        # At the minimum own parts are - slope / (2 RIDGE), the shared part is their sum.
        own = -slopes / (2 * RIDGE)
        np.testing.assert_allclose(own + own.sum(axis=0), scorer.coefficients, atol=5e-3)
        assert np.abs(scorer.coefficients[0, -1]) > 0.1
