"""The parts of attention: neighbours, features, scores, the gate, the summary."""

import numpy as np
import pandas as pd
import pytest

from hpmkd_defaults.fusers.attention_pools import AttendedPools
from hpmkd_defaults.fusers.calibrated_members import Members
from hpmkd_defaults.fusers.gate import AttentionGate, folds
from hpmkd_defaults.fusers.local_loss import Neighbourhood
from hpmkd_defaults.fusers.profile import wins
from hpmkd_defaults.fusers.row_scores import FEATURES, Scorer, features


@pytest.fixture
def rng():
    return np.random.default_rng(0)


class TestNeighbourhood:
    def test_is_the_mean_over_the_nearest(self, rng):
        table, losses = rng.normal(size=(300, 2)), rng.random((300, 3))
        table /= table.std(axis=0)
        found = Neighbourhood.fit(table, losses).local_losses(table[:5] + 1e-6)
        for row, mean in zip(table[:5] + 1e-6, found, strict=True):
            nearest = np.argsort(((table - row) ** 2).sum(axis=1))[:25]
            np.testing.assert_allclose(mean, losses[nearest].mean(axis=0))

    def test_no_row_is_its_own_neighbour(self, rng):
        """A loss of 1 on a single row is seen by others, never by itself."""
        table, losses = rng.normal(size=(200, 2)), np.zeros((200, 1))
        losses[17] = 1.0
        neighbourhood = Neighbourhood.fit(table, losses)
        assert neighbourhood.own_losses(table)[17, 0] == 0.0
        assert neighbourhood.local_losses(table)[17, 0] == pytest.approx(1 / 25)

    def test_equal_rows_have_as_many_neighbours(self, rng):
        table, losses = np.ones((200, 2)), np.ones((200, 2))
        neighbourhood = Neighbourhood.fit(table, losses)
        np.testing.assert_allclose(neighbourhood.own_losses(table), 1.0)

    def test_few_rows_have_fewer_neighbours(self, rng):
        table, losses = rng.normal(size=(4, 2)), rng.random((4, 2))
        found = Neighbourhood.fit(table, losses).own_losses(table)
        for row in range(4):
            np.testing.assert_allclose(found[row], np.delete(losses, row, axis=0).mean(axis=0))


class TestFeatures:
    def test_say_what_their_names_say(self):
        said = np.array([[[0.7, 0.2, 0.1]], [[0.0, 1.0, 0.0]]])
        found = features(said, (0.5, 0.5), np.array([[0.5, 2.0]]))
        assert found.shape == (2, 1, len(FEATURES))
        entropy = -(said[0, 0] * np.log(said[0, 0])).sum()
        np.testing.assert_allclose(found[0, 0, :3], [0.7, entropy, 0.5])
        np.testing.assert_allclose(found[1, 0, :3], [1.0, 0.0, 1.0], atol=1e-12)
        np.testing.assert_array_equal(found[:, 0, 4], [0.0, 1.0])
        np.testing.assert_allclose(found[:, 0, 5], np.log([0.51, 2.01]))
        assert found[1, 0, 3] > found[0, 0, 3]


class TestScorer:
    def test_without_features_it_is_static(self, rng):
        likelihoods = rng.uniform(0.1, 1, (500, 3))
        scores = Scorer.fit(np.zeros((3, 500, 6)), likelihoods).scores(np.zeros((3, 2, 6)))
        assert np.ptp(scores, axis=0).max() == 0

    def test_hears_who_is_right(self, rng):
        """Feature 0 tells which teacher is right."""
        found = rng.normal(size=(2, 1000, 6))
        right = found[0, :, 0] > found[1, :, 0]
        likelihoods = np.where(np.column_stack([right, ~right]), 0.9, 0.1)
        scorer = Scorer.fit(found, likelihoods)
        scores = scorer.scores(found)
        assert ((scores[:, 0] > scores[:, 1]) == right).mean() > 0.95
        far = scorer.scores(np.full((2, 1, 6), 1e9))
        assert np.isfinite(far).all()


