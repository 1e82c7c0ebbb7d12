"""A recipe is parsed once, wholly, and complains with the dotted path of what is wrong."""

from __future__ import annotations

import copy
import pickle
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hpmkd.errors import RecipeError
from hpmkd.recipe.files import parse_setting, shipped
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.settings import Choice

HPM = Recipe.load("hpm")


def complaint(call, *arguments):
    with pytest.raises(RecipeError) as caught:
        call(*arguments)
    assert caught.value.exit_code == 2
    return str(caught.value)


# ------------------------------------------------------------------------ sources


@pytest.mark.parametrize("name", shipped())
def test_shipped_recipes_load_under_their_own_name(name):
    assert Recipe.load(name).name == name


def test_the_default_is_hpm():
    assert Recipe.load() == HPM
    assert list(HPM.stages) == ["logistic", "tree", "gbm", "network"]
    assert HPM.search.alphas.leaking == (0.0, 0.25)


def test_three_sources_give_one_recipe(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nfuser = "mean"\n[sampler]\nname = "random"\ntrials = 7\n')
    from_file = Recipe.load(path)
    from_mapping = Recipe.from_mapping(
        {"name": "mine", "fuser": {"name": "mean"}, "sampler": {"name": "random", "trials": 7}}
    )
    assert from_file == from_mapping == Recipe.load(from_mapping)
    assert from_file == HPM.override(
        {"name": "mine", "fuser": "mean", "sampler.name": "random", "sampler.trials": 7}
    )


def test_a_recipe_is_frozen():
    with pytest.raises(AttributeError):
        HPM.fuser = Choice("mean")
    with pytest.raises(TypeError):
        HPM.sampler.settings["trials"] = 9


def test_what_is_left_out_is_as_in_hpm_but_stages_are_all_there_are():
    recipe = Recipe.from_mapping({"stages": {"tree": {}}, "split": {"test_size": 0.5}})
    assert list(recipe.stages) == ["tree"]
    assert recipe.split.test_size == 0.5
    assert recipe.split.selection_size == HPM.split.selection_size
    assert recipe.sampler == HPM.sampler


def test_another_component_does_not_inherit_settings():
    assert dict(Recipe.from_mapping({"sampler": {"name": "random"}}).sampler.settings) == {}
    assert dict(HPM.override({"sampler.name": "random"}).sampler.settings) == {}
    assert dict(HPM.override({"sampler.name": "staged"}).sampler.settings) == {
        "trials": 2,
        "more": 1,
        "distilled": 2,
        "subset_rows": 10_000,
    }


@pytest.mark.parametrize("backwards", [False, True])
def test_a_name_alone_goes_with_further_settings(backwards):
    given = [("scheduler", "meta"), ("scheduler.reach", 4.0)]
    found = HPM.override(dict(reversed(given) if backwards else given)).scheduler
    assert (found.name, dict(found.settings)) == ("meta", {"reach": 4.0})
    twice = {"memory": "none", "memory.name": "none"}
    assert HPM.override(twice).memory.name == "none"
    with pytest.raises(RecipeError, match="'stages' is given as a value and as a table"):
        HPM.override({"stages": ["tree"], "stages.tree.max_leaves": 8})


# --------------------------------------------------------------------- round trips


RECIPES = {
    "hpm": HPM,
    "short": Recipe.from_mapping({"fuser": "mean", "stages": ["gbm", "tree"]}),
    "settings": HPM.override({"stages.tree.max_leaves": 8, "cache.budget": 1000}),
    "alias": Recipe.from_mapping({"stages": {"small": {"name": "tree", "max_leaves": 4}}}),
    "one stage": HPM.only("gbm"),
    "search": HPM.override({"search.temperatures": [0.5, 2], "search.alphas.self": [0, 1]}),
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_toml_gives_the_recipe_back(recipe, tmp_path):
    path = tmp_path / "again.toml"
    path.write_text(recipe.to_toml(), "utf-8")
    assert Recipe.load(path) == recipe
    assert Recipe.from_mapping(recipe.to_mapping()) == recipe
    assert Recipe.from_mapping(tomllib.loads(recipe.to_toml())) == recipe
    assert pickle.loads(pickle.dumps(recipe)) == copy.deepcopy(recipe) == recipe


def test_an_alias_is_another_stage_under_its_own_name():
    assert RECIPES["alias"].stages["small"].name == "tree"
    assert dict(RECIPES["alias"].stages["small"].settings) == {"max_leaves": 4}


def test_only_keeps_the_settings_of_the_stage():
    recipe = HPM.override({"stages.tree.max_leaves": 8})
    assert dict(recipe.only("tree").stages["tree"].settings) == {
        "rows": 200_000,
        "max_leaves": 8,
    }
    assert recipe.only("unheard-of").stages == {"unheard-of": Choice("unheard-of")}


# ---------------------------------------------------------------------- complaints


@pytest.mark.parametrize(
    ("mapping", "parts"),
    [
        ({"fusr": "mean"}, ["fusr: unknown key", "did you mean 'fuser'?"]),
        ({"split": {"test_sise": 0.2}}, ["split.test_sise: ", "did you mean 'test_size'?"]),
        ({"search": {"alphas": {"sefl": [0]}}}, ["search.alphas.sefl: ", "'self'?"]),
        ({"split": {"test_size": 2}}, ["split.test_size: got 2", "< 1"]),
        ({"split": {"folds": "five"}}, ["split.folds: got 'five'", "int"]),
        ({"search": {"temperatures": [1, -1]}}, ["search.temperatures[1]: got -1", "> 0"]),
        ({"search": {"alphas": {"leaking": [0, 1]}}}, ["search.alphas.leaking[1]: got 1", "< 1"]),
        ({"search": {"alphas": [0, 0.5]}}, ["search.alphas: got [0, 0.5]", "expected a table"]),
        ({"search": {"alphas": 1}}, ["search.alphas: got 1", "expected a table"]),
        ({"search": {"stop": {"window": 1}}}, ["search.stop.window: got 1", "2 or more", "or 0"]),
        ({"search": {"stop": {"window": -1}}}, ["search.stop.window: got -1", ">= 0"]),
        ({"search": 3}, ["search: got 3", "expected a table"]),
        ({"stages": {"tree": 3}}, ["stages.tree: got 3", "expected a table"]),
        ({"stages": "tree"}, ["stages: got 'tree'", "expected a table"]),
        ({"fuser": 3}, ["fuser: got 3", "expected a table"]),
        ({"fuser": {"name": 3}}, ["fuser.name: got 3", "str"]),
        ({"name": 3}, ["name: got 3", "str"]),
    ],
)
def test_complaints_have_path_value_and_hint(mapping, parts):
    message = complaint(Recipe.from_mapping, mapping)
    for part in parts:
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"fusr.name": "mean"}, ["fusr: unknown key", "'fuser'?"]),
        ({"split.test_sise": 0.1}, ["split.test_sise: unknown key", "'test_size'?"]),
        ({"split.test_size.x": 0.1}, ["split.test_size", "got {'x': 0.1}"]),
        ({"fuser": 3, "fuser.power": 2}, ["fuser.power: 'fuser' is given as a value"]),
        ({"fuser.power": 2, "fuser": 3}, ["fuser: 'fuser' is given as a value"]),
    ],
)
def test_overrides_complain_alike(settings, parts):
    message = complaint(HPM.override, settings)
    for part in parts:
        assert part in message


