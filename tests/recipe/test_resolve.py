"""Names become components: every setting is checked against the factory's signature."""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Annotated

import pytest
from msgspec import Meta

from hpmkd.errors import PluginError, RecipeError
from hpmkd.hookspecs import OFFER_HOOKS, hookimpl
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import known_settings, resolve, select
from hpmkd.recipe.settings import Choice
from hpmkd.registry.offers import RegisteredComponent
from hpmkd.registry.registry import Registry
from hpmkd.values import Offer

if TYPE_CHECKING:
    from somewhere import Unknown


class Median:
    """Takes settings by keyword only."""

    def __init__(self, *, power: float = 1.0, rounds: Annotated[int, Meta(ge=1)] = 3):
        self.power, self.rounds = power, rounds


class Plain:
    """Does not insist on keywords; the first is the engine's."""

    def __init__(self, space, trials: int = 4, unreadable: Unknown = None):
        self.space, self.trials = space, trials


def anything(**settings):
    return settings


def fragile(*, size: int = 0):
    raise RuntimeError("broken glass")


RULE = {"name": "median", "rounds": 5}
FACTORIES = {"median": Median, "plain": Plain, "anything": anything, "fragile": fragile}


@pytest.fixture
def registry():
    """A registry in which every kind has the same four components."""
    module = types.ModuleType("a_plugin")
    offers = [Offer(name, factory, "") for name, factory in FACTORIES.items()]
    for hook in OFFER_HOOKS.values():
        setattr(module, hook, hookimpl(lambda: offers))
    registry = Registry()
    registry.add("mine", module)
    return registry


def refused(registry, choice, kind="fuser", path="fuser"):
    with pytest.raises(RecipeError) as caught:
        select(registry, kind, choice, path)
    return str(caught.value)


def build(selected, *arguments):
    """Build a component that fulfils no contract: without the guard of its kind."""
    return selected.offered.create(*arguments, **selected.settings)


def test_settings_reach_the_factory(registry):
    choice = Choice("median", {"power": 2, "rounds": 5})
    selected = select(registry, "exporter", choice, "exporter")
    median = build(selected)
    assert (median.power, median.rounds) == (2.0, 5)
    assert type(median.power) is float


def test_settings_need_not_be_keyword_only(registry):
    selected = select(registry, "exporter", Choice("plain", {"trials": 9}), "exporter")
    built = build(selected, "a space")
    assert (built.space, built.trials) == ("a space", 9)


def test_what_the_engine_gives_is_no_setting(registry):
    assert "sampler.space: unknown key" in refused(
        registry, Choice("plain", {"space": 1}), "sampler", "sampler"
    )


def test_a_factory_may_take_anything(registry):
    selected = select(registry, "exporter", Choice("anything", {"x": [1]}), "exporter")
    assert build(selected) == {"x": [1]}


def test_unknown_settings_are_refused_with_a_guess(registry):
    message = refused(registry, Choice("median", {"pwoer": 2}))
    for part in ("fuser.pwoer: unknown key", "did you mean 'power'?", "power, rounds"):
        assert part in message


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"power": "two"}, ["fuser.power: got 'two'", "float"]),
        ({"rounds": 0}, ["fuser.rounds: got 0", ">= 1"]),
        ({"rounds": 2.5}, ["fuser.rounds: got 2.5", "int"]),
    ],
)
def test_settings_of_the_wrong_type_are_refused(registry, settings, parts):
    message = refused(registry, Choice("median", settings))
    for part in parts:
        assert part in message


def test_stages_have_their_own_path(registry):
    message = refused(registry, Choice("medain"), "stage", "stages.medain")
    assert message.startswith("stages.medain: no stage is called 'medain'; did you mean 'median'?")


def test_an_annotation_that_cannot_be_read_is_the_plugins_fault(registry):
    with pytest.raises(PluginError, match=r"plugin 'mine': sampler 'plain' .*'unreadable'"):
        select(registry, "sampler", Choice("plain", {"unreadable": 1}), "sampler")


def _typed(*, size: Annotated[int, Meta(ge=1)] = 1, later: Unknown = None):
    return size


def test_annotations_are_read_where_they_were_written(monkeypatch, registry):
    elsewhere = types.ModuleType("elsewhere")
    source = (
        "from __future__ import annotations\n"
        "from typing import Annotated\n"
        "from msgspec import Meta as Only\n"
        "class Base:\n"
        "    def __init__(self, *, size: Annotated[int, Only(ge=1)] = 1): self.size = size\n"
    )
    exec(source, vars(elsewhere))
    child = type("Child", (elsewhere.Base,), {"__module__": __name__})
    for factory in (child, functools.partial(child), _typed, functools.partial(_typed)):
        offered = RegisteredComponent("exporter", Offer("it", factory, ""), "mine")
        monkeypatch.setattr(registry, "offer", lambda *given, offered=offered: offered)
        assert build(select(registry, "exporter", Choice("it", {"size": 2}), "exporter"))
        assert "exporter.size: got 0" in refused(
            registry, Choice("it", {"size": 0}), path="exporter"
        )


