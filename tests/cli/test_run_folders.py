"""A run without --out, and what is printed about run folders: runs, compare, --quiet."""

from __future__ import annotations

import json
import os
import re
import shutil
import warnings

import pytest
from click.testing import CliRunner

import hpmkd
from hpmkd.cli import cli
from hpmkd.cli.output.run_list import print_runs
from hpmkd.runs.listing import ListedRun

LIGHT = [
    "--teacher=sklearn.naive_bayes:GaussianNB",
    "--set=sampler.trials=1",
    "--set=split.folds=3",
    "--set=reference.name=quick",
    "--set=augmenter.name=none",
    "--no-memory",
    "--student=tree",
]


def call(*arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hpmkd.DataWarning)
        return CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory, people):
    """A folder with data and the run of a command that names no folder; what it printed."""
    folder = tmp_path_factory.mktemp("place")
    people.to_csv(folder / "people.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = call("distill", "people.csv", "--target", "bought", *LIGHT)
    assert done.exit_code == 0, done.output
    return folder, done


@pytest.fixture
def runs(place, monkeypatch):
    """Change to a folder with ``runs/people-1``."""
    monkeypatch.chdir(place[0])


def test_a_run_goes_to_a_folder_named_after_its_data(place):
    folder, done = place
    assert os.listdir(folder / "runs") == ["people-1"]
    assert "the run goes to runs/people-1 (--out names another folder)" in done.stderr
    assert "Written to runs/people-1. Next:" in done.stdout


def test_the_last_lines_are_verdict_cost_and_commands_that_work(place, runs):
    lines = place[1].stdout.splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("Verdict: "))
    end = next(at for at, line in enumerate(lines) if line.startswith("Cost: "))
    assert all(line.startswith("  ") for line in lines[begin + 1 : end])
    trained = hpmkd.load("runs/people-1").models_trained
    assert lines[end].startswith(f"Cost: {trained} of at most 80 models trained, ")
    commands = [re.split("  +", line.strip())[0].split() for line in lines[end + 2 :]]
    assert [words[1] for words in commands][:2] == ["predict", "report"]
    assert all(words[:1] == ["hpmkd"] and "runs/people-1" in words for words in commands)
    predicted = [word.replace("DATA", "people.csv") for word in commands[0][1:]]
    assert call(*predicted).exit_code == 0


def test_nothing_on_the_screen_contradicts_the_cost(place):
    assert not re.search(r"\d+ of \d+ models left", place[1].stdout)
    assert re.search(r"Search: .* models trained by then\)", place[1].stdout)


def test_overwrite_names_what_it_replaces(runs):
    done = call("distill", "people.csv", "--target", "bought", "--overwrite")
    assert done.exit_code == 2
    assert "got --overwrite without --out" in done.stderr
    assert "runs/people-2" in done.stderr


# ------------------------------------------------------------------------------- runs


def test_runs_are_listed_with_verdict_and_size(runs):
    done = call("runs")
    assert done.exit_code == 0
    head, line = done.stdout.splitlines()
    assert re.split("  +", head)[:4] == ["run", "verdict", "student", "size"]
    found = hpmkd.load("runs/people-1")
    cells = re.split("  +", line)
    assert cells[:3] == ["runs/people-1", found.verdict.outcome, found.chosen]
    assert cells[3].endswith(" KB")
    (listed,) = json.loads(call("runs", "--json").stdout)["runs"]
    assert listed["figures"]["bytes"] == found.front[0].bytes
    assert listed["state"] == "finished"


def test_other_folders_are_listed_as_what_they_are(place, tmp_path):
    shutil.copytree(place[0] / "runs" / "people-1", tmp_path / "hurt")
    (tmp_path / "hurt" / "verdict.json").write_text("{")
    (tmp_path / "photos").mkdir()
    done = call("runs", tmp_path)
    assert done.exit_code == 0
    states = [re.split("  +", line)[:3] for line in done.stdout.splitlines()[1:3]]
    assert states == [
        [str(tmp_path / "hurt"), "damaged", "-"],
        [str(tmp_path / "photos"), "foreign", "-"],
    ]
    assert f"{tmp_path}/hurt is damaged: {tmp_path}/hurt/verdict.json cannot be read" in done.stdout


def test_an_unfinished_run_is_named_once(capsys):
    print_runs([ListedRun("runs/a", "unfinished", message="runs/a holds an unfinished run. R…")])
    assert capsys.readouterr().out.endswith("\n\nruns/a holds an unfinished run. R…\n")


def test_where_there_is_no_run_it_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = call("runs")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "there is no run in runs; hpmkd distill DATA --target COL writes one" in done.stderr
    assert json.loads(call("runs", "--json").stdout) == {"folder": "runs", "runs": []}
    assert f"--out {tmp_path}/NAME" in call("runs", tmp_path).stderr
    assert call("runs", tmp_path / "none").exit_code == 2


