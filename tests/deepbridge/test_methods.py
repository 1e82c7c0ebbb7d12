"""What a method and its options mean as a recipe."""

from __future__ import annotations

from enum import Enum

import pytest

from hpmkd import RecipeError
from hpmkd.deepbridge.methods import (
    METHODS,
    Options,
    check_distillation_method,
    most_rows,
    recipe_for,
    recipes_of,
)
from hpmkd.deepbridge.model_types import ModelType, as_model_type, name_of, stage_of, stages_of
from hpmkd.recipe.limits import Limits
from hpmkd.recipe.recipe import Recipe

# ----------------------------------------------------------------------------- methods


def test_every_method_runs_recipes_that_exist():
    for method in METHODS:
        assert [Recipe.load(name).name for name in recipes_of(method)] == list(METHODS[method])
    assert recipes_of("legacy") == recipes_of("standard") == ("grid",)
    assert recipes_of("auto") == ("hpm",)
    assert recipes_of("hybrid") == ("grid", "hpm")


def test_an_unknown_method_is_refused():
    with pytest.raises(RecipeError, match="method: got 'fast'; expected one of hpm, proposal,"):
        recipes_of("fast")


@pytest.mark.parametrize("name", ["hpm", "proposal", "grid"])
def test_without_options_a_recipe_is_as_it_is_shipped_and_several_teachers_teach(name):
    assert recipe_for(name, Options()) == Recipe.load(name).override({"teacher": "panel"})
    if name != "hpm":
        assert recipe_for(name, Options()) == Recipe.load(name)


def test_the_standard_grid_is_640_trials():
    recipe = recipe_for("grid", Options())
    cells = len(recipe.stages) * len(recipe.search.temperatures) * len(recipe.search.alphas.self)
    assert cells * recipe.sampler.settings["trials"] == 640


def test_options_become_the_settings_that_each_sampler_has():
    options = Options(n_trials=3, max_configs=2)
    recipes = {name: recipe_for(name, options) for name in ("hpm", "proposal", "grid")}
    assert {recipe.sampler.settings["trials"] for recipe in recipes.values()} == {3}
    assert recipes["proposal"].sampler.settings["configs"] == 2
    assert all("configs" not in recipes[name].sampler.settings for name in ("hpm", "grid"))
    rows = {name: most_rows(recipe, options) for name, recipe in recipes.items()}
    assert rows == {"hpm": 2, "proposal": None, "grid": None}


def test_limits_are_those_of_the_recipe():
    recipe = recipe_for("proposal", Options(limits={"max_size": "50KB", "min_retention": 0.99}))
    assert recipe.limits == Limits(max_size=50_000, min_retention=0.99)