def test_a_whole_sentence_about_types():
    whole = "split.folds: got 'five': Expected `int`, got `str`"
    assert complaint(HPM.override, {"split.folds": "five"}) == whole
    whole = "search.alphas.self[1]: got 'x': Expected `float`, got `str`"
    assert complaint(HPM.override, {"search.alphas.self": [0, "x"]}) == whole


def test_unknown_recipes_and_unreadable_files(tmp_path):
    message = complaint(Recipe.load, "hmp")
    assert "'hmp'" in message
    assert "did you mean 'hpm'?" in message
    assert "nowhere.toml" in complaint(Recipe.load, str(tmp_path / "nowhere.toml"))
    broken = tmp_path / "broken.toml"
    broken.write_text("name = \n")
    assert "not valid TOML" in complaint(Recipe.load, broken)
    (tmp_path / "folder.toml").mkdir()
    assert "cannot read" in complaint(Recipe.load, tmp_path / "folder.toml")


# ---------------------------------------------------------------------------- --set


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("sampler.trials=2", "sampler.trials", 2),
        ("split.test_size=0.3", "split.test_size", 0.3),
        ("search.temperatures=[1, 2.5]", "search.temperatures", [1, 2.5]),
        ("fuser=mean", "fuser", "mean"),
        ('fuser="mean"', "fuser", "mean"),
        ("a.b=true", "a.b", True),
        ("a.b=True", "a.b", "True"),
        (" fuser = mean ", "fuser", "mean"),
        ("path=C:\\data=1", "path", "C:\\data=1"),
        ("empty=", "empty", ""),
    ],
)
def test_settings_are_toml_or_else_words(text, key, value):
    assert parse_setting(text) == (key, value)


