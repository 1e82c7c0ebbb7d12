"""Gates: the rule of one standard error, on paired rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.evaluation.gates import Gate, compare, gates_of_fuser
from hpmkd.evaluation.gates import gate as gate_by
from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.evaluation.metrics.of_all_rows import Auc
from hpmkd.values import Configuration, Trial


def gate(name, before, after, metric=LOG_LOSS):
    return gate_by(name, before, after, metric)


def trial(losses, failure=None):
    losses = np.asarray(losses, dtype=float)
    return Trial(0, Configuration("tree", 1.0, 0.5), losses, 0.9, 1, 0.1, failure)


def test_a_gain_of_more_than_one_standard_error_passes():
    rng = np.random.default_rng(0)
    before = rng.gamma(2, size=200)
    decision = gate("step", trial(before), trial(before - 0.1 + rng.normal(0, 0.05, 200)))
    assert decision.passed
    assert "changes by -0.0998" in decision.reason


def test_the_comparison_is_paired():
    # The losses vary a hundred times more between rows than the gain does.
    before = np.random.default_rng(1).gamma(2, 10, size=50)
    assert gate("step", trial(before), trial(before - 0.1 - np.arange(50) * 1e-4)).passed


@pytest.mark.parametrize("gain", [0.0, -0.1, 0.005])
def test_less_does_not_pass(gain):
    rng = np.random.default_rng(2)
    before = rng.gamma(2, size=100)
    noise = rng.normal(0, 0.5, 100)
    after = before - gain + noise - noise.mean()
    assert not gate("step", trial(before), trial(after)).passed


def test_another_metric_decides_and_is_named():
    before, after = (replace(trial(np.ones(9)), metric_losses=np.full(9, x)) for x in (0.3, 0.1))
    decision = gate("step", before, after, Auc())
    assert decision.passed
    assert "AUC of the selection rows changes by +0.2000" in decision.reason


def test_equal_trials_do_not_pass():
    before = trial(np.ones(20))
    assert not gate("step", before, before).passed


def test_one_row_decides_nothing():
    assert not gate("step", trial([1.0]), trial([0.1])).passed
    alone = compare(np.ones(1), np.full(1, 0.1))
    assert (alone.gain, alone.standard_error) == (pytest.approx(0.9), np.inf)


def test_a_comparison_is_a_paired_mean_and_its_error():
    before, after = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 1.0])
    found = compare(before, after)
    assert found.gain == pytest.approx(1.0)  # of 2, 0 and 1
    assert found.standard_error == pytest.approx(1 / np.sqrt(3))
    assert found.passed
    assert not compare(after, before).passed


def test_a_failed_trial_does_not_pass_and_says_why():
    decision = gate("step", trial(np.ones(9)), trial([], failure="plugin 'x' failed"))
    assert not decision.passed
    assert decision.reason == "plugin 'x' failed"


def test_a_fuser_tells_of_its_gate_in_its_summary():
    summary = {"gate": {"accepted": True, "reason": "it pays", "gain": 0.1}, "wins": []}
    assert gates_of_fuser("fuser", summary) == [Gate("fuser", True, "it pays")]
    assert gates_of_fuser("fuser", {"weights": [1.0]}) == []
