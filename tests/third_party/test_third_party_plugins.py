"""Plugins as strangers write them are found, and the bad ones named."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

HEAVY = ("numba", "sklearn", "xgboost", "optuna", "pandas")


# --------------------------------------------------------------------- in Python


def test_installed_plugins_are_found(run):
    script = """
from hpmkd.registry.registry import Registry
registry = Registry.installed()
registry.require_sound()
print(registry.offers("fuser")["median"].create(floor=0.01).summary())
print(registry.offers("stage")["naive_bayes"].plugin)
"""
    done = run(["good"], "-c", script)
    assert done.out.split("\n")[:2] == ["{'floor': 0.01}", "good"]


def test_a_broken_plugin_is_refused_by_name(run, broken):
    script = """
from hpmkd.registry.registry import Registry
from hpmkd.errors import PluginError
registry = Registry.installed()
assert "grid" in registry.offers("sampler"), "the defaults are gone"
try: registry.require_sound()
except PluginError as error: print(error)
"""
    said = run([broken.folder, "good"], "-c", script).out
    assert f"plugin '{broken.plugin}'" in said
    assert broken.reason in said
    assert f"--disable {broken.plugin}" in said
    assert "'good'" not in said


def test_a_disabled_plugin_is_not_imported(run):
    script = """
import sys
from hpmkd.registry.registry import Registry
statuses = {each.name: each.status for each in Registry.installed(["good"]).plugins}
assert statuses["good"] == "disabled", statuses
assert "hpmkd_test_good" not in sys.modules
"""
    assert run(["good"], "-c", script).code == 0


# ----------------------------------------------------------------- hpmkd plugins


def test_plugins_lists_name_source_and_offers(listed):
    plugins, clashes = listed(["good"])
    good = plugins["good"]
    assert (good["source"], good["status"]) == ("hpmkd-test-good 1.2.3", "active")
    assert good["problem"] == ""
    assert {kind: [each["name"] for each in offers] for kind, offers in good["offers"].items()} == {
        "fuser": ["median"],
        "stage": ["naive_bayes"],
    }
    assert good["offers"]["fuser"][0]["summary"] == "the median teacher, renormalised"
    assert plugins["defaults"]["status"] == "active"
    assert clashes == []


def test_plugins_lists_the_broken_and_the_clashing_and_succeeds(listed, run, reasons):
    names = [*reasons, "clash", "good"]
    plugins, clashes = listed(names)
    for name, reason in reasons.items():
        assert plugins[name.replace("_", "-")]["status"] == "broken"
        assert plugins[name.replace("_", "-")]["offers"] == {}
        assert reason in plugins[name.replace("_", "-")]["problem"]
    (clash,) = clashes
    assert all(part in clash for part in ("'mean'", "'clash'", "'defaults'"))

    done = run(names, "-m", "hpmkd", "plugins")
    assert done.code == 0
    for text in (*reasons.values(), clash, "naive_bayes", "hpmkd-test-good 1.2.3"):
        assert text in done.out
    for name in reasons:
        assert f"--disable {name.replace('_', '-')}" in done.out
    assert "\x1b" not in done.out, "colours in a pipe"


@pytest.mark.parametrize("how", ["option", "variable"])
def test_plugins_shows_what_is_switched_off(listed, how):
    names = ["import_error", "clash"]
    if how == "option":
        plugins, clashes = listed(names, "--disable", "import-error", "--disable", "clash")
    else:
        plugins, clashes = listed(names, HPMKD_DISABLE="import-error clash")
    assert plugins["import-error"]["status"] == plugins["clash"]["status"] == "disabled"
    assert clashes == []


def test_plugins_imports_nothing_heavy(run):
    script = f"""
import sys
from click.testing import CliRunner
from hpmkd.cli import cli
result = CliRunner().invoke(cli, ["plugins"])
assert result.exit_code == 0, result.output
heavy = set({HEAVY}) & set(sys.modules)
assert not heavy, heavy
"""
    done = run(["good", "explodes"], "-c", script)
    assert done.code == 0, done.err
