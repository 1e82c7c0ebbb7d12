"""Counts by purpose: what was trained for what."""

from __future__ import annotations

import pytest

from hpmkd.execution.counters import FURTHER, LINKS, REFITS, Counts


def test_models_belong_to_the_purpose_they_were_trained_in():
    counts = Counts()
    with counts.purpose(REFITS):
        counts.count_models(2)
        with counts.purpose(LINKS):
            counts.count_models(3)
        counts.count_models(1)
    counts.count_models(1)
    took = counts.to_mapping()["trained_for"]
    assert {name: each["models"] for name, each in took.items()} == {
        REFITS: 3,
        LINKS: 3,
        FURTHER: 1,
    }
    assert counts.models_trained == 7


def test_an_exception_ends_a_purpose():
    counts = Counts()
    with pytest.raises(RuntimeError), counts.purpose(LINKS):
        raise RuntimeError
    counts.count_models(1)
    assert list(counts.to_mapping()["trained_for"]) == [FURTHER]


def test_configurations_are_counted_once_per_purpose_and_trials_always():
    counts = Counts()
    for purpose in ("tuning", "sample"):
        with counts.purpose(purpose):
            for configuration in ("a", "a", "b"):
                counts.count_trial(None, 0.1, configuration)
    expected = {"configurations": 2, "trials": 3, "models": 0}
    assert counts.to_mapping()["trained_for"] == {"tuning": expected, "sample": expected}
    assert counts.trials == 6
