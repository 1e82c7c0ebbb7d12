"""What a choice among more candidates gains on the rows that did not choose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.evaluation import repeated_selection
from hpmkd.evaluation.gates import LossComparison
from hpmkd.evaluation.repeated_selection import repeated_gain

NOTHING = LossComparison(0.0, 0.0)


def noisy(n, shifts, seed=0, noise=0.3):
    """Return losses (c, n) that share the rows' difficulty and differ by `shifts` and noise."""
    rng = np.random.default_rng(seed)
    return (
        rng.exponential(0.5, n)
        + np.add.outer(shifts, np.zeros(n))
        + rng.normal(0, noise, (len(shifts), n))
    )


def by_loops(losses, hard, seed):
    """The same, one resample at a time: the twin of the vectorised one."""
    rng, n, gains = np.random.default_rng(seed), losses.shape[1], []
    for _ in range(repeated_selection.RESAMPLES):
        bag = rng.integers(0, n, n)
        outside = np.setdiff1d(np.arange(n), bag)
        if len(outside) == 0:
            continue
        in_bag, out = losses[:, bag].mean(axis=1), losses[:, outside].mean(axis=1)
        control = min(np.flatnonzero(hard), key=lambda at: in_bag[at])
        chosen = min(range(len(losses)), key=lambda at: (in_bag[at], not hard[at]))
        gains.append(out[control] - out[chosen])
    return LossComparison(float(np.mean(gains)), float(np.std(gains, ddof=1)))


def test_a_soft_candidate_that_is_better_gains_what_it_is_better_by():
    found = repeated_gain(noisy(2000, [0.0, 0.01, -0.1]), np.array([True, True, False]), seed=0)
    assert found.gain == pytest.approx(0.1, abs=0.03)
    assert 0 < found.standard_error < 0.03
    assert found.passed


def test_candidates_that_are_alike_gain_nothing():
    # The least of many in-bag means is lucky; the rows outside the bag do not share its luck.
    hard = np.arange(12) < 2
    gains = [repeated_gain(noisy(300, np.zeros(12), seed), hard, seed) for seed in range(20)]
    assert sum(found.passed for found in gains) <= 4
    assert abs(np.mean([found.gain for found in gains])) < 0.01


def test_it_agrees_with_its_twin_of_loops():
    losses, hard = noisy(60, [0.0, 0.02, 0.0, -0.02]), np.array([True, False, True, False])
    found, expected = repeated_gain(losses, hard, 3), by_loops(losses, hard, 3)
    assert found.gain == pytest.approx(expected.gain, abs=1e-12)
    assert found.standard_error == pytest.approx(expected.standard_error, abs=1e-12)


@pytest.mark.parametrize("hard", [True, False])
def test_candidates_of_one_kind_leave_nothing_to_gain(hard):
    assert repeated_gain(noisy(50, [0.0, 0.1]), np.full(2, hard), 0) == NOTHING


def test_a_tie_is_the_hard_candidates():
    same = noisy(50, [0.0])
    assert repeated_gain(np.vstack([same, same]), np.array([False, True]), 0) == NOTHING


def test_the_blocks_do_not_matter(monkeypatch):
    losses, hard = noisy(100, [0.0, -0.02]), np.array([True, False])
    whole = repeated_gain(losses, hard, 1)
    monkeypatch.setattr(repeated_selection, "CELLS_AT_ONCE", 250)
    parts = repeated_gain(losses, hard, 1)
    assert parts.gain == pytest.approx(whole.gain, abs=1e-12)


def test_more_rows_than_are_needed_are_sampled(monkeypatch):
    monkeypatch.setattr(repeated_selection, "MOST_ROWS", 500)
    losses, hard = noisy(5000, [0.0, -0.1]), np.array([True, False])
    found = repeated_gain(losses, hard, 1)
    assert found == repeated_gain(losses, hard, 1)
    assert found.gain == pytest.approx(0.1, abs=0.06)


def test_one_row_decides_nothing():
    found = repeated_gain(np.array([[1.0], [0.1]]), np.array([True, False]), 0)
    assert (found.gain, found.standard_error) == (0.0, np.inf)
    assert not found.passed


@pytest.mark.parametrize(
    ("losses", "hard", "message"),
    [
        (np.ones((2, 5)), np.array([True]), r"got losses of shape \(2, 5\) and 1 marks"),
        (np.ones(5), np.array([True]), r"expected \(c, n ≥ 1\)"),
        (np.ones((2, 0)), np.array([True, False]), r"shape \(2, 0\)"),
        (np.full((2, 5), np.inf), np.array([True, False]), "finite"),
    ],
)
def test_bad_input_is_refused(losses, hard, message):
    with pytest.raises(ValueError, match=message):
        repeated_gain(losses, hard, 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(0, 2**31), st.floats(-3, 3), st.permutations(range(4)))
def test_it_knows_neither_the_level_nor_the_order(n, seed, level, order):
    losses, hard = noisy(n, [0.0, 0.1, -0.1, 0.05], seed), np.array([True, True, False, False])
    found, order = repeated_gain(losses, hard, seed), list(order)
    other = repeated_gain((losses + level)[order], hard[order], seed)
    assert other.gain == pytest.approx(found.gain, abs=1e-9)
    assert other.standard_error == pytest.approx(found.standard_error, abs=1e-9)
