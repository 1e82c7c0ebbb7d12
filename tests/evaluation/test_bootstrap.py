from __future__ import annotations

import numpy as np
import pytest

from hpmkd.evaluation.bootstrap import Difference, difference


@pytest.fixture(scope="module")
def losses():
    return np.random.default_rng(0).exponential(0.5, 400)


@pytest.mark.parametrize(
    ("shift", "outcome"), [(-0.2, "pays"), (0.0, "no difference"), (0.2, "hurts")]
)
def test_known_cases(losses, shift, outcome):
    noise = np.random.default_rng(1).normal(0, 0.3, len(losses))
    noise -= noise.mean()
    found = difference(losses + shift + noise, losses, seed=0)
    assert found.outcome == outcome
    assert found.delta_log_loss == pytest.approx(shift, abs=1e-9)
    low, high = found.interval
    assert low < found.delta_log_loss < high
    assert high - low == pytest.approx(2 * 1.96 * 0.3 / 20, rel=0.15)


def test_equal_models_differ_by_nothing(losses):
    assert difference(losses, losses, seed=0) == Difference("no difference", 0.0, (0.0, 0.0))


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_rows_are_compared_without_a_warning(n):
    found = difference(np.full(n, 0.5), np.linspace(0.6, 0.7, n), seed=0)
    assert np.isfinite(found.interval).all()


def test_the_interval_is_deterministic_and_moves_with_the_seed(losses):
    other = np.random.default_rng(2).permutation(losses)
    assert difference(losses, other, 0) == difference(losses, other, 0)
    assert difference(losses, other, 0).interval != difference(losses, other, 1).interval


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth, covered = 0.05, 0
    for at in range(200):
        values = rng.standard_t(5, 150) * 0.2 + truth
        low, high = difference(values, np.zeros(150), seed=at).interval
        covered += low <= truth <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_a_true_null_is_called_no_difference_about_as_often_as_it_should():
    rng = np.random.default_rng(1)
    outcomes = [difference(rng.normal(0, 0.3, 100), np.zeros(100), at).outcome for at in range(200)]
    assert outcomes.count("no difference") >= 176


def test_many_rows_have_the_normal_interval_which_is_the_same(monkeypatch):
    values, zeros = np.random.default_rng(4).exponential(0.3, 5000), np.zeros(5000)
    drawn = difference(values, zeros, seed=0).interval
    monkeypatch.setattr("hpmkd.evaluation.bootstrap.MOST_RESAMPLED", 4999)
    normal = difference(values, zeros, seed=0).interval
    assert normal == pytest.approx(drawn, rel=0.003)
    assert difference(values, zeros, seed=1).interval == normal


def test_the_interval_does_not_follow_from_how_many_are_drawn_at_a_time(losses, monkeypatch):
    whole = difference(losses, losses[::-1], seed=3)
    monkeypatch.setattr("hpmkd.evaluation.bootstrap.CELLS_AT_ONCE", 7 * len(losses))
    assert difference(losses, losses[::-1], seed=3) == whole


def test_a_weighted_difference_is_that_of_repeated_rows(losses):
    weights = np.random.default_rng(3).integers(1, 5, len(losses))
    other = np.random.default_rng(2).permutation(losses)
    found = difference(losses, other, 0, weights.astype(float))
    repeated = difference(losses.repeat(weights), other.repeat(weights), 0)
    assert found.delta_log_loss == pytest.approx(repeated.delta_log_loss)
    # They are no more rows, so that they tell less.
    assert np.ptp(found.interval) > 1.3 * np.ptp(repeated.interval)


def test_a_weighted_interval_covers_the_truth_about_as_often_as_it_says(monkeypatch):
    rng, outcomes = np.random.default_rng(1), []
    for at in range(200):
        weights = rng.exponential(size=100)
        outcomes.append(difference(rng.normal(0, 0.3, 100), np.zeros(100), at, weights).outcome)
    assert outcomes.count("no difference") >= 176
    values, weights = rng.normal(0, 0.3, 3000), rng.exponential(size=3000)
    drawn = difference(values, np.zeros(3000), 0, weights).interval
    monkeypatch.setattr("hpmkd.evaluation.bootstrap.MOST_RESAMPLED", 100)
    normal = difference(values, np.zeros(3000), 0, weights).interval
    np.testing.assert_allclose(drawn, normal, atol=0.002)
