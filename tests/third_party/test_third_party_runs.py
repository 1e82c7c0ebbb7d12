"""Strangers' components in real runs, those that fail in the middle among them."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.slow

# --------------------------------------------------------------------- commands


def test_a_plugin_adds_a_command(run):
    done = run(["good"], "-m", "hpmkd", "hello", "World")
    assert (done.code, done.out) == (0, "Hello World, from a plugin\n")
    assert "hello" in run(["good"], "-m", "hpmkd", "--help").out


def test_a_broken_plugin_does_not_take_the_help_away(run, reasons):
    done = run([*reasons, "clash"], "-m", "hpmkd", "--help")
    assert done.code == 0
    assert "distill" in done.out


# ---------------------------------------------------------------- hpmkd distill


def test_a_run_with_a_strangers_fuser_and_stage(distill, run):
    done = distill(["good"], "--student", "naive_bayes", "--set", "fuser=median")
    assert done.code == 0, done.err
    assert "naive_bayes" in done.out
    # The student is plain arrays: whoever uses it does not need the plugin.
    script = """
import hpmkd
with open("run/student.hpmkd", "rb") as file:
    print(*hpmkd.Student.from_bytes(file.read()).classes_)
"""
    assert run([], "-c", script).out == "barbera barolo grignolino\n"


def test_a_strangers_components_work_in_worker_processes(distill):
    done = distill(["good"], "--student", "naive_bayes", "--set", "fuser=median", "--workers", "2")
    assert done.code == 0, done.err


def test_distill_refuses_a_broken_plugin_by_name(distill, broken):
    done = distill([broken.folder], "--student", "logistic")
    assert done.code == 4
    for part in (f"'{broken.plugin}'", broken.reason, f"--disable {broken.plugin}"):
        assert part in done.err
    assert not done.out


def test_distill_refuses_a_clash_by_both_names(distill):
    done = distill(["clash"], "--student", "logistic")
    assert done.code == 4
    for part in ("fuser 'mean'", "'clash'", "'defaults'", "--disable clash"):
        assert part in done.err


def test_distill_goes_on_without_what_is_disabled(distill, reasons):
    names = [*reasons, "clash"]
    off = [word for name in names for word in ("--disable", name.replace("_", "-"))]
    done = distill(names, "--student", "logistic", "--set", "fuser=mean", *off)
    assert done.code == 0, done.err


def test_a_component_of_a_disabled_plugin_is_unknown_and_says_why(distill):
    done = distill(["good"], "--set", "fuser=median", "--disable", "good")
    assert done.code == 2
    assert "fuser.name: no fuser is called 'median'" in done.err
    assert "plugins not in use: good" in done.err


def test_an_unknown_setting_of_a_strangers_component(distill):
    done = distill(["good"], "--set", "fuser={name='median', flor=1.0}")
    assert done.code == 2
    assert "fuser.flor: unknown key; did you mean 'floor'?" in done.err


def test_a_fuser_that_explodes_ends_the_run_and_is_named(distill, tmp_path):
    done = distill(["explodes"], "--student", "logistic", "--set", "fuser=dynamite")
    assert done.code == 4
    for part in ("plugin 'explodes'", "fuser 'dynamite'", "the fuser has blown", "--disable"):
        assert part in done.err
    assert not (tmp_path / "run" / "run.json").exists()  # what was finished is kept to go on


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
