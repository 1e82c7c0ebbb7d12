"""The registry: who offers what, and who is to blame. No installed plugin is seen."""

from __future__ import annotations

import inspect
import pickle
import re
import sys
import types

import pytest

import hpmkd_defaults
from hpmkd.errors import DataError, PluginError, RecipeError
from hpmkd.hookspecs import OFFER_HOOKS, hookimpl
from hpmkd.registry.registry import Registry
from hpmkd.values import Offer


def plugin(**hooks):
    """A plugin with hooks under their short names: ``plugin(fusers=lambda: [...])``."""
    module = types.ModuleType("a_plugin")
    for name, function in hooks.items():
        setattr(module, f"hpmkd_{name}", hookimpl(function))
    return module


def offering(*names, factory=dict):
    return plugin(fusers=lambda: [Offer(name, factory, f"the {name}") for name in names])


def problem_of(registry, name):
    (found,) = (each for each in registry.plugins if each.name == name)
    assert found.status == "broken"
    assert found.offers == ()
    return found.problem


# ------------------------------------------------------------------------- offers


def test_a_fresh_registry_is_empty():
    registry = Registry()
    assert list(registry.plugins) == []
    assert all(registry.offers(kind) == {} for kind in OFFER_HOOKS)
    registry.require_sound()


@pytest.mark.parametrize(("kind", "hook"), OFFER_HOOKS.items())
def test_each_kind_is_collected(kind, hook):
    registry = Registry()
    offer = Offer("mine", dict, "an offer")
    registry.add("my-plugin", plugin(**{hook.removeprefix("hpmkd_"): lambda: [offer]}))
    offered = registry.offers(kind)["mine"]
    assert (offered.kind, offered.offer, offered.plugin) == (kind, offer, "my-plugin")
    assert all(not registry.offers(other) for other in OFFER_HOOKS if other != kind)


def test_any_object_may_be_a_plugin():
    class Plugin:
        @hookimpl
        def hpmkd_fusers(self):
            yield Offer("mine", dict, "from a method")

    registry = Registry()
    registry.add("object", Plugin())
    assert set(registry.offers("fuser")) == {"mine"}


def test_order_of_adding_does_not_matter():
    one, two = Registry(), Registry()
    plugins = {"b": offering("b1", "a2"), "a": offering("z"), "c": offering("m")}
    for name in plugins:
        one.add(name, plugins[name])
    for name in reversed(plugins):
        two.add(name, plugins[name])
    assert list(one.offers("fuser")) == list(two.offers("fuser"))
    assert [each.name for each in one.plugins] == ["a", "b", "c"]


def test_registries_know_nothing_of_each_other():
    one, two = Registry(), Registry()
    one.add("mine", offering("median"))
    assert two.offers("fuser") == {}


# ------------------------------------------------------------------------- broken


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        ("mean", "expected a list of hpmkd.Offer"),
        (None, "expected a list of hpmkd.Offer"),
        (Offer("mean", dict, ""), "expected a list of hpmkd.Offer"),
        ([("mean", dict)], "expected hpmkd.Offer"),
        ([Offer("Mean!", dict, "")], "'Mean!'"),
        ([Offer(3, dict, "")], "the name 3"),
        ([Offer("mean", 3, "")], "the factory 3, which cannot be called"),
        ([Offer("mean", "dict", "")], "expected a class, a function, or the place of one"),
        ([Offer("mean", dict, ""), Offer("mean", list, "")], "'mean' twice"),
    ],
)
def test_wrong_results_break_the_plugin_and_say_how(result, complaint):
    registry = Registry()
    registry.add("wrong", plugin(fusers=lambda: result))
    registry.add("right", offering("median"))
    assert complaint in problem_of(registry, "wrong")
    assert "hpmkd_fusers" in problem_of(registry, "wrong")
    assert set(registry.offers("fuser")) == {"median"}
    with pytest.raises(PluginError, match=r"plugin 'wrong' .*--disable wrong"):
        registry.require_sound()


def raising():
    raise ZeroDivisionError("no teachers")


def yielding():
    yield Offer("half", dict, "")
    raise ZeroDivisionError("no teachers")


@pytest.mark.parametrize("hook", [raising, yielding])
def test_a_hook_that_raises_breaks_its_plugin_alone(hook):
    registry = Registry()
    registry.add("wrong", plugin(fusers=hook))
    registry.add("right", offering("median"))
    assert problem_of(registry, "wrong") == "hpmkd_fusers: ZeroDivisionError: no teachers"
    assert set(registry.offers("fuser")) == {"median"}


def test_a_misspelt_hook_is_an_error():
    registry = Registry()
    registry.add("wrong", plugin(fuserz=lambda: []))
    registry.add("right", offering("median"))
    assert "hpmkd_fuserz" in problem_of(registry, "wrong")
    assert set(registry.offers("fuser")) == {"median"}


def test_a_hook_with_wrong_arguments_is_an_error():
    registry = Registry()
    registry.add("wrong", plugin(run_started=lambda table: None))
    assert "table" in problem_of(registry, "wrong")
    registry.notify("hpmkd_run_started", facts=None, recipe={})


