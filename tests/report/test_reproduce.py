"""The instructions of a report for repeating its run."""

from __future__ import annotations

from dataclasses import replace

import pytest

import hpmkd
from hpmkd.recipe.recipe import Recipe
from hpmkd.report.reproduce import command, sentences
from tests.report.made import made

FITTED, PROBABILITIES = "a fitted model", "given probabilities"


def typed(given=(), teachers=None, **options):
    run = made(**options)
    run.facts["given"].update(dict.fromkeys(given, True))
    run.facts["teachers"] = teachers or run.facts["teachers"]
    return run, command(run, "run")


def test_the_command_repeats_the_run():
    run = made(target="it's")
    assert command(run, "runs/a b") == (
        "hpmkd distill DATA --target 'it'\"'\"'s' --recipe 'runs/a b/recipe.toml' --seed 7 "
        "--out AGAIN"
    )


@pytest.mark.parametrize(
    ("given", "teachers", "expected"),
    [
        (["test"], None, "--test TEST_DATA "),
        (["unlabeled"], None, "--unlabeled MORE_DATA "),
        (["test", "unlabeled"], None, "--test TEST_DATA --unlabeled MORE_DATA "),
        (["teachers"], None, "--teacher TEACHER "),
        (["teachers"], {"a": FITTED}, "--teacher TEACHER "),
        (["teachers"], {"a": PROBABILITIES}, "--probabilities COLUMNS "),
        (
            ["teachers"],
            {"a": FITTED, "b": PROBABILITIES},
            "--teacher TEACHER --probabilities COLUMNS ",
        ),
    ],
)
def test_what_was_given_is_asked_for(given, teachers, expected):
    run, line = typed(given, teachers)
    assert (
        line
        == f"hpmkd distill DATA --target y {expected}--recipe run/recipe.toml --seed 7 --out AGAIN"
    )
    for name in ("DATA", *expected.split()[1::2]):
        assert f"{name} is " in sentences(run, line)
    assert "this gives the same students, bit for bit" in sentences(run, line)


def test_columns_that_the_user_named_are_named_again():
    run = made(target="y")
    run.facts["given"].update(drop=["a b"], keep=["id"])
    assert "--target y --drop 'a b' --keep id --recipe" in command(run, "run")


def test_bit_for_bit_is_said_where_it_is_true():
    run, line = typed()
    assert "unless the memory has learned from other data since" in sentences(run, line)
    settings, hurry = {"memory": "none"}, {"budget.seconds": 9.0}
    forgetful = replace(run, recipe=Recipe.load("hpm").with_options(settings, None, None))
    assert "at any number of workers. DATA is" in sentences(forgetful, line)
    for options in (
        replace(run, recipe=Recipe.load("hpm").with_options(hurry, None, None)),
        made(limits={"max_latency": 2.0}),
    ):
        assert "bit for bit" not in sentences(options, line)
        assert "depends on its speed" in sentences(options, line)


def test_a_run_folder_keeps_what_was_given(folder, wine):
    none = dict.fromkeys(["teachers", "test", "unlabeled", "weights"], False)
    none |= {"drop": [], "keep": []}
    assert hpmkd.load(folder).facts["given"] == {**none, "teachers": True}
    X, y = wine
    settings = {"sampler.trials": 1, "split.folds": 2}
    found = hpmkd.distill(
        X[::2],
        y[::2],
        X_test=X[1::2],
        y_test=y[1::2],
        X_unlabeled=X[1::2] + 0.5,
        student="tree",
        settings=settings,
    )
    assert found.facts["given"] == {**none, "test": True, "unlabeled": True}
    assert "--test TEST_DATA --unlabeled MORE_DATA" in command(found, "run")


def test_weights_are_asked_for():
    run, line = typed(["weights"])
    assert "--weights WEIGHTS " in line
    assert "WEIGHTS is its column of weights" in sentences(run, line)
    run.facts["weights"], run.facts["class_weight"] = "w", "balanced"
    assert "--weights w --class-weight balanced " in command(run, "run")
    run.facts["class_weight"] = {"yes": 2.0, "no": 0.5}
    assert "--class-weight yes=2.0 --class-weight no=0.5 " in command(run, "run")


def test_databases_are_named_with_their_queries():
    run, line = typed(["test", "unlabeled"])
    location = "postgresql://ana@db/sales"
    run.facts["sources"] = {
        "data": {"location": location, "query": "SELECT 'a b'"},
        "test": {"location": "shop.duckdb", "query": "FROM t"},
    }
    line = command(run, "run")
    assert line.startswith(f"hpmkd distill {location} --query 'SELECT '\"'\"'a b'\"'\"'' --target")
    assert " --test shop.duckdb --test-query 'FROM t' --unlabeled MORE_DATA " in line
    assert "DATA is" not in sentences(run, line).replace("MORE_DATA is", "")
    run.facts["sources"] = {"data": {"location": location, "table": "people"}}
    assert f"distill {location} --table people --target" in command(run, "run")
