"""Stages that take some of the rows: as if they had been given no others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.values import DataFacts
from hpmkd_defaults.rows import stratified
from hpmkd_defaults.stages.boosting import GBMStage
from hpmkd_defaults.stages.leaf_refit import ROWS_PER_VALUE, rows_of_refit
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.row_loss import at_most
from hpmkd_defaults.stages.tree import TreeStage

CAP = 150


def some(inputs):
    """Return inputs of the rows that a cap of 150 leaves."""
    rows = stratified(inputs.labels, CAP, inputs.seed)
    few = {name: getattr(inputs, name)[rows] for name in ("matrix", "labels", "soft_targets")}
    return replace(inputs, **few)


@pytest.mark.parametrize("cap", [0, 398, 10_000])
def test_where_no_cap_binds_inputs_are_the_same_object(problem, inputs_for, cap):
    inputs = inputs_for(TreeStage(), problem("breast_cancer"))
    assert at_most(inputs, min(cap, len(inputs.labels))) is inputs


@pytest.mark.parametrize("stage", [TreeStage, LogisticStage])
def test_a_capped_stage_is_fitted_on_some_rows(problem, inputs_for, stage):
    inputs = inputs_for(stage(), problem("breast_cancer"))
    X = problem("breast_cancer").X_test
    capped = stage(rows=CAP).fit(inputs).predict_proba(X)
    assert np.array_equal(capped, stage(rows=0).fit(some(inputs)).predict_proba(X))
    assert not np.array_equal(capped, stage(rows=0).fit(inputs).predict_proba(X))


def test_a_refit_takes_some_rows_and_no_fewer_than_leaves_need(problem, inputs_for):
    class Boosting:
        inputs = inputs_for(TreeStage(), problem("breast_cancer"))
        rows = inputs.matrix

    n = len(Boosting.inputs.labels)
    assert rows_of_refit(Boosting, 1, 0) == slice(None)
    assert rows_of_refit(Boosting, 1, n) == slice(None)
    assert len(rows_of_refit(Boosting, 1, CAP)) == CAP
    assert len(rows_of_refit(Boosting, 2, CAP)) == 2 * ROWS_PER_VALUE
    assert rows_of_refit(Boosting, 20, CAP) == slice(None)


def test_a_capped_refit_still_refits(problem, inputs_for):
    given = problem("breast_cancer")
    settings = {"n_rounds": 1, "max_leaves": 3}  # each leaf needs a hundred rows
    inputs = inputs_for(GBMStage(), given, **settings)
    whole, capped, never = (
        GBMStage(refit_every, rows).fit(inputs).predict_proba(given.X_test)
        for refit_every, rows in ((1, 0), (1, CAP), (0, 0))
    )
    assert not np.array_equal(capped, whole)
    assert np.abs(capped - whole).mean() < np.abs(never - whole).mean()


def test_a_cap_is_reported_where_leaves_are_refitted():
    facts = DataFacts(60_000, 10, 2)
    assert GBMStage(refit_every=10).caps(facts).keys() == {"refit_rows"}
    assert not GBMStage().caps(facts)
    assert not GBMStage(refit_every=10).caps(replace(facts, n_rows=50_000))
