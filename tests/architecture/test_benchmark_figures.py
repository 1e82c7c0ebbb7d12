"""What benchmarks conclude from their lines: tests over sets, verdicts against the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.claims import robustness
from benchmarks.claims import tables as claims_tables
from benchmarks.claims.claims import CLAIMS
from benchmarks.claims.growth import exponent
from benchmarks.common.significance import critical_difference, groups, holm, mean_ranks, wilcoxon
from benchmarks.rivals.compare import Whole
from benchmarks.verdict.confusion import right, truth


def test_holm_multiplies_by_the_number_of_hypotheses_that_are_left():
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "none": float("nan")})
    assert {name: adjusted[name] for name in "abc"} == pytest.approx(
        {"a": 0.03, "c": 0.06, "b": 0.06}
    )
    assert np.isnan(adjusted["none"])


def test_critical_differences_are_those_of_demsars_example():
    # Demšar 2006, section 3.2.2: four classifiers on 14 data sets, q = 2.569.
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)


def test_arms_within_a_critical_difference_share_a_bar():
    assert groups([1.0, 2.0, 3.5, 4.0], 1.1) == [(0, 1), (2, 3)]
    assert groups([1.0, 2.0, 3.0], 2.0) == [(0, 2)]
    assert groups([1.0, 3.0], 1.0) == []


def test_wilcoxon_needs_six_sets():
    assert np.isnan(wilcoxon([1, 2, 3, 4, 5]))
    assert wilcoxon([1, 2, 3, 4, 5, 6]) == stats.wilcoxon([1, 2, 3, 4, 5, 6]).pvalue


def test_the_least_loss_has_the_first_rank():
    losses = pd.DataFrame({"worse": [0.2, 0.3], "better": [0.1, 0.2]})
    assert mean_ranks(losses).to_dict() == {"better": 1.0, "worse": 2.0}


def test_arms_are_compared_on_the_draws_that_both_have():
    lines = [("rival", 0, 1.0), ("rival", 1, 9.0), ("once", 0, 0.5)]
    frame = pd.DataFrame(
        [
            {"set": "a", "rows": 5, "seed": seed, "arm": arm, "log_loss": loss, "n_classes": 2}
            for arm, seed, loss in lines
        ]
    )
    assert Whole(frame, pd.DataFrame()).relative("once", "rival").to_dict() == {"a": -0.5}


@pytest.mark.parametrize(
    ("outcome", "found", "error", "true", "is_right"),
    [
        ("pays", -0.01, 0.001, "pays", True),
        ("pays", 0.01, 0.001, "hurts", False),
        ("pays", -0.001, 0.001, "no difference", True),
        ("hurts", 0.01, 0.001, "hurts", True),
        ("hurts", -0.01, 0.001, "pays", False),
        ("no difference", 0.0, 0.0, "no difference", True),
        ("no difference", -0.015, 0.001, "pays", True),  # inside the interval
        ("no difference", -0.05, 0.001, "pays", False),
    ],
)
def test_fresh_rows_contradict_a_verdict_or_do_not(outcome, found, error, true, is_right):
    line = {"outcome": outcome, "interval": [-0.02, 0.02], "truth": found, "error": error}
    assert (truth(line), right(line)) == (true, is_right)


def test_an_exponent_is_the_slope_of_the_logarithms():
    sizes = [1, 2, 4, 8]
    assert exponent(sizes, [3 * size**1.5 for size in sizes]) == pytest.approx((1.5, 0.0))
    # Of three points, by hand: y = 0, 1, 1 at x = 0, 1, 2 has slope 1/2; residuals -1/6, 1/3, -1/6.
    slope, error = exponent(np.exp([0, 1, 2]), np.exp([0, 1, 1]))
    assert (slope, error) == pytest.approx((0.5, np.sqrt(1 / 6 / 2)))


def test_two_sizes_have_no_error_to_speak_of():
    with pytest.raises(ValueError, match="got 2 sizes"):
        exponent([1, 2], [1, 2])


def test_a_claim_of_less_is_reached_below_its_bound_and_one_of_more_above_it():
    claims = {each.what: each for each in CLAIMS}
    assert claims["time"].reached(-91)
    assert not claims["time"].reached(-89)
    assert claims["accuracy"].reached(2.5)
    assert not claims["accuracy"].reached(-2.5)


@pytest.mark.parametrize(
    ("alpha", "temperature", "expected"),
    [(0.5, 2.0, "gbm, alpha 0.5, T 2"), (0.3, None, "gbm, alpha 0.3"), (None, None, "gbm")],
)
def test_what_members_of_an_ensemble_do_not_share_is_not_shown(alpha, temperature, expected):
    arm = {"chosen": "gbm", "after": None, "alpha": alpha, "temperature": temperature}
    assert claims_tables._student(arm) == expected


def test_columns_of_whole_numbers_take_noise():
    class Positive:
        def predict(self, table):
            return table["a"] > 0

    table = pd.DataFrame({"a": [-1, 1, -2, 2]})
    found = robustness.losses(Positive(), table, table, table["a"] > 0, seed=0)
    assert found["30% missing"] >= 0
    assert found["a column + 1 sd"] > 0
