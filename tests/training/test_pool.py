"""Pools of cross-validated candidates: who is in, and by which rows they are judged."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.data.probabilities import row_losses
from hpmkd.kernels import em_weights
from hpmkd.knowledge.fusion import FittedFusion
from hpmkd.recipe.resolve import ComponentSpec
from hpmkd.registry.registry import RegisteredComponent
from hpmkd.training import pool
from hpmkd.training.pool import choose_pool
from hpmkd.values import Offer
from hpmkd_defaults.fusers.two_pools import PoolFuser

SPEC = ComponentSpec(RegisteredComponent("fuser", Offer("pool", PoolFuser, ""), "hpmkd"), {})
FIT = partial(FittedFusion.fit, SPEC)


def problem(n=600, k=3, noises=(0.8, 0.8, 0.8, 3.0), seed=0):
    """Return candidates that err independently of each other, labels and folds."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(np.full(k, 0.5), n)
    labels = np.array([rng.choice(k, p=row) for row in truth])
    predicted = {}
    for at, noise in enumerate(noises):
        logits = np.exp(np.log(truth + 1e-3) + rng.normal(0, noise, truth.shape))
        predicted[f"c{at}"] = logits / logits.sum(axis=1, keepdims=True)
    return predicted, labels, rng.permutation(n) % 5


def chosen(predicted, labels, folds, **more):
    return choose_pool(predicted, labels, np.zeros((len(labels), 1)), folds, FIT, **more)


def losses(predicted, labels):
    return {name: row_losses(each, labels).mean() for name, each in predicted.items()}


def test_candidates_that_err_apart_are_better_together():
    predicted, labels, folds = problem()
    found = chosen(predicted, labels, folds)
    assert set(found.names) == {"c0", "c1", "c2"}
    alone = losses(predicted, labels)
    assert found.names[0] == min(alone, key=alone.get)
    assert found.row_losses.mean() < 0.95 * min(alone.values())
    assert found.row_losses == pytest.approx(row_losses(found.probabilities, labels))
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)


def test_what_ships_is_fitted_on_all_rows_and_can_be_packed():
    predicted, labels, folds = problem()
    found = chosen(predicted, labels, folds)
    stacked = np.stack([predicted[name] for name in found.names])
    whole = FIT(stacked, labels, None)
    assert found.fusion.fitted == whole.fitted
    assert found.fusion.pool(stacked, None) is not None


def test_two_members_at_most_where_two_are_asked_for():
    assert len(chosen(*problem(), most=2).names) == 2


def test_the_judged_rows_chose_nothing_that_they_are_judged_by():
    # Other labels in a fold change nothing of what is predicted there.
    predicted, labels, folds = problem()
    found = chosen(predicted, labels, folds)
    compared = 0
    for fold in range(5):
        other = np.where(folds == fold, (labels + 1) % 3, labels)
        again = chosen(predicted, other, folds)
        if again is None:  # chosen on all rows, some of which are wrong now
            continue
        held, compared = folds == fold, compared + 1
        np.testing.assert_array_equal(again.probabilities[held], found.probabilities[held])
        assert not np.array_equal(again.probabilities[~held], found.probabilities[~held])
    assert compared > 0


@pytest.mark.parametrize(
    "predicted",
    [
        {"one": "c0"},
        {"one": "c0", "copy": "c0"},
        {"one": "c0", "noise": "shuffled"},
    ],
)
def test_without_a_second_that_adds_something_there_is_no_pool(predicted):
    found, labels, folds = problem()
    found["shuffled"] = np.full_like(found["c0"], 1 / 3)[np.arange(600)]
    found["c0"] = problem(noises=(0.05,))[0]["c0"]
    given = {name: found[source] for name, source in predicted.items()}
    assert chosen(given, labels, folds) is None


def test_a_fold_whose_others_find_no_second_is_answered_by_the_first():
    for seed in range(30):
        predicted, labels, folds = problem(n=60, noises=(0.3, 0.9), seed=seed)
        found = chosen(predicted, labels, folds)
        if found is None:
            continue
        plain = [
            np.array_equal(found.probabilities[folds == fold], each[folds == fold])
            for fold in range(5)
            for each in predicted.values()
        ]
        if any(plain):
            return
    pytest.fail("no such fold in thirty problems")


