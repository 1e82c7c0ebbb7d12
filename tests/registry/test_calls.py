"""The registry calls observers and commands, and finds what is installed."""

from __future__ import annotations

import json
import sys
import types
import warnings
from importlib.metadata import EntryPoint

import click
import pytest
from click.testing import CliRunner

from hpmkd.cli import cli
from hpmkd.errors import PluginError, PluginWarning
from hpmkd.hookspecs import hookimpl
from hpmkd.registry import registry as registry_module
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


# ---------------------------------------------------------------------- observers


def test_observers_receive_the_arguments_they_name():
    received = []
    registry = Registry()
    registry.add("both", plugin(phase_advanced=lambda phase, done: received.append((phase, done))))
    registry.add("none", plugin(phase_advanced=lambda: received.append("called")))
    registry.notify("hpmkd_phase_advanced", phase="search", done=1, total=3)
    assert sorted(received, key=str) == [("search", 1), "called"]


def test_a_failing_observer_is_a_warning_and_is_not_called_again():
    received = []

    def fail(phase):
        received.append("wrong")
        raise OSError("the tracker is down")

    registry = Registry()
    wrong = plugin(phase_advanced=fail, fusers=lambda: [Offer("median", dict, "")])
    registry.add("wrong", wrong)
    registry.add("right", plugin(phase_advanced=lambda phase: received.append("right")))
    with pytest.warns(PluginWarning) as caught:
        registry.notify("hpmkd_phase_advanced", phase="search", done=0, total=3)
    (warning,) = caught
    for part in ("'wrong'", "hpmkd_phase_advanced", "OSError: the tracker is down", "--disable"):
        assert part in str(warning.message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registry.notify("hpmkd_phase_advanced", phase="search", done=1, total=3)
    assert received.count("wrong") == 1
    assert received.count("right") == 2
    assert set(registry.offers("fuser")) == {"median"}


# ----------------------------------------------------------------------- commands


def command(name):
    return click.Command(name)


def test_plugins_add_commands():
    group = click.Group()
    registry = Registry()
    registry.add("mine", plugin(commands=lambda group: group.add_command(command("hello"))))
    registry.add_commands(group)
    assert set(group.commands) == {"hello"}


def test_a_failing_command_hook_is_blamed_and_the_others_stay():
    group = click.Group()
    registry = Registry()
    for name in ("a", "z"):
        adding = plugin(commands=lambda group, name=name: group.add_command(command(name)))
        registry.add(f"right-{name}", adding)
    registry.add("wrong", plugin(commands=lambda group: 1 / 0))
    with pytest.raises(PluginError, match=r"'wrong' .*ZeroDivisionError.*HPMKD_DISABLE=wrong"):
        registry.add_commands(group)
    assert set(group.commands) == {"a", "z"}


@pytest.mark.parametrize("in_group", [True, False], ids=["in the group", "reserved"])
def test_no_plugin_replaces_a_command(in_group):
    group = click.Group()
    distill = command("distill")
    if in_group:
        group.add_command(distill)
    registry = Registry()
    registry.add("thief", plugin(commands=lambda group: group.add_command(command("distill"))))
    with pytest.raises(PluginError, match=r"'thief' .*'distill' exists already"):
        registry.add_commands(group, reserved=["distill"])
    assert group.commands == ({"distill": distill} if in_group else {})


# -------------------------------------------------------------------- entry points


@pytest.fixture
def installed(monkeypatch):
    """``installed(name=module, …)`` stands in for the entry points of the environment."""

    def install(*pairs):
        points = []
        for name, module in pairs:
            target = f"hpmkd_test_{len(points)}"
            if module is not None:
                monkeypatch.setitem(sys.modules, target, module)
            points.append(EntryPoint(name, target, "hpmkd"))
        monkeypatch.setattr(registry_module, "entry_points", lambda group: points)
        monkeypatch.delenv("HPMKD_DISABLE", raising=False)

    return install


def test_installed_plugins_are_loaded(installed):
    installed(("mine", offering("median")))
    (found,) = Registry.installed().plugins
    assert (found.name, found.status, len(found.offers)) == ("mine", "active", 1)


def test_a_plugin_that_cannot_be_imported_is_listed_as_broken(installed):
    installed(("gone", None), ("mine", offering("median")))
    registry = Registry.installed()
    gone, mine = registry.plugins
    assert (gone.status, mine.status) == ("broken", "active")
    assert "cannot be imported: ModuleNotFoundError" in gone.problem
    assert set(registry.offers("fuser")) == {"median"}


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_a_disabled_plugin_is_never_imported(installed, monkeypatch, how):
    installed(("mine", None), ("other", offering("median")))  # importing "mine" would fail
    if how == "environment":
        monkeypatch.setenv("HPMKD_DISABLE", "mine, mine")
    registry = Registry.installed(["mine"] if how == "argument" else [])
    assert {each.name: each.status for each in registry.plugins} == {
        "mine": "disabled",
        "other": "active",
    }
    registry.require_sound()


def test_two_plugins_of_one_name_are_told_apart(installed):
    installed(("mine", offering("median")), ("mine", offering("mode")))
    registry = Registry.installed()
    first, second = registry.plugins
    assert first.status == "active"
    assert second.status == "broken"
    assert second.name.startswith("mine@")
    assert "is taken by hpmkd_test_0" in second.problem


def test_the_name_switches_off_both_and_the_long_name_the_second(installed):
    twins = ("mine", offering("median")), ("mine", offering("mode"))
    installed(*twins)
    assert {each.status for each in Registry.installed(["mine"]).plugins} == {"disabled"}
    registry = Registry.installed(["mine@hpmkd_test_1"])
    assert [each.status for each in registry.plugins] == ["active", "disabled"]
    registry.require_sound()


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_switching_off_what_is_not_there_is_told_with_a_guess(installed, monkeypatch, how):
    installed(("my-plugin", offering("median")))
    if how == "environment":
        monkeypatch.setenv("HPMKD_DISABLE", "my-plugni")
    with pytest.warns(PluginWarning, match="'my-plugni' to switch off; did you mean 'my-plugin'"):
        Registry.installed(["my-plugni"] if how == "argument" else [])


class Entry:
    """An entry point whose import does as it likes."""

    dist, value = None, "somewhere"

    def __init__(self, name, load):
        self.name, self.load = name, load


def test_a_plugin_that_ends_the_process_is_broken_and_no_more(monkeypatch):
    def leave():
        raise SystemExit(0)

    points = [Entry("evil", leave), Entry("mine", lambda: offering("median"))]
    points.append(Entry("late", lambda: plugin(fusers=leave)))
    monkeypatch.setattr(registry_module, "entry_points", lambda group: points)
    evil, late, mine = Registry.installed().plugins
    assert (evil.status, late.status, mine.status) == ("broken", "broken", "active")
    assert evil.problem == "cannot be imported: SystemExit: 0"
    assert late.problem == "hpmkd_fusers: SystemExit: 0"


def test_what_plugins_print_while_they_load_is_no_result(monkeypatch, capsys):
    def chatty():
        print("importing")
        return plugin(
            fusers=lambda: print("offering") or [], commands=lambda group: print("adding")
        )

    points = [Entry("chatty", chatty)]
    monkeypatch.setattr(registry_module, "entry_points", lambda group: points)
    Registry.installed().add_commands(click.Group())
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.split() == ["importing", "offering", "adding"]


def test_a_plugin_that_fails_in_commands_is_listed_with_its_problem(monkeypatch):
    points = [Entry("evil", lambda: plugin(commands=lambda group: 1 / 0))]
    monkeypatch.setattr(registry_module, "entry_points", lambda group: points)
    listing = json.loads(CliRunner().invoke(cli, ["plugins", "--json"]).stdout)
    (evil,) = listing["plugins"]
    assert evil["problem"].startswith("failed in hpmkd_commands: ZeroDivisionError")
    listed = CliRunner().invoke(cli, ["plugins"]).stdout
    assert "failed in hpmkd_commands" in listed
    assert "HPMKD_DISABLE=evil" in listed
