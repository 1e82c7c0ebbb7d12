"""The table of hooks itself: documented, complete, and used by what ships."""

from __future__ import annotations

import ast
import inspect
import textwrap

import pytest

import hpmkd_defaults
from hpmkd import contracts, hookspecs
from hpmkd.hookspecs import OFFER_HOOKS
from hpmkd.registry.registry import Registry

SPECS = {name: spec for name, spec in vars(hookspecs).items() if name.startswith("hpmkd_")}
OFFERS = set(OFFER_HOOKS.values())
OBSERVERS = {
    "hpmkd_run_started": {"facts", "recipe"},
    "hpmkd_phase_advanced": {"phase", "done", "total"},
    "hpmkd_work_advanced": {"job", "done", "total", "busy", "workers", "seconds_left"},
    "hpmkd_noted": {"note"},
    "hpmkd_trial_finished": {"trial"},
    "hpmkd_stage_finished": {"stage", "trial"},
    "hpmkd_run_finished": {"leaderboard", "verdict", "counts", "student"},
    "hpmkd_run_failed": {"error"},
}
EXTENDERS = {"hpmkd_commands": {"group"}}


@pytest.fixture(scope="module")
def defaults():
    registry = Registry()
    registry.add("defaults", hpmkd_defaults)
    registry.require_sound()
    return registry


def example_of(spec):
    """The code block of a docstring."""
    text = inspect.getdoc(spec)
    return textwrap.dedent(text.partition("::\n")[2])


def test_every_hook_offers_observes_or_extends():
    assert set(SPECS) == OFFERS | set(OBSERVERS) | set(EXTENDERS)


@pytest.mark.parametrize("name", SPECS)
def test_every_hook_has_an_example_of_itself(name):
    (function,) = ast.parse(example_of(SPECS[name])).body
    assert isinstance(function, ast.FunctionDef)
    assert function.name == name
    assert [ast.unparse(each) for each in function.decorator_list] == ["hookimpl"]
    arguments = {each.arg for each in function.args.args}
    assert arguments <= set(inspect.signature(SPECS[name]).parameters)


@pytest.mark.parametrize("name", OBSERVERS | EXTENDERS)
def test_arguments_are_a_promise(name):
    assert set(inspect.signature(SPECS[name]).parameters) == (OBSERVERS | EXTENDERS)[name]


@pytest.mark.parametrize("name", sorted(OFFERS))
def test_offers_are_plural_nouns_without_arguments(name):
    assert name.endswith("s")
    assert not inspect.signature(SPECS[name]).parameters


@pytest.mark.parametrize("name", sorted(OBSERVERS))
def test_observers_are_participles_that_return_nothing(name):
    assert name.endswith("ed")
    assert inspect.signature(SPECS[name]).return_annotation == "None"


@pytest.mark.parametrize(("kind", "hook"), OFFER_HOOKS.items())
def test_every_kind_has_a_contract_that_tells_its_life(kind, hook):
    (contract,) = {
        name
        for name in vars(contracts)
        if f"Offer[{name}]" in str(inspect.signature(SPECS[hook]).return_annotation)
    }
    assert inspect.getdoc(getattr(contracts, contract)), f"{contract} has no docstring"


@pytest.mark.parametrize("kind", OFFER_HOOKS)
def test_a_hook_that_the_defaults_have_is_really_used(defaults, kind):
    implemented = hasattr(hpmkd_defaults, OFFER_HOOKS[kind])
    assert implemented == bool(defaults.offers(kind))


@pytest.mark.parametrize(
    "kind",
    [
        *("sampler", "stage", "fuser", "scheduler", "memory", "cache", "teacher"),
        *("executor", "augmenter"),
    ],
)
def test_what_a_recipe_names_has_a_first_party_offer(defaults, kind):
    assert defaults.offers(kind)


def test_offers_of_the_defaults_have_summaries(defaults):
    for kind in OFFER_HOOKS:
        for name, offered in defaults.offers(kind).items():
            assert offered.offer.summary, f"{kind} {name} has no summary"
            assert "\n" not in offered.offer.summary


def test_hooks_are_called_by_the_names_they_have():
    """Every observer is notified somewhere in hpmkd: no hook is documented in vain."""
    from pathlib import Path

    package = Path(hookspecs.__file__).parent
    source = "\n".join(
        path.read_text("utf-8") for path in package.rglob("*.py") if path.name != "hookspecs.py"
    )
    for name in (*OBSERVERS, *EXTENDERS):
        assert name in source, f"{name} is never called"
