"""Weights of each row's own by the members' probabilities alone: where they pay, as numbers."""

import json
import pickle

import numpy as np
import pytest

from hpmkd.testing import FuserSuite
from hpmkd.values import DataFacts
from hpmkd_defaults.fusers.row_attention import RowAttentionFuser, own_features
from hpmkd_defaults.fusers.two_pools import PoolFuser

N = 900


class TestRowAttentionFuser(FuserSuite):
    # Rows that stand there thrice are dealt into other folds: perhaps the gate judges otherwise.
    weight_tolerance = 0.03

    @pytest.fixture(params=[True, False], ids=["gated", "ungated"])
    def fuser(self, request):
        return RowAttentionFuser(gated=request.param)


def loss(predicted, labels):
    return -np.log(np.maximum(predicted[np.arange(len(labels)), labels], 1e-15)).mean()


def boasters(seed, n=2 * N):
    """Return probabilities of two members, each of which knows nothing where it is very sure."""
    rng = np.random.default_rng(seed)
    labels, said = rng.integers(0, 2, n), np.empty((2, n, 2))
    for m, out in enumerate(said):
        boasts = rng.random(n) < 0.5
        right = rng.random(n) < np.where(boasts, 0.5, 0.85 - 0.05 * m)
        first = np.where(boasts, 0.97, 0.8) + rng.uniform(-0.02, 0.02, n)
        of_label = np.where(right, first, 1 - first)
        out[np.arange(n), labels], out[np.arange(n), 1 - labels] = of_label, 1 - of_label
    return said, labels


def alike(seed, n=2 * N):
    """Return probabilities of three members that are equally good on all rows."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    logits = rng.normal(size=(3, n, 3))
    logits[:, np.arange(n), labels] += 1.5
    odds = np.exp(logits)
    return odds / odds.sum(axis=2, keepdims=True), labels


@pytest.fixture(scope="module")
def fitted():
    """Accepted, on members that boast."""
    said, labels = boasters(0)
    return RowAttentionFuser().fit(said[:, :N], labels[:N], None)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_accepted_and_pays_where_confidence_lies(seed):
    said, labels = boasters(seed)
    found = RowAttentionFuser().fit(said[:, :N], labels[:N], None)
    static = PoolFuser().fit(said[:, :N], labels[:N], None)
    assert found.gate.accepted
    assert found.gate.gain > found.gate.standard_error > 0
    losses = [loss(each.fuse(said[:, N:], None).probabilities, labels[N:]) for each in
              (found, static)]  # fmt: skip
    assert losses[0] < losses[1] - 0.01


def test_overconfident_members_get_less_weight(fitted):
    said = boasters(0)[0][:, N:]
    weights = fitted.fuse(said, None).weights
    boasts = said.max(axis=2) > 0.9
    other = boasts[0] & ~boasts[1]
    assert weights[other, 0].mean() < weights[~boasts[0] & boasts[1], 0].mean() - 0.2
    np.testing.assert_allclose(weights.sum(axis=1), 1)


def test_it_is_plain_numbers(fitted):
    said = boasters(0)[0]
    pool = fitted.to_pool()
    assert pool.attention.n_members == 2
    fused = fitted.fuse(said, None).probabilities
    np.testing.assert_allclose(pool.fuse(said), fused, atol=1e-12, rtol=0)
    zeros = said.copy()
    zeros[0, 0] = [1, 0]
    np.testing.assert_allclose(pool.fuse(zeros), fitted.fuse(zeros, None).probabilities, atol=1e-12)


def test_its_summary_says_what_it_weighs_by(fitted):
    summary = json.loads(json.dumps(fitted.summary(), allow_nan=False))
    assert summary["gate"]["accepted"]
    assert np.shape(summary["coefficients"]) == (2, 3)
    assert sum(summary["weights"]) == pytest.approx(1)
    assert summary["pool"] == json.loads(json.dumps(fitted.pool.summary()))


def test_refused_it_is_the_pool_bit_for_bit():
    said, labels = alike(0)
    found = RowAttentionFuser().fit(said[:, :N], labels[:N], None)
    static = PoolFuser().fit(said[:, :N], labels[:N], None)
    assert not found.gate.accepted
    assert "not more than one standard error" in found.summary()["gate"]["reason"]
    one, other = found.fuse(said, None), static.fuse(said, None)
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
    np.testing.assert_array_equal(one.weights, other.weights)
    assert found.to_pool().attention is None
    assert "coefficients" not in found.summary()


def test_ungated_it_is_used_all_the_same():
    said, labels = alike(0)
    found = RowAttentionFuser(gated=False).fit(said[:, :N], labels[:N], None)
    assert found.gate.accepted
    assert found.gate.reason.startswith("not gated; log loss changes by ")
    assert found.to_pool().attention is not None
    assert found.fuse(said, None).weights.std(axis=0).max() > 0


@pytest.mark.parametrize("n", [1, 2, 99, 100])
def test_few_rows(n):
    said, labels = boasters(0)
    found = RowAttentionFuser(gated=False).fit(said[:, :n], labels[:n], None)
    np.testing.assert_allclose(found.fuse(said[:, N:], None).probabilities.sum(axis=1), 1)
    if n < 100:
        assert found.gate.reason == "not tried: fewer than 100 rows"
        assert found.to_pool().attention is None


def test_the_same_again_and_after_a_journey(fitted):
    said, labels = boasters(0)
    again = RowAttentionFuser().fit(said[:, :N], labels[:N], None)
    expected = fitted.fuse(said, None)
    for other in (again, pickle.loads(pickle.dumps(fitted))):
        fused = other.fuse(said, None)
        assert fused.probabilities.tobytes() == expected.probabilities.tobytes()
        assert fused.weights.tobytes() == expected.weights.tobytes()
    with pytest.raises(ValueError, match="got 1 teachers; fitted on 2"):
        fitted.fuse(said[:1], None)


@pytest.mark.parametrize("doubt", [0.0, 1e-9, 1e-7])
def test_members_that_are_sure_of_all_rows_are_a_pool_too(doubt):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    wrong = doubt * rng.uniform(0.5, 1.5, (2, 200))
    said = np.stack([np.where(labels == k, 1 - wrong, wrong) for k in (0, 1)], axis=2)
    found = RowAttentionFuser(gated=False).fit(said, labels, None)
    fused = found.fuse(said, None).probabilities
    np.testing.assert_allclose(found.to_pool().fuse(said), fused, atol=1e-9, rtol=0)


def test_features_of_equal_and_of_sure_rows():
    found = own_features(np.array([[[0.25] * 4, [1.0, 0, 0, 0], [0.5, 0.5, 0, 0]]]))
    np.testing.assert_allclose(found, [[[0.25, 0, 0.75], [1, 1, 0], [0.5, 0, 0.5]]])


def test_it_says_on_how_many_rows_it_is_fitted():
    facts = DataFacts(n_rows=50_000, n_columns=3, n_classes=2, balance=0.5)
    assert RowAttentionFuser().caps(facts) == {
        "rows": "teachers are weighed on 20000 of 50000 rows"
    }
    assert RowAttentionFuser(rows=0).caps(facts) == {}
