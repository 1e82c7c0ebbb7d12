"""The chain of a recipe: parsed, complained about with a path, and written back."""

from __future__ import annotations

import tomllib

import pytest

from hpmkd.errors import RecipeError
from hpmkd.recipe.chain_settings import Link, parse_chain
from hpmkd.recipe.files import parse_setting
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import resolve
from hpmkd.recipe.settings import Choice
from hpmkd.registry.registry import Registry

HPM, PROPOSAL = Recipe.load("hpm"), Recipe.load("proposal")
RESIDUAL = Choice("residual")


def test_the_shipped_chains():
    assert HPM.chain == ()
    assert [(each.stage, each.label, each.after) for each in PROPOSAL.chain] == [
        ("logistic", "none", ""),
        ("tree", "mix", "logistic"),
        ("gbm", "mix", "tree"),
        ("xgboost", "mix", "gbm"),
    ]


def test_after_is_the_entry_above_unless_said():
    links = parse_chain(
        [
            {"stage": "logistic"},
            {"stage": "gbm", "transfer": "residual"},
            {"stage": "tree", "transfer": {"name": "mix", "share": 0.5}, "after": "logistic"},
            {"stage": "xgboost", "transfer": "none"},
        ]
    )
    assert links == (
        Link("logistic"),
        Link("gbm", RESIDUAL, "logistic"),
        Link("tree", Choice("mix", {"share": 0.5}), "logistic"),
        Link("xgboost"),
    )
    assert [each.label for each in links] == ["none", "residual", "mix(share=0.5)", "none"]


def test_a_stage_may_stand_in_the_chain_twice():
    links = parse_chain(
        [
            {"stage": "logistic"},
            {"stage": "gbm", "transfer": "residual"},
            {"stage": "gbm", "transfer": "mix", "after": "logistic"},
        ]
    )
    assert [each.after for each in links] == ["", "logistic", "logistic"]


FIRST = {"stage": "logistic"}


@pytest.mark.parametrize(
    ("chain", "parts"),
    [
        ("logistic", ["chain: got 'logistic'", "expected a list", '[{stage = "logistic"}]']),
        ({"stage": "tree"}, ["chain: got {", "expected a list"]),
        (7, ["chain: got 7", "expected a list"]),
        (["tree"], ["chain[0]: got 'tree'", "expected a table", '{stage = "tree"}']),
        ([FIRST, {"stag": "tree"}], ["chain[1].stag: unknown key", "did you mean 'stage'?"]),
        ([{"transfer": "residual"}], ["chain[0]: no stage given", 'write stage = "']),
        ([{"stage": 3}], ["chain[0].stage: got 3", "str"]),
        (
            [{"stage": "gbm", "transfer": "residual"}],
            ["chain[0]: it comes after ''", "an entry above it, of which there is none"],
        ),
        (
            [FIRST, {"stage": "gbm", "transfer": "residual", "after": "tree"}],
            ["chain[1]: it comes after 'tree'", "expected one of logistic"],
        ),
        (
            [FIRST, {"stage": "gbm", "transfer": "residual", "after": "gbm"}],
            ["chain[1]: it comes after 'gbm'", "expected one of logistic"],
        ),
        ([FIRST, {"stage": "gbm", "transfer": "residual", "after": 1}], ["chain[1].after: got 1"]),
        (
            [FIRST, {"stage": "gbm", "transfer": {"share": 0.1}}],
            ["chain[1].transfer: got {", "nam"],
        ),
        (
            [FIRST, {"stage": "gbm", "after": "logistic"}],
            ["chain[1]: after is given, but no transfer"],
        ),
        ([FIRST, {"stage": "gbm", "transfer": ["mix"]}], ["chain[1].transfer: got ['mix']"]),
        ([FIRST, {"stage": "gbm", "transfer": {"name": 1}}], ["chain[1].transfer.name: got 1"]),
    ],
)
def test_what_is_wrong_is_said_with_its_path(chain, parts):
    with pytest.raises(RecipeError) as caught:
        HPM.override({"chain": chain})
    assert caught.value.exit_code == 2
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        ("residul", ["chain[1].transfer.name: no transfer is called 'residul'", "residual"]),
        ({"name": "mix", "shere": 0.1}, ["chain[1].transfer.shere: unknown key", "'share'"]),
        ({"name": "mix", "share": 0.0}, ["chain[1].transfer.share: got 0.0", "> 0"]),
        ({"name": "mix", "share": "all"}, ["chain[1].transfer.share: got 'all'"]),
        ({"name": "residual", "share": 0.1}, ["chain[1].transfer.share: unknown key"]),
    ],
)
def test_rules_and_their_settings_are_checked_against_what_is_offered(rule, parts):
    recipe = HPM.override({"chain": [FIRST, {"stage": "gbm", "transfer": rule}]})
    with pytest.raises(RecipeError) as caught:
        resolve(recipe, Registry.installed())
    for part in parts:
        assert part in str(caught.value)


def test_a_stage_that_nobody_offers_is_a_typing_error():
    recipe = HPM.override({"chain": [FIRST, {"stage": "gmb", "transfer": "residual"}]})
    with pytest.raises(RecipeError, match=r"chain\[1\].stage: no stage is called 'gmb'.*'gbm'"):
        resolve(recipe, Registry.installed())


CHAINS = {
    "shipped": PROPOSAL.chain,
    "none": (),
    "settings": (Link("logistic"), Link("gbm", Choice("mix", {"share": 0.5}), "logistic")),
}


@pytest.mark.parametrize("name", CHAINS)
def test_toml_gives_the_chain_back(name, tmp_path):
    recipe = HPM.override({"chain": [link.to_mapping() for link in CHAINS[name]]})
    assert recipe.chain == CHAINS[name]
    assert Recipe.from_mapping(recipe.to_mapping()) == recipe
    assert Recipe.from_mapping(tomllib.loads(recipe.to_toml())) == recipe
    path = tmp_path / "again.toml"
    path.write_text(recipe.to_toml(), "utf-8")
    assert Recipe.load(path).chain == CHAINS[name]


def test_a_recipe_of_its_own_inherits_the_chain_unless_it_says_otherwise():
    assert Recipe.from_mapping({"fuser": "mean"}).chain == HPM.chain == ()
    own = [link.to_mapping() for link in PROPOSAL.chain]
    assert Recipe.from_mapping({"chain": own}).chain == PROPOSAL.chain


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("chain=[]", ()),
        (
            'chain=[{stage="logistic"}, {stage="gbm", transfer="residual"}]',
            (Link("logistic"), Link("gbm", RESIDUAL, "logistic")),
        ),
    ],
)
def test_a_setting_of_the_command_line_replaces_the_chain(text, chain):
    key, value = parse_setting(text)
    assert HPM.override({key: value}).chain == chain


def in_play(**settings):
    return resolve(HPM.override(settings), Registry.installed()).links


def test_links_of_stages_that_are_not_in_the_race_are_left_out():
    chain = [
        {"stage": "logistic"},
        {"stage": "gbm", "transfer": "residual"},
        {"stage": "tree", "transfer": "assistant"},
    ]
    assert [(each.stage, each.after) for each in in_play(chain=chain)] == [
        ("gbm", "logistic"),
        ("tree", "gbm"),
    ]
    assert [each.stage for each in in_play(chain=chain, stages=["tree", "gbm"])] == ["tree"]
    assert in_play(chain=chain, stages=["tree", "logistic"]) == ()
    assert resolve(HPM.only("gbm"), Registry.installed()).links == ()