# ---------------------------------------------------------------------------- compare


@pytest.fixture
def other(place, tmp_path):
    """A run of another seed and recipe, on the same rows."""
    folder = tmp_path / "other"
    shutil.copytree(place[0] / "runs" / "people-1", folder)
    recipe = (folder / "recipe.toml").read_text()
    assert "trials = 1" in recipe
    (folder / "recipe.toml").write_text(recipe.replace("trials = 1", "trials = 7"))
    return folder


def change(folder, **entries):
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def test_only_what_differs_is_listed(runs, other):
    done = call("compare", "runs/people-1", other)
    assert done.exit_code == 0, done.output
    lines = [re.split("  +", line.strip()) for line in done.stdout.splitlines()]
    assert ["Data: the same rows and columns"] in lines
    at = lines.index(["recipe", "runs/people-1", str(other)])
    assert lines[at + 1] == ["sampler.trials", "1", "7"]
    assert lines[at + 2] == [""]
    assert ["student", "tree", "tree"] in lines
    assert "NOT COMPARABLE" not in done.stdout
    assert "compared with itself" not in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"Row by row on the same 30 test rows, runs/people-1 less {other}: ")
    assert "accuracy +0.0000 ± 0.0000" in last


def test_a_stage_of_one_run_is_named_and_its_settings_are_not_listed(runs, other):
    text = (other / "recipe.toml").read_text()
    assert "[stages.tree" in text
    (other / "recipe.toml").write_text(text + "\n[stages.logistic]\n")
    done = call("compare", "runs/people-1", other)
    lines = [re.split("  +", line.strip()) for line in done.stdout.splitlines()]
    (stages,) = [line for line in lines if line[0].startswith("stages")]
    assert stages[0] == "stages"
    assert "tree, logistic" in stages[1:]


def test_a_run_compared_with_itself_is_named_so(runs):
    done = call("compare", "runs/people-1", "runs/../runs/people-1")
    assert done.stdout.startswith("runs/people-1 is compared with itself: both are the same folder")


def test_different_test_rows_come_first(runs, other):
    digests = {"training": "a" * 64, "test": "b" * 64}
    change(other, digests=digests, seed=3)
    done = call("compare", "runs/people-1", other)
    assert done.exit_code == 0
    first, *rest = done.stdout.splitlines()
    assert first.startswith("NOT COMPARABLE: the test rows differ")
    assert any(
        re.match(r"test rows +30 \(digest .*30 \(digest bbbbbbbbbbbb…\)", line) for line in rest
    )
    assert any(re.match(r"seed +0 +3", line) for line in rest)
    assert rest[-1] == "Not compared row by row: the test rows differ"


def test_json_has_all_of_it(runs, other):
    found = json.loads(call("compare", "runs/people-1", other, "--json").stdout)
    assert found["same_test_rows"] is True
    assert found["recipe"] == [{"name": "sampler.trials", "one": 1, "other": 7}]
    assert found["one"]["figures"] == found["other"]["figures"] | {
        "finished": found["one"]["figures"]["finished"]
    }
    assert found["paired"]["rows"] == 30


def test_what_is_no_run_is_refused(runs, tmp_path):
    done = call("compare", "runs/people-1", tmp_path)
    assert done.exit_code == hpmkd.StudentFileError.exit_code
    assert "is no run folder" in done.stderr


@pytest.mark.parametrize("name", ["", "missing"])
def test_a_folder_that_is_no_run_has_no_student(tmp_path, name):
    for command in (["predict", tmp_path / name, "a.csv"], ["export", tmp_path / name, "--to=c"]):
        done = call(*command)
        assert done.exit_code == hpmkd.StudentFileError.exit_code
        assert done.stderr.startswith(f"Error: {tmp_path / name} is no run folder: run.json is mi")


# ------------------------------------------------------------------------------ quiet


@pytest.mark.parametrize(
    "command",
    [
        ["predict", "runs/people-1", "people.csv", "--threshold", ".3"],
        ["pick", "runs/people-1", "--out", "-"],
        ["export", "runs/people-1", "--to", "json", "--overwrite"],
        ["distill", "people.csv", "--target", "bought", *LIGHT, "--resume", "runs/people-1"],
    ],
    ids=lambda words: words[0],
)
def test_quiet_leaves_only_the_result(runs, command):
    loud, quiet = call(*command), call(*command, "--quiet")
    assert loud.exit_code == quiet.exit_code == 0, loud.output
    assert loud.stdout_bytes == quiet.stdout_bytes
    assert loud.stderr
    assert quiet.stderr == ""