def test_building_is_blamed_checking_is_not(registry):
    selected = select(registry, "fuser", Choice("fragile", {"size": 1}), "fuser")
    with pytest.raises(PluginError, match=r"plugin 'mine': fuser 'fragile' could not be built"):
        selected.create()


def test_a_recipe_is_resolved_whole(registry):
    parts = ("fuser", "augmenter", "sampler", "scheduler", "memory", "cache", "executor")
    kinds = ("teacher", "reference", *parts)
    recipe = Recipe.from_mapping(
        {kind: {"name": "anything"} for kind in kinds}
        | {"stages": {"median": {"power": 2}, "small": {"name": "median"}}}
        | {"chain": [{"stage": "small"}, {"stage": "median", "transfer": RULE}]}
        | {"ensemble": {"fuser": "median"}, "parallel": {"plain": "anything"}}
    )
    components = resolve(recipe, registry)
    assert components.ensemble_fuser.offered.offer.name == "median"
    assert all(getattr(components, kind).offered.plugin == "mine" for kind in kinds)
    assert list(components.stages) == ["median", "small"]
    assert components.stand_in.offered.offer.name == "plain"
    assert components.stages["median"].settings == {"power": 2.0}
    (rule,) = components.transfers.values()
    assert (rule.offered.plugin, rule.settings) == ("mine", {"rounds": 5})
    assert list(components.transfers) == [link.label for link in components.links]


@pytest.mark.parametrize("ensemble", [{"fuser": ""}, {"top": 0}])
def test_the_ensemble_has_the_recipes_fuser_if_it_names_none(registry, ensemble):
    kinds = ("teacher", "reference", "augmenter", "sampler", "scheduler", "memory", "cache")
    recipe = Recipe.from_mapping(
        dict.fromkeys((*kinds, "executor"), "anything")
        | {"fuser": {"name": "median", "rounds": 2}, "stages": {"plain": {}}, "chain": []}
        | {"ensemble": ensemble, "parallel": {"plain": "anything"}}
    )
    components = resolve(recipe, registry)
    assert components.ensemble_fuser == components.fuser
    unknown = recipe.override({"ensemble.fuser": "mode", "ensemble.top": 2})
    with pytest.raises(RecipeError, match=r"^ensemble.fuser.name: no fuser is called 'mode'"):
        resolve(unknown, registry)


def test_the_fuser_of_the_ensemble_has_settings_of_its_own(registry):
    kinds = ("teacher", "reference", "augmenter", "sampler", "scheduler", "memory", "cache")
    recipe = Recipe.from_mapping(
        dict.fromkeys((*kinds, "executor", "fuser"), "anything")
        | {"stages": {"plain": {}}, "chain": [], "parallel": {"plain": "anything"}}
        | {"ensemble": {"fuser": {"name": "median", "rounds": 2}}}
    )
    assert resolve(recipe, registry).ensemble_fuser.settings == {"rounds": 2}
    assert Recipe.from_mapping(recipe.to_mapping()) == recipe
    wrong = recipe.override({"ensemble.fuser.rounds": "many"})
    with pytest.raises(RecipeError, match=r"^ensemble.fuser.rounds: got 'many'"):
        resolve(wrong, registry)


def test_a_recipe_with_one_wrong_name_is_refused(registry):
    with pytest.raises(RecipeError, match=r"^teacher.name: no teacher is called 'quick'"):
        resolve(Recipe.load("hpm"), registry)


def test_workers_that_an_executor_does_not_know_are_refused(registry):
    kinds = (
        "teacher",
        "reference",
        "fuser",
        "sampler",
        "scheduler",
        "memory",
        "cache",
        "augmenter",
    )
    named = {kind: {"name": "anything"} for kind in kinds}
    named |= {"ensemble": {"top": 0}}
    recipe = Recipe.from_mapping({**named, "executor": "median", "stages": ["median"]})
    with pytest.raises(RecipeError, match=r"executor.workers: unknown key.*power, rounds"):
        resolve(recipe.with_workers(2), registry)


def test_a_component_tells_its_settings(registry):
    known = {name: known_settings(registry.offer("sampler", name, "")) for name in FACTORIES}
    assert known == {
        "median": ["power", "rounds"],
        "plain": ["trials", "unreadable"],
        "anything": [],
        "fragile": ["size"],
    }
