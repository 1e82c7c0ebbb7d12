from __future__ import annotations

import json

import numpy as np
import pytest

from hpmkd.verdict import Verdict, judge


def judged(student, control, alpha=0.5, seed=0):
    return judge(student, control, stage="tree", alpha=alpha, regime="self", seed=seed)


@pytest.fixture(scope="module")
def losses():
    return np.random.default_rng(0).exponential(0.5, 400)


@pytest.mark.parametrize(
    ("shift", "word", "lead"),
    [
        (-0.2, "pays", "Distilling pays for the tree student (self regime)"),
        (0.0, "no difference", "Distilling makes no difference for the tree student"),
        (0.2, "hurts", "Distilling hurts the tree student"),
    ],
)
def test_known_cases(losses, shift, word, lead):
    noise = np.random.default_rng(1).normal(0, 0.3, len(losses))
    noise -= noise.mean()
    verdict = judged(losses + shift + noise, losses)
    assert verdict.word == word
    assert verdict.delta_log_loss == pytest.approx(shift, abs=1e-9)
    low, high = verdict.interval
    assert low < verdict.delta_log_loss < high
    assert high - low == pytest.approx(2 * 1.96 * 0.3 / 20, rel=0.15)
    assert verdict.sentence.startswith(lead)
    assert "over 400 test rows" in verdict.sentence


def test_equal_students_differ_by_nothing(losses):
    verdict = judged(losses, losses)
    assert verdict.word == "no difference"
    assert verdict.delta_log_loss == 0
    assert verdict.interval == (0, 0)


def test_at_alpha_zero_the_student_is_its_own_control(losses):
    verdict = judged(losses, losses, alpha=0.0)
    assert verdict.word == "no difference"
    assert "the student is its own control" in verdict.sentence


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_rows_are_judged_without_a_warning(n):
    verdict = judged(np.full(n, 0.5), np.linspace(0.6, 0.7, n))
    assert np.isfinite(verdict.interval).all()


def test_the_interval_is_deterministic_and_moves_with_the_seed(losses):
    other = np.random.default_rng(2).permutation(losses)
    assert judged(losses, other) == judged(losses, other)
    assert judged(losses, other).interval != judged(losses, other, seed=1).interval


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth, covered = 0.05, 0
    for at in range(200):
        difference = rng.standard_t(5, 150) * 0.2 + truth
        low, high = judged(difference, np.zeros(150), seed=at).interval
        covered += low <= truth <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_a_true_null_is_called_no_difference_about_as_often_as_it_should():
    rng = np.random.default_rng(1)
    words = [judged(rng.normal(0, 0.3, 100), np.zeros(100), seed=at).word for at in range(200)]
    assert words.count("no difference") >= 176


def test_it_goes_to_json_and_back(losses):
    verdict = judged(losses, losses[::-1].copy())
    plain = json.loads(json.dumps(verdict.to_mapping()))
    assert list(plain) == ["word", "delta_log_loss", "interval", "regime", "sentence"]
    assert Verdict.from_mapping(plain) == verdict


def test_large_test_sets_do_not_take_large_memory():
    rng = np.random.default_rng(0)
    verdict = judged(rng.exponential(size=100_000), rng.exponential(size=100_000))
    assert np.isfinite(verdict.interval).all()