class TestGate:
    def test_one_standard_error(self, rng):
        noise = rng.normal(size=10_000)
        noise -= noise.mean()
        static = np.full(10_000, 0.5)
        error = noise.std(ddof=1) / 100
        assert not AttentionGate.compare(static, static - 0.9 * error - noise).accepted
        passed = AttentionGate.compare(static, static - 1.1 * error - noise)
        assert passed.accepted
        assert passed.gain == pytest.approx(1.1 * error)
        assert passed.standard_error == pytest.approx(error)

    def test_no_difference_is_no_gain(self):
        assert not AttentionGate.compare(np.ones(50), np.ones(50)).accepted
        assert AttentionGate.compare(np.ones(50), np.ones(50), gated=False).accepted

    def test_what_is_worse_is_told_as_a_rise_of_the_log_loss(self):
        worse = AttentionGate.compare(np.ones(50), np.full(50, 1.25), gated=False)
        assert worse.gain == -0.25
        assert worse.reason.startswith("not gated; log loss changes by +0.25000 ")
        better = AttentionGate.compare(np.full(50, 1.25), np.ones(50))
        assert better.reason.startswith("log loss changes by -0.25000 ")

    def test_folds_hold_every_row_once_and_every_class(self, rng):
        labels = np.repeat([0, 1, 2], [70, 20, 10])
        parts = list(folds(labels))
        assert sorted(np.concatenate([held for _, held in parts])) == list(range(100))
        for seen, held in parts:
            assert not set(seen) & set(held)
            np.testing.assert_array_equal(np.bincount(labels[held]), [14, 4, 2])


class TestWins:
    def test_finds_column_and_cells(self, rng):
        table = pd.DataFrame(
            {
                "noise": rng.normal(size=1000),
                "job": rng.choice(["clerk", "nurse", "rare"], p=[0.5, 0.49, 0.01], size=1000),
                "age": rng.uniform(20, 70, size=1000),
            }
        )
        table.loc[:99, "age"] = np.nan
        first = 0.3 + 0.4 * (table["job"] == "nurse") + 0.1 * table["age"].isna()
        told = wins(table, np.column_stack([first, 1 - first]))
        assert told[0]["column"] == "job"
        assert told[0] | {"weight": 0, "mean_weight": 0} == {
            "column": "job", "cells": "nurse", "rows": int((table["job"] == "nurse").sum()),
            "teacher": 0, "weight": 0, "mean_weight": 0,
        }  # fmt: skip
        assert "missing" in [place["cells"] for place in told if place["column"] == "age"]
        assert all(place["rows"] >= 20 for place in told)
        assert len(told) <= 9

    def test_equal_weights_tell_nothing(self, rng):
        assert wins(rng.normal(size=(100, 3)), np.full((100, 2), 0.5)) == []

    def test_columns_of_every_kind(self):
        table = pd.DataFrame({"none": [np.nan] * 50, "one": [1.0] * 50, "flag": [True, False] * 25})
        weights = np.column_stack([np.arange(50) % 2, 1 - np.arange(50) % 2]).astype(float)
        told = wins(table, weights)
        assert {place["column"] for place in told} == {"flag"}


class TestWeights:
    def test_a_row_of_weight_two_is_two_rows(self, rng):
        """Where the features are given: those of neighbours know rows, not weights."""
        said, found = rng.dirichlet(np.ones(3), (2, 300)), rng.normal(size=(2, 300, 6))
        labels, times = rng.integers(0, 3, 300), rng.integers(1, 4, 300)
        at = np.arange(300).repeat(times)
        members = Members(np.arange(300), labels, (1.0, 1.0), said, times.astype(float))
        repeated = Members(at, labels[at], (1.0, 1.0), said[:, at])
        # Features are scaled by rows, whatever they weigh.
        found = (found - found[:, at].mean(axis=(0, 1))) / found[:, at].std(axis=(0, 1))
        one = AttendedPools.fit(members, found).fuse(said, found)[0]
        two = AttendedPools.fit(repeated, found[:, at]).fuse(said, found)[0]
        np.testing.assert_allclose(one, two, atol=0.02)

    def test_the_gate_weighs_rows(self, rng):
        gains = np.where(np.arange(200) < 100, 1.0, -1.0) + 0.01 * rng.normal(size=200)
        assert not AttentionGate.compare(gains, np.zeros(200)).accepted
        heavy = np.where(np.arange(200) < 100, 5.0, 1.0)
        assert AttentionGate.compare(gains, np.zeros(200), weights=heavy).accepted