@pytest.mark.parametrize("text", ["fuser", "=3", "", " = 3"])
def test_a_setting_needs_a_key_and_a_value(text):
    message = complaint(parse_setting, text)
    assert repr(text) in message
    assert "KEY=VALUE" in message


@given(st.integers(1, 10**6))
def test_a_setting_on_the_command_line_is_one_in_the_recipe(trials):
    recipe = HPM.override(dict([parse_setting(f"sampler.trials={trials}")]))
    assert recipe.sampler.settings["trials"] == trials


def test_stages_may_be_listed():
    recipe = HPM.override(dict([parse_setting('stages=["tree", "gbm"]')]))
    assert list(recipe.stages) == ["tree", "gbm"]


def test_stages_may_be_a_tuple():
    assert list(HPM.override({"stages": ("tree", "gbm")}).stages) == ["tree", "gbm"]


@pytest.mark.parametrize("name", ["../../../esc", "", "/tmp/x", ".", "a/b", "Tree", "con.", "a\n"])
def test_a_stage_whose_name_could_lead_out_of_the_run_folder_is_refused(name):
    for settings in ({"stages": {name: {"name": "tree"}}}, {"stages": [name]}):
        message = complaint(HPM.override, settings)
        assert message.startswith(f"stages.{name}: got the name {name!r}; expected a lower-case")


def test_nothing_to_race_or_to_try_is_refused():
    for none in ([], {}):
        assert "stages: got none; expected at least one" in complaint(
            Recipe.from_mapping, {"stages": none}
        )
    assert "search.temperatures: got []" in complaint(HPM.override, {"search.temperatures": []})


@pytest.mark.parametrize("text", ["inf", "nan", "0.0", "-inf"])
def test_temperatures_are_finite_and_above_0(text):
    setting = dict([parse_setting(f"search.temperatures=[1, {text}]")])
    assert "search.temperatures[1]: got " in complaint(HPM.override, setting)


# ------------------------------------------------------------------------- workers


def test_workers_replace_an_executor_of_one_process():
    assert HPM.with_workers(1) == HPM
    assert HPM.with_workers(3).executor == Choice("loky", {"workers": 3})
    assert "workers: got 0" in complaint(HPM.with_workers, 0)


def test_another_executor_keeps_its_place_and_is_told_the_workers():
    cluster = HPM.override({"executor.name": "cluster", "executor.queue": "night"})
    expected = Choice("cluster", {"queue": "night", "workers": 4})
    assert cluster.with_workers(4).executor == expected
    assert HPM.override({"executor": "loky"}).with_workers(1).executor.settings == {"workers": 1}


def test_a_recipe_says_what_runs_in_parallel():
    recipe = HPM.override({"parallel.serial": "cluster"})
    assert recipe.with_workers(2).executor == Choice("cluster", {"workers": 2})
    assert Recipe.from_mapping(tomllib.loads(recipe.to_toml())) == recipe
    assert "parallel: got 'loky'; expected a table" in complaint(HPM.override, {"parallel": "loky"})
    assert "parallel" in complaint(HPM.override, {"parallel.serial": 3})


