"""Plugins as strangers write them: built, installed and found, the good one and the bad ones.

Each distribution in ``tests/distributions`` is installed into a folder of its own, without
network; a process sees those whose folders are on its ``PYTHONPATH``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from sklearn.datasets import load_wine

pytestmark = pytest.mark.slow

DISTRIBUTIONS = sorted(path.parent for path in Path(__file__).parent.glob("distributions/*/*.toml"))
BROKEN = {
    "import_error": "a_module_that_nobody_has",
    "misspelt_hook": "hpmkd_fuserz",
    "wrong_type": "hpmkd_fusers: returned an item 'median'",
}
HEAVY = ("numba", "sklearn", "xgboost", "optuna", "pandas")


def plugin_name(distribution):
    return distribution.replace("_", "-")


@pytest.fixture(scope="session")
def sites(tmp_path_factory):
    """Folder of each distribution, installed."""
    parent = tmp_path_factory.mktemp("sites")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--no-cache-dir"]
    for each in DISTRIBUTIONS:
        subprocess.run([*command, "--target", parent / each.name, each], check=True)
    return parent


@pytest.fixture
def run(sites, tmp_path):
    """``run(["good"], "-m", "hpmkd", …)``: Python in a process that sees these plugins."""

    def call(names, *arguments, **variables):
        paths = [str(sites / name) for name in names]
        seen = {"PYTHONPATH": os.pathsep.join(paths), "HPMKD_DISABLE": ""}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, **seen, **variables},
            capture_output=True,
            text=True,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)

    return call


@pytest.fixture
def listed(run):
    """``listed(["good"], …)``: what ``hpmkd plugins --json`` says, plugins by name."""

    def call(names, *arguments, **variables):
        done = run(names, "-m", "hpmkd", "plugins", "--json", *arguments, **variables)
        assert done.code == 0, done.err
        found = json.loads(done.out)
        return {each["name"]: each for each in found["plugins"]}, found["clashes"]

    return call


@pytest.fixture
def distill(run, tmp_path):
    """``distill(["good"], …)``: a small run on real rows; the folder is in ``out``."""
    frame = load_wine(as_frame=True).frame.iloc[:, [0, 1, 2, 3, 4, 13]]
    words = {0: "barolo", 1: "grignolino", 2: "barbera"}
    frame.assign(target=frame["target"].map(words)).to_csv(tmp_path / "wine.csv", index=False)

    def call(names, *arguments, **variables):
        command = ["-m", "hpmkd", "distill", "wine.csv", "--target", "target", "--out", "run"]
        command += ["--teacher", "quick", "--set", "sampler.trials=1"]
        return run(names, *command, *arguments, **variables)

    return call


# --------------------------------------------------------------------- in Python


def test_installed_plugins_are_found(run):
    script = """
from hpmkd.registry import Registry
registry = Registry.installed()
registry.require_sound()
print(registry.offers("fuser")["median"].create(floor=0.01).summary())
print(registry.offers("stage")["naive_bayes"].plugin)
"""
    done = run(["good"], "-c", script)
    assert done.out.split("\n")[:2] == ["{'floor': 0.01}", "good"]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_refused_by_name(run, name):
    script = """
from hpmkd.registry import Registry
from hpmkd.errors import PluginError
registry = Registry.installed()
assert "grid" in registry.offers("sampler"), "the defaults are gone"
try: registry.require_sound()
except PluginError as error: print(error)
"""
    said = run([name, "good"], "-c", script).out
    assert f"plugin '{plugin_name(name)}'" in said
    assert BROKEN[name] in said
    assert f"--disable {plugin_name(name)}" in said
    assert "'good'" not in said


def test_a_disabled_plugin_is_not_imported(run):
    script = """
import sys
from hpmkd.registry import Registry
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


def test_plugins_lists_the_broken_and_the_clashing_and_succeeds(listed, run):
    names = [*BROKEN, "clash", "good"]
    plugins, clashes = listed(names)
    for name, reason in BROKEN.items():
        assert plugins[plugin_name(name)]["status"] == "broken"
        assert plugins[plugin_name(name)]["offers"] == {}
        assert reason in plugins[plugin_name(name)]["problem"]
    (clash,) = clashes
    assert all(part in clash for part in ("'mean'", "'clash'", "'defaults'"))

    done = run(names, "-m", "hpmkd", "plugins")
    assert done.code == 0
    for text in (*BROKEN.values(), clash, "naive_bayes", "hpmkd-test-good 1.2.3"):
        assert text in done.out
    for name in BROKEN:
        assert f"--disable {plugin_name(name)}" in done.out
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