def test_options_switch_what_they_name():
    options = Options(
        n_trials=5,
        validation_split=0.2,
        parallel_workers=2,
        use_cache=False,
        use_memory=False,
        progressive=False,
        multi_teacher=False,
    )
    recipe = recipe_for("hpm", options)
    assert recipe.sampler.settings["trials"] == 5
    assert recipe.split.selection_size == 0.2
    assert (recipe.executor.name, recipe.executor.settings["workers"]) == ("loky", 2)
    assert (recipe.cache.name, recipe.cache.settings["max_bytes"]) == ("memory", 0)
    assert recipe.memory.name == "none"
    assert recipe.chain == ()
    assert (recipe.teacher.name, recipe.fuser.name, recipe.ensemble.top) == (
        "quick",
        "calibrated",
        0,
    )
    assert recipe.reference.name == "quick"
    assert recipe_for("proposal", options).fuser.name == "calibrated"
    assert recipe_for("grid", options).fuser.name == "mean"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_trials": 0}, "n_trials: got 0; expected an integer of 1 or more"),
        ({"n_trials": 2.5}, "n_trials: got 2.5"),
        ({"max_configs": None}, "max_configs: got None"),
        ({"max_configs": True}, "max_configs: got True"),
        ({"parallel_workers": -1}, "parallel_workers: got -1"),
        ({"validation_split": 1.0}, "validation_split: got 1.0; expected a share"),
        ({"validation_split": "a fifth"}, "validation_split: got 'a fifth'"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(RecipeError, match=message):
        Options(**options)


def test_unknown_ways_to_teach_are_refused_and_surrogates_explained():
    check_distillation_method(None)
    check_distillation_method("knowledge_distillation")
    with pytest.warns(UserWarning, match=r"for the teacher alone, ask for alphas=\[1.0\]"):
        check_distillation_method("surrogate")
    with pytest.raises(RecipeError, match="got 'pruning'; expected 'knowledge_distillation' or"):
        check_distillation_method("pruning")


# -------------------------------------------------------------------------------- grids


def test_a_grid_is_what_the_search_is_given():
    grid = Options().customized([ModelType.DECISION_TREE, "XGB"], [1.0, 2], (0, 0.5, 1.0))
    for name in ("hpm", "grid"):
        recipe = recipe_for(name, grid)
        assert list(recipe.stages) == ["tree", "xgboost"]
        assert recipe.search.temperatures == (1.0, 2.0)
        assert recipe.search.alphas.self == recipe.search.alphas.external == (0.0, 0.5, 1.0)
        # From probabilities that leak nobody learns alone.
        assert recipe.search.alphas.leaking == (0.0, 0.5)


def test_hard_labels_are_in_the_standard_grid_only_if_asked_for():
    with_hard = recipe_for("grid", Options().customized(None, None, [0.0, 0.5]))
    assert with_hard.sampler.settings["hard"] is True
    without_hard = recipe_for("grid", Options().customized(None, None, [0.5]))
    assert without_hard.sampler.settings["hard"] is False


def test_a_second_call_changes_what_it_names_alone():
    grid = Options().customized(["GBM"], [1.0], None).customized(None, [2.0, 2.0], 0.5)
    assert grid == Options(stages=("gbm",), temperatures=(2.0,), alphas=(0.5,))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], None, None), "model_types: got none"),
        ((5, None, None), "model type 5: hpmkd has no such student"),
        ((None, object(), None), "temperatures: got <object"),
        ((None, None, "half"), "alphas: got 'half'"),
        ((None, [0.0], None), "temperatures: got 0.0; expected numbers above 0"),
        ((None, [float("inf")], None), "temperatures: got inf"),
        ((None, [], None), "temperatures: got none"),
        ((None, None, [1.5]), "alphas: got 1.5; expected numbers from 0"),
        ((None, None, ["half"]), "alphas: got 'half'"),
        ((None, None, [True]), "alphas: got True"),
    ],
)
def test_grids_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(RecipeError, match=message):
        Options().customized(*arguments)


# -------------------------------------------------------------------------- model types


def test_model_types_by_member_by_name_by_stage_and_of_another_enumeration():
    theirs = Enum("ModelType", ["GBM", "XGB"])
    assert stages_of([ModelType.GBM, "GBM", "gbm", theirs.GBM]) == ("gbm",)
    assert stages_of("XGB") == stages_of(ModelType.XGB) == ("xgboost",)
    assert stage_of("third_party_stage") == "third_party_stage"


def test_stages_that_nobody_offers_are_refused_at_once():
    with pytest.raises(RecipeError, match=r"model_types: no stage is called 'foo'\."):
        Options().customized(["foo"], None, None)
    with pytest.raises(RecipeError, match="no stage is called 'logistik'; did you mean 'logistic'"):
        Options().customized("logistik", None, None)


def test_names_go_there_and_back():
    for model_type in ("LOGISTIC_REGRESSION", "DECISION_TREE", "GBM", "XGB"):
        assert name_of(stage_of(model_type)) == model_type
        assert as_model_type(model_type) is ModelType[model_type]
    assert name_of("third_party_stage") == as_model_type("third_party_stage") == "third_party_stage"


@pytest.mark.parametrize("strange", [ModelType.RANDOM_FOREST, "MLP", "SVM", 3, None])
def test_families_that_are_no_students_here_are_refused(strange):
    with pytest.raises(RecipeError, match=r"no such student; expected one of LOGISTIC_REGRESSION"):
        stage_of(strange)