def test_rows_of_one_fold_are_dealt_into_several():
    predicted, labels, _ = problem()
    found = chosen(predicted, labels, np.zeros(600, int))
    again = chosen(predicted, labels, np.arange(600) % 5)
    np.testing.assert_array_equal(found.probabilities, again.probabilities)


def test_frames_reach_the_fuser_row_by_row():
    predicted, labels, folds = problem()
    table, lengths = pd.DataFrame({"at": np.arange(600)}, index=np.arange(600)[::-1]), []

    def fit(probabilities, labels, part, weights):
        rows = part["at"].to_numpy()
        first = [predicted[name][rows] for name in ("c0", "c1")]
        assert any(np.array_equal(probabilities[0], each) for each in first)
        lengths.append(len(rows))
        return FIT(probabilities, labels, part, weights)

    pair = {"c0": predicted["c0"], "c1": predicted["c1"]}
    found = choose_pool(pair, labels, table, folds, fit)
    assert lengths == [*(600 - np.bincount(folds)), 600]
    by_array = chosen(pair, labels, folds)
    np.testing.assert_array_equal(found.probabilities, by_array.probabilities)


def test_more_rows_than_are_needed_are_sampled(monkeypatch):
    predicted, labels, folds = problem(n=1200)
    whole = chosen(predicted, labels, folds)
    monkeypatch.setattr(pool, "MOST_ROWS", 500)
    assert set(chosen(predicted, labels, folds).names) == set(whole.names)


def test_certain_and_wrong_candidates_are_weighed():
    predicted, labels, folds = problem()
    predicted["wrong"] = np.eye(3)[(labels + 1) % 3]
    assert "wrong" not in chosen(predicted, labels, folds).names


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(5, 60))
def test_the_best_share_is_that_of_expectation_maximisation(seed, n):
    rng = np.random.default_rng(seed)
    mixture, other = rng.uniform(0.01, 1, n), rng.uniform(0.01, 1, (n, 1))
    (share,) = pool._best_shares(other, mixture)
    weights = em_weights(np.column_stack([mixture, other]), most=500, tolerance=0.0)

    def likelihood(of):
        return np.log(mixture + of * (other[:, 0] - mixture)).mean()

    assert 0 <= share <= 1
    assert likelihood(share) >= likelihood(weights[1]) - 1e-6


def test_pools_of_noise_are_judged_as_noise():
    """Of many candidates that know nothing some look better together; others judge them."""
    n, gains, claims = 200, [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        labels = rng.permutation(np.arange(n) % 2)
        first = 1 / (1 + np.exp(-0.5 * rng.normal(size=(30, n))))
        predicted = {f"c{at}": np.column_stack([row, 1 - row]) for at, row in enumerate(first)}
        found = chosen(predicted, labels, rng.permutation(n) % 5)
        stacked = np.stack([predicted[name] for name in found.names])
        claimed = row_losses(found.fusion.soft_targets(stacked, None), labels).mean()
        gains.append(np.log(2) - found.row_losses.mean())
        claims.append(np.log(2) - claimed)
    # By the rows that chose them they seem to know something.
    assert min(claims) > 0
    assert np.mean(claims) > 0.01
    assert max(gains) < 0.02
    assert np.mean(gains) < 0


def test_a_row_of_weight_two_is_two_rows():
    predicted, labels, folds = problem()
    times = 1 + (np.arange(600) % 3 == 0)
    twice = {name: each.repeat(times, axis=0) for name, each in predicted.items()}
    weighed = chosen(predicted, labels, folds, weights=times.astype(float))
    repeated = chosen(twice, labels.repeat(times), folds.repeat(times))
    assert weighed.names == repeated.names
    np.testing.assert_allclose(
        weighed.probabilities.repeat(times, axis=0), repeated.probabilities, atol=1e-6
    )


def test_ungated_members_that_add_nothing_come_in_up_to_the_most():
    predicted, labels, folds = problem(noises=(0.1, 3.0, 3.0, 3.0))
    first = predicted["c0"]
    alike = {"c0": first, "c1": first, "c2": first}
    assert chosen(alike, labels, folds) is None
    found = chosen(alike, labels, folds, gated=False)
    assert sorted(found.names) == ["c0", "c1", "c2"]
    assert len(chosen(predicted, labels, folds, gated=False, most=2).names) == 2
    assert len(chosen({"c0": first, "c1": first}, labels, folds, gated=False).names) == 2
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