def test_trials_that_are_bounded_in_time_have_a_process_of_their_own():
    bounded = HPM.override({"budget.trial_seconds": 5})
    assert bounded.place == Choice("loky", {"workers": 1})
    assert bounded.with_workers(3).place == Choice("loky", {"workers": 3})
    assert HPM.place == HPM.executor
    cluster = bounded.override({"executor.name": "cluster"})
    assert cluster.place == Choice("cluster")


def test_an_executor_of_one_process_stands_in_for_the_one_that_replaces_it():
    assert HPM.with_workers(2).stand_in == Choice("serial")
    assert HPM.stand_in is None


def test_it_stands_in_for_the_executor_of_somebody_else_too():
    cluster = HPM.override({"executor.name": "cluster"})
    assert cluster.stand_in == Choice("serial")
    assert cluster.override({"budget.trial_seconds": 5}).stand_in == Choice("serial")
    none = structs.replace(cluster, parallel={})
    assert none.stand_in is None, "a recipe that names none"


# ------------------------------------------------------------------ what is shipped


def test_the_grid_is_todays_practice():
    grid = Recipe.load("grid")
    assert grid.search.temperatures == (0.5, 1.0, 2.0, 3.0)
    assert grid.search.alphas.self == (0.3, 0.5, 0.7, 0.9)
    assert dict(grid.sampler.settings) == {"trials": 10, "hard": False}
    assert (grid.budget.models, grid.search.stop.window, grid.ensemble.top) == (0, 0, 0)
    assert grid.chain == ()


def test_the_proposal_is_as_proposed():
    proposal = Recipe.load("proposal")
    settings = {"initial": 8, "subset": 0.3, "configs": 16, "trials": 5}
    assert (proposal.sampler.name, dict(proposal.sampler.settings)) == ("adaptive", settings)
    assert proposal.budget.models == 0  # 16 x 5 trials, and what it does not count
    assert (proposal.search.batch, proposal.search.stop.window) == (4, 5 * 5)
    assert proposal.search.stop.threshold == 0.001
    assert [link.stage for link in proposal.chain] == ["logistic", "tree", "gbm", "xgboost"]
    assert {link.transfer.name for link in proposal.chain if link.transfer} == {"mix"}
    assert (proposal.scheduler.name, proposal.ensemble.top) == ("meta", 3)
    fuser = proposal.ensemble.fuser  # its attention fits in a file, that over teachers does not
    assert (fuser.name, fuser.settings["gated"]) == ("row-attention", False)
    assert not proposal.ensemble.gated


@pytest.mark.parametrize("name", ["ensemble", "collapsed"])
def test_names_of_other_students_are_no_stages(name):
    with pytest.raises(RecipeError, match=rf"stages.{name}: .* another, e.g. \[stages.my-{name}\]"):
        Recipe.from_mapping({"stages": {name: {"name": "tree"}}})


def test_settings_of_a_fuser_without_a_name_are_refused():
    with pytest.raises(RecipeError, match=r"ensemble\.fuser: .* settings gated without a name"):
        Recipe.load("hpm").override({"ensemble.fuser": {"name": "", "gated": False}})


def test_the_fuser_of_an_ensemble_is_a_name_or_a_table():
    hpm = Recipe.load("hpm")
    assert hpm.to_mapping()["ensemble"]["fuser"] == "pool"
    own = hpm.override({"ensemble.fuser": ""})
    assert own.ensemble.fuser.name == ""
    assert own.to_mapping()["ensemble"]["fuser"] == ""
    table = hpm.override({"ensemble.fuser.name": "row-attention", "ensemble.fuser.gated": False})
    assert table.to_mapping()["ensemble"]["fuser"] == {"name": "row-attention", "gated": False}
    for recipe in (hpm, own, table):
        assert Recipe.from_mapping(recipe.to_mapping()) == recipe
    with pytest.raises(RecipeError, match=r"^ensemble.fuser: got 3; expected a table"):
        hpm.override({"ensemble.fuser": 3})
    with pytest.raises(RecipeError, match=r"^ensemble.gated: got 'no'"):
        hpm.override({"ensemble.gated": "no"})