# --------------------------------------------------------------------- commands


def test_a_plugin_adds_a_command(run):
    done = run(["good"], "-m", "hpmkd", "hello", "World")
    assert (done.code, done.out) == (0, "Hello World, from a plugin\n")
    assert "hello" in run(["good"], "-m", "hpmkd", "--help").out


def test_a_broken_plugin_does_not_take_the_help_away(run):
    done = run([*BROKEN, "clash"], "-m", "hpmkd", "--help")
    assert done.code == 0
    assert "distill" in done.out


# ---------------------------------------------------------------- hpmkd distill


def test_a_run_with_a_strangers_fuser_and_stage(distill, tmp_path):
    done = distill(["good"], "--student", "naive_bayes", "--set", "fuser=median")
    assert done.code == 0, done.err
    assert "naive_bayes" in done.out
    student = tmp_path / "run" / "student.hpmkd"
    # The student is plain arrays: whoever uses it does not need the plugin.
    script = "import hpmkd, sys; print(list(hpmkd.load(sys.argv[1]).classes_))"
    said = subprocess.run(
        [sys.executable, "-c", script, student], check=True, capture_output=True, text=True
    )
    assert said.stdout == "['barbera', 'barolo', 'grignolino']\n"


def test_a_strangers_components_work_in_worker_processes(distill):
    done = distill(["good"], "--student", "naive_bayes", "--set", "fuser=median", "--workers", "2")
    assert done.code == 0, done.err


@pytest.mark.parametrize("name", [*BROKEN, "clash"])
def test_distill_refuses_by_name_until_it_is_disabled(distill, name):
    refused = distill([name], "--student", "logistic")
    assert refused.code == 4
    assert f"'{plugin_name(name)}'" in refused.err
    assert BROKEN.get(name, "'mean'") in refused.err
    assert f"--disable {plugin_name(name)}" in refused.err
    assert not refused.out

    agreed = distill([name], "--student", "logistic", "--disable", plugin_name(name))
    assert agreed.code == 0, agreed.err


def test_a_component_of_a_disabled_plugin_is_unknown_and_says_why(distill):
    done = distill(["good"], "--set", "fuser=median", "--disable", "good")
    assert done.code == 2
    assert "fuser.name: no fuser is called 'median'" in done.err
    assert "plugins not in use: good" in done.err


def test_an_unknown_setting_of_a_strangers_component(distill):
    done = distill(["good"], "--set", "fuser=median", "--set", "stages=['naive_bayes']")
    assert done.code == 0, done.err
    done = distill(["good"], "--set", "fuser={name='median', flor=1.0}", "--overwrite")
    assert done.code == 2
    assert "fuser.flor: unknown key; did you mean 'floor'?" in done.err


def test_a_fuser_that_explodes_ends_the_run_and_is_named(distill, tmp_path):
    done = distill(["explodes"], "--student", "logistic", "--set", "fuser=dynamite")
    assert done.code == 4
    for part in ("plugin 'explodes'", "fuser 'dynamite'", "the fuser has blown", "--disable"):
        assert part in done.err
    assert not (tmp_path / "run").exists()


def test_a_stage_that_explodes_costs_its_trials_and_is_named(distill, tmp_path):
    done = distill(
        ["explodes", "good"], "--set", "stages=['gunpowder', 'naive_bayes']", "--set", "fuser=mean"
    )
    assert done.code == 0, done.err
    for part in ("plugin 'explodes'", "stage 'gunpowder'", "the stage has blown"):
        assert part in done.out + done.err
    trials = json.loads((tmp_path / "run" / "trials.json").read_text())
    failed = {each["stage"]: each["failure"] for each in trials if each["failure"]}
    assert set(failed) == {"gunpowder"}
    assert "plugin 'explodes'" in failed["gunpowder"]
    assert any(each["stage"] == "naive_bayes" for each in trials)


def test_a_run_in_which_every_stage_explodes_ends_and_says_why(distill):
    done = distill(["explodes"], "--student", "gunpowder", "--set", "fuser=mean")
    assert done.code == 4
    for part in ("plugin 'explodes'", "stage 'gunpowder'", "the stage has blown"):
        assert part in done.err


def test_an_observer_that_explodes_is_a_warning_and_is_named(distill):
    done = distill(["explodes"], "--student", "logistic", "--set", "fuser=mean")
    assert done.code == 0, done.err
    warned = [line for line in done.err.splitlines() if "the observer has blown" in line]
    assert len(warned) == 1, "said once, however many trials there are"
    for part in ("plugin 'explodes'", "hpmkd_trial_finished", "--disable explodes"):
        assert part in warned[0]
