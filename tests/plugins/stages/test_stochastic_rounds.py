"""Shares of rows and columns, strategies, and what suits the size of the data."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from hpmkd.errors import RecipeError
from hpmkd.optuna_trials import RecordedTrial, random_study
from hpmkd.values import DataFacts
from hpmkd_defaults.stages.boosting import SCHEDULED_ROUNDS, GBMStage, XGBoostStage
from hpmkd_defaults.stages.boosting_parameters import SHARES, common_parameters
from hpmkd_defaults.stages.capacity import FEW_COLUMNS, Capacity

QUICK = {"n_rounds": 8}


@pytest.fixture(params=[GBMStage, XGBoostStage])
def stage(request):
    return request.param()


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("value", [0.0, -0.5, 1.01, float("nan")])
def test_shares_outside_0_to_1_are_refused(stage, problem, inputs_for, share, value):
    inputs = inputs_for(stage, problem("wine"), **{share: value})
    with pytest.raises(RecipeError, match=rf"got {share}=.*, expected a share in \(0, 1\]"):
        stage.fit(inputs)


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
def test_an_unknown_strategy_is_refused(stage, problem, inputs_for, name):
    inputs = inputs_for(stage, problem(name), multi_strategy="one tree")
    with pytest.raises(RecipeError, match="got multi_strategy='one tree', expected one of"):
        stage.path(inputs)


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
@pytest.mark.parametrize("strategy", ["one_output_per_tree", "multi_output_tree"])
@pytest.mark.parametrize("share", SHARES)
def test_a_share_changes_the_trees(stage, problem, inputs_for, name, strategy, share):
    whole = dict.fromkeys(SHARES, 1.0)
    fits = [
        stage.fit(
            inputs_for(stage, problem(name), multi_strategy=strategy, **QUICK, **whole | changed)
        ).to_bytes()
        for changed in ({}, {share: 0.5})
    ]
    assert fits[0] != fits[1]


def test_the_seed_draws_the_rows(stage, problem, inputs_for):
    one, same, other = (
        stage.fit(inputs_for(stage, problem("wine"), seed=seed, **QUICK)).to_bytes()
        for seed in (1, 1, 2)
    )
    assert one == same != other


def test_another_fit_in_between_draws_nothing_away(stage, problem, inputs_for):
    """XGBoost keeps one generator per thread: a round seeds its own."""
    inputs = inputs_for(stage, problem("wine"), **QUICK)
    expected = stage.fit(inputs).to_bytes()
    other = stage.path(inputs_for(stage, problem("breast_cancer"), seed=5, **QUICK))
    assert other.n_rounds == 8
    assert stage.fit(inputs).to_bytes() == expected


def test_all_rows_are_drawn_anew_in_each_round(problem, inputs_for):
    inputs = inputs_for(GBMStage(), problem("wine"))
    parameters = common_parameters(inputs, GBMStage().settings(inputs))
    assert parameters["seed_per_iteration"]


# ------------------------------------------------------------------ the size of the data


def test_few_columns_are_all_there(stage):
    few, many = (
        stage.for_data(DataFacts(2_000, n_columns, 2)).defaults
        for n_columns in (FEW_COLUMNS - 1, FEW_COLUMNS)
    )
    assert few["colsample_bytree"] == 1.0
    assert many["colsample_bytree"] == stage.defaults["colsample_bytree"] < 1.0
    # Where columns are not drawn, rows are.
    assert few["subsample"] < many["subsample"] == stage.defaults["subsample"]


@pytest.mark.parametrize(("n_classes", "drawn"), [(2, False), (3, True)])
def test_vectors_are_drawn_for_more_than_two_classes(stage, n_classes, drawn):
    fitting = stage.for_data(DataFacts(2_000, 20, n_classes))
    assert ("multi_strategy" in fitting.space(random_study(0).ask())) is drawn
    assert ("multi_strategy" in fitting.defaults) is drawn


def test_trees_of_vectors_end_at_30_leaves():
    facts = DataFacts(10**6, 20, 3)
    gbm, xgboost = GBMStage().for_data(facts), XGBoostStage().for_data(facts)
    assert gbm.capacity.max_leaves == 30
    assert 2**xgboost.capacity.max_depth <= 30
    too_large = RecordedTrial({"max_leaves": 31})
    gbm.space(too_large)
    assert "max_leaves" in too_large.refused


def test_capacity_grows_with_the_rows():
    rows = [500, 5_000, 50_000, 500_000]
    limits = [Capacity.of(DataFacts(n, 20, 2)) for n in rows]
    for name in ("n_rounds", "max_leaves", "max_depth"):
        values = [getattr(each, name) for each in limits]
        assert values == sorted(values)
        assert values[0] < values[-1]


def test_the_limit_is_that_of_the_data(problem, inputs_for):
    inputs = inputs_for(GBMStage(), problem("wine"))
    many = GBMStage().for_data(DataFacts(10**6, 20, 2))
    assert GBMStage().settings(inputs)["n_rounds"] == Capacity().n_rounds
    assert many.settings(inputs)["n_rounds"] == many.capacity.n_rounds > Capacity().n_rounds
    given = replace(inputs.configuration, hyperparameters={"n_rounds": 7})
    assert many.settings(replace(inputs, configuration=given))["n_rounds"] == 7


def test_under_a_schedule_no_fit_goes_to_the_limit(problem, inputs_for, watched):
    inputs = inputs_for(GBMStage(), problem("wine"), scheduler=watched)
    many = GBMStage().for_data(DataFacts(10**6, 20, 2))
    assert many.settings(inputs)["n_rounds"] == SCHEDULED_ROUNDS < many.capacity.n_rounds


def test_a_stage_for_data_is_pickled_whole(stage):
    fitting = stage.for_data(DataFacts(10**6, 5, 4))
    copied = pickle.loads(pickle.dumps(fitting))
    assert copied.defaults == fitting.defaults
    assert copied.capacity == fitting.capacity
    assert stage.for_data(DataFacts(100, 20, 2)).capacity == Capacity()
    # Data after data leave no trace.
    again = fitting.for_data(DataFacts(100, 20, 2))
    assert dict(again.defaults) == dict(stage.defaults)
    assert list(again.portfolio) == list(stage.for_data(DataFacts(100, 20, 2)).portfolio)


def test_many_rows_have_more_bins(stage, problem, inputs_for):
    inputs = inputs_for(stage, problem("wine"))
    many = stage.for_data(DataFacts(20_000, 20, 3))
    bins = [each.settings(inputs)["max_bin"] for each in (stage, many)]
    assert bins == [128, 256]
