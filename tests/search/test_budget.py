"""Budgets: what is left, and why there may be no more."""

from __future__ import annotations

import math

import pytest
from sklearn.linear_model import LogisticRegression

import hpmkd
from hpmkd.execution.counters import Counts
from hpmkd.recipe.settings import BudgetSettings
from hpmkd.search.budget import Budget

QUICK = {
    "split.folds": 2,
    "augmenter": "none",
    "memory": "none",
}


def test_without_bounds_nothing_is_ever_spent():
    budget = Budget(BudgetSettings(0, 0.0), Counts(models_trained=10_000))
    assert budget.models == math.inf
    assert budget.left(7) is None
    assert budget.reserve(7) == 7
    assert budget.refusal(10**9) is None
    assert budget.unused == budget.used == ""


def test_models_are_counted_as_they_are_trained():
    counts = Counts(models_trained=50)
    budget = Budget(BudgetSettings(64, 0.0), counts)
    assert (budget.models, budget.left(10)) == (14, 4)
    assert budget.refusal(14) is None
    assert budget.refusal(15) == "it takes 15 models; 14 of 64 models left"
    counts.models_trained = 64
    assert (budget.models, budget.left(10)) == (0, 0)
    assert budget.unused == "; 0 of 64 models left"
    assert budget.used == " (64 of 64 models trained by then)"
    assert budget.refusal(1) == "it takes 1 model; 0 of 64 models left"


@pytest.mark.parametrize(("wanted", "reserved"), [(10, 10), (32, 32), (40, 32)])
def test_half_of_it_at_most_is_kept_for_later(wanted, reserved):
    assert Budget(BudgetSettings(64, 0.0), Counts()).reserve(wanted) == reserved


def test_time_is_spent_as_it_passes(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    budget = Budget(BudgetSettings(64, 2.5), Counts())
    assert budget.late is None
    assert budget.refusal(1) is None
    now[0] = 102.5
    assert budget.late == "the budget of 2.5 s is spent"
    # Of two reasons, time: nothing that is cheaper may be begun either.
    assert budget.refusal(1) == budget.refusal(99) == budget.late


# --------------------------------------------------------------------- whole runs


@pytest.mark.filterwarnings("ignore:stage .* dropped")
@pytest.mark.parametrize("models", [8, 12, 20, 33, 64])
@pytest.mark.parametrize("once_above", [1, 1000])
def test_a_run_trains_no_more_than_its_budget(wine, models, once_above):
    settings = {**QUICK, "split.once_above": once_above, "budget.models": models}
    found = hpmkd.distill(*wine, teacher="quick", settings=settings)
    assert 0 < found.counts["models_trained"] <= models
    assert found.student.predict_proba(wine[0][:2]).shape == (2, 3)


@pytest.mark.filterwarnings("ignore:stage .* dropped")
def test_a_run_without_time_ends_normally_with_what_it_has(wine):
    found = hpmkd.distill(*wine, teacher="quick", settings={**QUICK, "budget.seconds": 1e-6})
    assert found.facts["search"]["ended"].startswith("the budget of 1e-06 s is spent (")
    assert found.chosen in found.students
    assert all("not tried" in gate.reason for gate in found.gates if "after" in gate.name)


@pytest.mark.parametrize("bad", [-1, 2.5, "many"])
def test_a_bad_budget_is_refused_by_its_path(wine, bad):
    with pytest.raises(hpmkd.RecipeError, match=r"^budget\.models: got"):
        hpmkd.distill(*wine, settings={"budget.models": bad})


@pytest.mark.filterwarnings("ignore:stage .* dropped")
@pytest.mark.parametrize(("once_above", "alpha", "least"), [(1, 0.5, 3), (1000, 0.5, 4), (1, 0, 3)])
def test_a_budget_below_one_stage_is_refused_before_a_teacher_is_asked(
    wine, once_above, alpha, least
):
    class Untouched(LogisticRegression):
        def fit(self, *_):
            pytest.fail("a teacher was fitted for a run that cannot be")

    settings = {
        **QUICK,
        "split.once_above": once_above,
        "search.alphas": {"self": [alpha], "external": [alpha], "leaking": [alpha]},
        "budget.models": least - 1,
    }
    with pytest.raises(hpmkd.RecipeError, match=f"got {least - 1}; expected at least {least}, "):
        hpmkd.distill(*wine, teacher=Untouched(), settings=settings)
    settings["budget.models"] = least
    found = hpmkd.distill(*wine, teacher="quick", settings=settings)
    assert 0 < found.counts["models_trained"] <= least
