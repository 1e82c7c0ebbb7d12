"""Drift on the command line: evaluate --drift, the messages of predict, and --no-sketch."""

from __future__ import annotations

import json
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import hpmkd
from hpmkd.cli import cli
from hpmkd.student import Student

LIGHT = [
    "--teacher=sklearn.naive_bayes:GaussianNB",
    "--no-memory",
    "--quiet",
    "--set=sampler.trials=1",
    "--set=split.folds=3",
    "--set=reference.name=quick",
    '--set=stages=["logistic", "tree"]',
    "--set=augmenter.name=none",
]


def call(*arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hpmkd.PluginWarning)
        return CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory, people):
    path = tmp_path_factory.mktemp("data") / "people.csv"
    people.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("runs") / "people"
    done = call("distill", data, "--target=bought", "--out", folder, *LIGHT)
    assert done.exit_code == 0, done.output
    assert "for a sketch of the training rows" in done.stdout
    return folder


@pytest.fixture(scope="module")
def later(tmp_path_factory, people):
    """Rows of another time, without labels."""
    path = tmp_path_factory.mktemp("data") / "later.csv"
    frame = people.drop(columns="bought").assign(age=people["age"] + 40)
    frame.to_csv(path, index=False)
    return path


def test_every_student_of_a_run_has_the_same_sketch(run):
    students = [Student.load(path) for path in sorted(run.glob("**/*.hpmkd"))]
    assert len(students) > 2
    assert len({json.dumps(each.sketch.to_json()) for each in students}) == 1
    loaded = hpmkd.load(run)
    assert loaded.student.sketch == students[0].sketch
    assert students[0].sketch.rows == 120  # those of the test are not in it


def test_evaluate_scores_and_compares(run, data):
    plain = call("evaluate", run, data)
    result = call("evaluate", run, data, "--drift")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[:5] == plain.stdout.splitlines()[:5]
    assert "psi" in result.stdout
    assert "columns shifted: the student still fits." in result.stdout
    found = json.loads(call("evaluate", run, data, "--drift", "--json").stdout)
    assert found["accuracy"] > 0
    assert found["drift"]["columns"]["age"]["shift"] == "none"


def test_drift_needs_no_labels(run, later):
    result = call("evaluate", run, later, "--drift")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0].split()[:3] == ["column", "psi", "shift"]
    assert lines[1].split()[0] == "age"  # the largest first
    assert "large" in lines[1]
    assert lines[-1].endswith("(age) shifted strongly (PSI over 0.25): distil again.")
    # From the student's file alone, too, and as JSON.
    found = json.loads(call("evaluate", run / "student.hpmkd", later, "--drift", "--json").stdout)
    assert list(found) == ["drift"]
    assert found["drift"]["rows"] == 150
    assert found["drift"]["columns"]["age"]["psi"] > 0.25


def test_an_empty_column_of_labels_is_none(run, later, tmp_path):
    pd.read_csv(later).assign(bought="").to_csv(tmp_path / "empty.csv", index=False)
    result = call("evaluate", run, tmp_path / "empty.csv", "--drift")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == call("evaluate", run, later, "--drift").stdout


def test_a_target_that_is_named_must_be_there(run, later):
    result = call("evaluate", run, later, "--drift", "--target=bought")
    assert result.exit_code == 3
    assert "bought" in result.stderr


def test_without_drift_labels_are_needed_as_before(run, later):
    assert call("evaluate", run, later).exit_code == 3


def test_predict_names_columns_with_many_cells_beyond_training(run, later, people, tmp_path):
    result = call("predict", run, later)
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("Warning: more cells than in training are missing, hold unknown")
    assert ": age " in line
    assert f"hpmkd evaluate {run} {later} --drift" in line
    few = people.assign(age=people["age"].where(np.arange(150) != 3, 500))
    few.to_csv(tmp_path / "few.csv", index=False)
    result = call("predict", run, tmp_path / "few.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 151


@pytest.fixture(scope="module")
def bare(run, tmp_path_factory):
    """A run whose students are of an older version, without sketches."""
    folder = tmp_path_factory.mktemp("runs") / "older"
    shutil.copytree(run, folder)
    for path in folder.glob("**/*.hpmkd"):
        Student.load(path).within(1).save(path)
    return folder


def test_a_student_without_a_sketch_predicts_and_says_how_to_get_one(bare, later):
    result = call("predict", bare, later)
    assert (result.exit_code, result.stderr) == (0, "")
    result = call("evaluate", bare, later, "--drift")
    assert result.exit_code == 6
    assert "has no sketch of its training rows" in result.stderr
    assert "distil again without --no-sketch" in result.stderr


def test_no_sketch_leaves_it_out_and_changes_nothing_else(run, data, tmp_path):
    done = call(
        "distill", data, "--target=bought", "--out", tmp_path / "bare", *LIGHT, "--no-sketch"
    )
    assert done.exit_code == 0
    assert "sketch of the training rows" not in done.stdout
    for path in run.glob("**/*.hpmkd"):
        own = (tmp_path / "bare" / path.relative_to(run)).read_bytes()
        assert own == Student.load(path).within(1).to_bytes()
    recipe = hpmkd.Recipe.load(str(tmp_path / "bare" / "recipe.toml"))
    assert not recipe.drift.sketch


def test_pick_keeps_the_sketch_unless_the_limit_has_no_room(run, tmp_path):
    front = json.loads((run / "front.json").read_text())
    small = min(front, key=lambda each: each["bytes"])
    limit = f"--max-size={small['bytes']}B"
    assert call("pick", run, "--out", tmp_path / "a.hpmkd").exit_code == 0
    assert Student.load(tmp_path / "a.hpmkd").sketch is not None
    done = call("pick", run, limit, "--out", tmp_path / "b.hpmkd")
    assert done.exit_code == 0
    assert "without its sketch" in done.stdout
    assert (tmp_path / "b.hpmkd").stat().st_size == small["bytes"]


def test_a_limit_of_size_holds_for_the_whole_file(run, data, tmp_path):
    smallest = min(each["bytes"] for each in json.loads((run / "front.json").read_text()))
    limit = ("--max-size", f"{smallest + 30}B")
    done = call("distill", data, "--target=bought", "--out", tmp_path / "run", *LIGHT, *limit)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "run" / "student.hpmkd").stat().st_size <= smallest + 30
    assert " has no sketch of the training rows: " in done.stdout


def test_exports_are_the_same_with_and_without(run, bare, tmp_path):
    for at, folder in enumerate((run, bare)):
        assert call("export", folder, "--to=json", "--out", tmp_path / f"{at}.json").exit_code == 0
    assert (tmp_path / "0.json").read_bytes() == (tmp_path / "1.json").read_bytes()


def test_levels_under_another_spelling_are_warned_of(people, tmp_path, run):
    frame = pd.DataFrame(people).drop(columns="bought")
    texts = [name for name in frame if frame[name].dtype.kind not in "biufM"]
    name = texts[0]
    frame[name] = frame[name].map(lambda cell: f"{cell} " if isinstance(cell, str) else cell)
    frame.head(20).to_csv(tmp_path / "spelt.csv", index=False)
    assert f": {name} " in call("predict", run, tmp_path / "spelt.csv").stderr