def test_a_wrapper_around_offers_is_an_error():
    def wrapping():
        result = yield
        return result

    wrong = types.ModuleType("wrong")
    wrong.hpmkd_fusers = hookimpl(wrapping, wrapper=True)
    registry = Registry()
    registry.add("wrong", wrong)
    assert "wrapper" in problem_of(registry, "wrong")


def test_one_name_is_one_plugin():
    registry = Registry()
    registry.add("mine", offering("median"))
    with pytest.raises(PluginError, match="'mine'"):
        registry.add("mine", offering("mode"))


# ------------------------------------------------------------------------ clashes


def test_a_clash_names_both_and_how_to_end_it():
    registry = Registry()
    registry.add("first", offering("mean", "median"))
    registry.add("second", offering("mean"))
    (clash,) = registry.clashes()
    for part in ("'mean'", "'first'", "'second'", "--disable first", "--disable second"):
        assert part in clash
    with pytest.raises(PluginError, match="'mean' is offered by plugin 'first'"):
        registry.require_sound()


def test_names_of_different_kinds_do_not_clash():
    registry = Registry()
    registry.add("first", offering("fast"))
    registry.add("second", plugin(samplers=lambda: [Offer("fast", dict, "")]))
    assert registry.clashes() == []
    registry.require_sound()


def test_every_problem_is_reported_at_once():
    registry = Registry()
    registry.add("broken", plugin(fusers=lambda: "x"))
    registry.add("first", offering("mean"))
    registry.add("second", offering("mean"))
    with pytest.raises(PluginError) as caught:
        registry.require_sound()
    for name in ("'broken'", "'first'", "'second'"):
        assert name in str(caught.value)


# ------------------------------------------------------------------ unknown names


def test_an_unknown_component_is_named_with_path_and_guess():
    registry = Registry()
    registry.add("mine", offering("median", "mode"))
    with pytest.raises(RecipeError) as caught:
        registry.offer("fuser", "meidan", "fuser.name")
    for part in ("fuser.name: ", "'meidan'", "did you mean 'median'?", "median, mode"):
        assert part in str(caught.value)


def test_an_unknown_component_may_belong_to_a_plugin_not_in_use():
    registry = Registry()
    registry.add("asleep", plugin(fusers=lambda: "x"))
    with pytest.raises(RecipeError, match=r"Known: none \(plugins not in use: asleep\)"):
        registry.offer("fuser", "mode", "fuser.name")


# --------------------------------------------------------------------- components


def test_a_factory_that_fails_is_blamed_on_its_plugin():
    def explode(*, size=1):
        raise RuntimeError(f"size {size} is too much")

    registry = Registry()
    registry.add("mine", offering("median", factory=explode))
    with pytest.raises(PluginError) as caught:
        registry.offers("fuser")["median"].create(size=3)
    for part in ("plugin 'mine'", "fuser 'median'", "RuntimeError: size 3", "--disable mine"):
        assert part in str(caught.value)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_errors_raised_on_purpose_pass_as_they_are():
    def refuse():
        raise DataError("three rows are too few")

    registry = Registry()
    registry.add("mine", offering("median", factory=refuse))
    with pytest.raises(DataError, match=r"^three rows are too few$"):
        registry.offers("fuser")["median"].create()


# ------------------------------------------------------------- offered by their place


@pytest.fixture
def half(monkeypatch, tmp_path):
    """The offer of a class in a module that is not imported yet."""
    (tmp_path / "hpmkd_test_half.py").write_text(
        "class Half:\n    def __init__(self, *, rows: int = 2): self.rows = rows\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry()
    registry.add("mine", offering("half", factory="hpmkd_test_half:Half"))
    yield registry.offers("fuser")["half"]
    sys.modules.pop("hpmkd_test_half", None)


def test_a_place_is_imported_when_the_component_is_wanted(half):
    assert half.module == "hpmkd_test_half"
    assert "hpmkd_test_half" not in sys.modules
    assert half.create(rows=3).rows == 3
    assert pickle.loads(pickle.dumps(half)) == half


@pytest.mark.parametrize("place", ["nowhere_at_all:Mean", "json:Mean"])
def test_a_place_where_nothing_is_is_blamed_on_its_plugin(place):
    registry = Registry()
    registry.add("mine", offering("median", factory=place))
    registry.require_sound()
    with pytest.raises(PluginError) as caught:
        registry.offers("fuser")["median"].create()
    for part in ("plugin 'mine'", f"'median' cannot be imported from {place!r}", "--disable mine"):
        assert part in str(caught.value)


def test_the_modules_of_default_components_and_their_settings_are_there():
    registry = Registry()
    registry.add("defaults", hpmkd_defaults)
    (defaults,) = registry.plugins
    assert defaults.status == "active"
    for offered in defaults.offers:
        settings = [*inspect.signature(offered.factory).parameters.values()]
        names = {each.name for each in settings}
        docs = " ".join(parent.__doc__ for parent in offered.factory.__mro__)
        assert names <= set(re.findall(r"\w+", docs)), offered
        assert all(each.annotation is not each.empty for each in settings), offered
