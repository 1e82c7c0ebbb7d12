"""The command line, from a CSV to predictions."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

import hpmkd
from hpmkd.cli import COMMANDS, cli
from hpmkd.testing.students import fitted_student

LIGHT = [
    "--teacher=sklearn.naive_bayes:GaussianNB",
    "--set=sampler.trials=1",
    "--set=split.folds=3",
    "--set=reference.name=quick",
    '--set=stages=["logistic", "tree"]',
    "--set=augmenter.name=none",
]
FILES = {
    "student.hpmkd",
    "students/logistic.hpmkd",
    "students/tree.hpmkd",
    "leaderboard.csv",
    "leaderboard.json",
    "verdict.json",
    "counts.json",
    "recipe.toml",
    "run.json",
    "knowledge.json",
    "evidence.json",
    "trials.json",
    "study.log",
    "front.json",
}
KEYS = [
    "role",
    "name",
    "chosen",
    "accuracy",
    "log_loss",
    "macro_f1",
    "auc",
    "kl",
    "agreement",
    "bytes",
    "row_us",
    "batch_us",
    "compression",
    "speedup",
    "retention",
    "alpha",
    "extra_weight",
    "temperature",
    "selection_log_loss",
    "after",
    "scheduler",
    "balanced_accuracy",
    "metric",
    "selection_metric",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory, people):
    path = tmp_path_factory.mktemp("data") / "people.csv"
    people.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def distilled(tmp_path_factory, data):
    """A run folder, and what the command that wrote it printed."""
    folder = tmp_path_factory.mktemp("runs") / "people"
    result = call("distill", data, "--target", "bought", "--out", folder, *LIGHT)
    assert result.exit_code == 0, result.output
    return folder, result


def call(*arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hpmkd.DataWarning)
        return CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)


def shell(line, **options):
    """Run a line in which `hpmkd` is the command line of this Python."""
    line = line.replace("hpmkd ", f"{shlex.quote(sys.executable)} -m hpmkd ")
    command = ["bash", "-o", "pipefail", "-c", line]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, **options
    )


def read_json(folder, name):
    return json.loads(folder.joinpath(name).read_text())


# ------------------------------------------------------------------------ distill


def test_the_run_folder_has_exactly_the_documented_files(distilled):
    folder, _ = distilled
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    fitted = {f"students/{each['name']}.hpmkd" for each in read_json(folder, "front.json")}
    assert found == FILES | fitted
    assert sorted(os.listdir(folder.parent)) == ["people"]


def test_what_the_files_hold(distilled):
    folder, _ = distilled
    board = read_json(folder, "leaderboard.json")
    assert all(list(record) == KEYS for record in board)
    frame = pd.read_csv(folder / "leaderboard.csv")
    assert list(frame.columns) == KEYS
    assert frame["role"].tolist() == [record["role"] for record in board]
    np.testing.assert_allclose(frame["log_loss"], [record["log_loss"] for record in board])
    assert [record["name"] for record in board if record["chosen"]] == [
        read_json(folder, "run.json")["chosen"]
    ]

    verdict = read_json(folder, "verdict.json")
    assert list(verdict) == [
        "outcome", "delta_log_loss", "interval", "regime", "sentence",
        "shipped", "control", "searched", "repeated", "arms", "comparisons", "warnings", "notes",
        "by_metric", "threshold", "stopped",
    ]  # fmt: skip
    assert verdict["outcome"] in ("pays", "no difference", "hurts")
    assert len(verdict["interval"]) == 2

    counts = read_json(folder, "counts.json")
    assert {
        "models_trained",
        "teacher_calls",
        "cache_hits",
        "seconds",
        "peak_mb",
    } <= set(counts)
    assert counts["seconds"]["total"] > 0

    recipe = tomllib.loads(folder.joinpath("recipe.toml").read_text())
    own = {"name": "staged", "trials": 1, "more": 1, "distilled": 2, "subset_rows": 10_000}
    assert recipe["sampler"] == own
    assert list(recipe["stages"]) == ["logistic", "tree"]

    run = read_json(folder, "run.json")
    assert run["classes"] == ["no", "yes"]
    assert run["seed"] == 0
    assert run["rows"] == {"training": 120, "test": 30}
    assert "python" in run["versions"]

    knowledge = read_json(folder, "knowledge.json")
    assert knowledge["teachers"] == ["GaussianNB"]
    trials = read_json(folder, "trials.json")
    assert [trial["number"] for trial in trials] == list(range(len(trials)))
    assert {trial["alpha"] for trial in trials} >= {0.0}


def test_the_run_folder_loads_in_python(distilled, people):
    folder, _ = distilled
    found = hpmkd.load(folder)
    assert found.student.to_bytes() == folder.joinpath("student.hpmkd").read_bytes()
    assert found.student.predict_proba(people).shape == (150, 2)


def test_the_result_goes_to_stdout_and_progress_to_stderr(distilled):
    folder, result = distilled
    for text in ("teacher", "student", "Verdict:", "Cost:", f"hpmkd predict {folder}"):
        assert text in result.stdout
    assert "predicting with teachers" in result.stderr
    assert "predicting with teachers" not in result.stdout
    assert "searching configurations" in result.stderr


def test_names_with_brackets_are_shown_as_they_are(people, tmp_path, capsys):
    from hpmkd.cli.saving import show

    teachers = {"forest[v2]": RandomForestClassifier(3), "[/red]": RandomForestClassifier(4)}
    settings = {"sampler.trials": 1, "split.folds": 2}
    rows = people.drop(columns=["city", "size"]).dropna()
    found = hpmkd.distill(rows, "bought", teacher=teachers, settings=settings, student="tree")
    show(found, tmp_path, as_json=False)
    out = capsys.readouterr().out
    # In the table, by weight, and wherever one of them wins.
    assert min(out.count("forest[v2]"), out.count("[/red]")) >= 2
    verdict = next(line for line in out.splitlines() if line.startswith("Verdict:"))
    leads = ("pays. Ship ", "no difference. Ship ", "hurts. Ship ")
    assert verdict.startswith(tuple(f"Verdict: {each}" for each in leads))
    assert verdict.endswith(".")


def test_json_on_stdout_only(data, tmp_path):
    run = tmp_path / "run"
    result = call("distill", data, "--target", "bought", "--out", run, "--json", *LIGHT)
    assert result.exit_code == 0
    printed = json.loads(result.stdout)
    assert printed["out"] == str(run)
    assert printed["leaderboard"] == read_json(run, "leaderboard.json")
    assert printed["verdict"] == read_json(run, "verdict.json")
    assert printed["counts"] == read_json(run, "counts.json")
    assert printed["knowledge"] == read_json(run, "knowledge.json")
    assert result.stderr != ""


def test_quiet_prints_no_progress(data, tmp_path):
    arguments = ["--target", "bought", "--out", tmp_path / "run", "--quiet", "--json"]
    result = call("distill", data, *arguments, *LIGHT, "--student", "tree")
    assert (result.exit_code, result.stderr) == (0, "")
    json.loads(result.stdout)


def test_the_recipe_of_a_run_repeats_it(distilled, data, tmp_path):
    folder, _ = distilled
    arguments = ["--target", "bought", "--recipe", folder / "recipe.toml", LIGHT[0], "--quiet"]
    result = call("distill", data, *arguments, "--out", tmp_path / "again")
    assert result.exit_code == 0
    again = tmp_path.joinpath("again", "student.hpmkd").read_bytes()
    assert again == folder.joinpath("student.hpmkd").read_bytes()


def test_overwrite_replaces_a_run(distilled, data, tmp_path):
    arguments = ["distill", data, "--target", "bought", "--out", tmp_path / "run", "--quiet"]
    only = ["--student", "tree", *LIGHT]
    assert call(*arguments, *only).exit_code == 0
    first = read_json(tmp_path / "run", "run.json")["seed"]
    assert call(*arguments, *only, "--seed", 1).exit_code == 7
    assert read_json(tmp_path / "run", "run.json")["seed"] == first
    assert call(*arguments, *only, "--seed", 1, "--overwrite").exit_code == 0
    assert read_json(tmp_path / "run", "run.json")["seed"] == 1
    assert os.listdir(tmp_path) == ["run"]


def test_probabilities_and_a_model_file_teach(data, people, tmp_path):
    import skops.io

    numbers = people[["age", "children"]].fillna(40)
    model = LogisticRegression().fit(numbers, people["bought"])
    skops.io.dump(model, tmp_path / "model.skops")
    probabilities = model.predict_proba(numbers).round(4)
    probabilities[:, 1] = 1 - probabilities[:, 0]
    scored = numbers.assign(
        bought=people["bought"], p_yes=probabilities[:, 1], p_no=probabilities[:, 0]
    )
    scored.to_csv(tmp_path / "scored.csv", index=False)
    result = call(
        *("distill", tmp_path / "scored.csv", "--target", "bought", "--quiet", "--json"),
        *("--teacher", tmp_path / "model.skops", "--probabilities", "p_yes,p_no"),
        *("--out", tmp_path / "run", "--student", "tree", *LIGHT[1:5]),
    )
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed["knowledge"]["teachers"] == ["model", "given"]
    board = {(each["role"], each["name"]): each for each in printed["leaderboard"]}
    # The columns are matched by their names: both say the same, up to rounding.
    assert board["teacher", "given"]["log_loss"] == pytest.approx(
        board["teacher", "model"]["log_loss"], abs=1e-3
    )
    assert hpmkd.load(tmp_path / "run").student.predict_proba(numbers).shape == (150, 2)


def test_test_rows_of_their_own(data, people, tmp_path):
    people.iloc[:40].to_csv(tmp_path / "test.csv", index=False)
    arguments = ["--target", "bought", "--test", tmp_path / "test.csv", "--quiet", "--json"]
    result = call("distill", data, *arguments, "--out", tmp_path / "run", *LIGHT)
    assert result.exit_code == 0, result.output
    assert read_json(tmp_path / "run", "run.json")["rows"] == {"training": 150, "test": 40}
    result = call("distill", data, *arguments, "--test-size", 0.3, "--out", tmp_path / "other")
    assert result.exit_code == 2
    assert "got --test and --test-size" in result.stderr


def test_a_warning_is_a_sentence(data, people, tmp_path):
    people.assign(dull=1).to_csv(tmp_path / "dull.csv", index=False)
    done = shell(
        f"hpmkd distill {tmp_path}/dull.csv --target bought --out {tmp_path}/run --student tree "
        f"--quiet {shlex.join(LIGHT)}"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "warning: columns left out: 'dull' (never changes); --keep COLUMN (in Python keep=[…]) "
        "keeps one"
    ]


# ------------------------------------------------------------- predict and evaluate


def test_predict_writes_a_class_and_probabilities_per_row(distilled, data, people):
    folder, _ = distilled
    result = call("predict", folder, data)
    assert (result.exit_code, result.stderr) == (0, "")
    table = pd.read_csv(io.StringIO(result.stdout))
    assert list(table.columns) == ["prediction", "p_no", "p_yes"]
    probabilities = hpmkd.load(folder).student.predict_proba(people)
    np.testing.assert_allclose(table[["p_no", "p_yes"]], probabilities)
    assert (
        table["prediction"].tolist()
        == np.array(["no", "yes"])[probabilities.argmax(axis=1)].tolist()
    )


def test_predict_takes_a_file_a_stage_and_an_output(distilled, data, tmp_path):
    folder, _ = distilled
    by_name = call("predict", folder, data, "--student", "tree").stdout
    by_file = call("predict", folder / "students" / "tree.hpmkd", data).stdout
    assert by_name == by_file
    result = call("predict", folder, data, "--student", "tree", "--out", tmp_path / "out.csv")
    assert (result.exit_code, result.stdout) == (0, "")
    assert tmp_path.joinpath("out.csv").read_text() == by_name


@pytest.mark.parametrize(
    ("classes", "written"),
    [
        (
            ['=HYPERLINK("http://evil")', "-no", "@x"],
            ['\'=HYPERLINK("http://evil")', "'-no", "'@x"],
        ),
        ([-1, 0, 1], [-1, 0, 1]),
        (["-1", "+1", "none"], ["-1", "+1", "none"]),
    ],
)
def test_predict_writes_no_class_that_a_spreadsheet_would_run(classes, written, tmp_path):
    rows = pd.DataFrame({"x": np.repeat([0.0, 1.0, 2.0], 10)})
    labels = np.array(classes)[rows["x"].astype(int)]
    student = fitted_student("tree", rows, labels)
    student.save(tmp_path / "s.hpmkd")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    result = call("predict", tmp_path / "s.hpmkd", tmp_path / "rows.csv")
    table = pd.read_csv(io.StringIO(result.stdout), dtype={"prediction": type(classes[0])})
    assert table["prediction"].drop_duplicates().tolist() == written
    assert table.columns.tolist()[1:] == [f"p_{label}" for label in sorted(classes)]


def test_predict_into_a_folder_that_does_not_exist_is_explained(distilled, data, tmp_path):
    folder, _ = distilled
    result = call("predict", folder, data, "--out", tmp_path / "none" / "out.csv")
    assert result.exit_code == 7
    assert result.stderr.startswith(f"Error: cannot write {tmp_path}/none/out.csv: ")


def test_predict_pipes(distilled, data):
    folder, _ = distilled
    done = shell(f"hpmkd predict {folder} {data} | tail -n +2 | wc -l")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "150", "")


def test_predict_does_not_mind_a_reader_that_leaves(distilled, people, tmp_path):
    folder, _ = distilled
    pd.concat([people] * 200).to_csv(tmp_path / "many.csv", index=False)
    done = shell(f"hpmkd predict {folder} {tmp_path}/many.csv | head -1")
    assert done.stdout == "prediction,p_no,p_yes\n"
    assert done.stderr == ""


def test_evaluate_scores_as_the_leaderboard_does(distilled, data):
    folder, _ = distilled
    result = call("evaluate", folder, data, "--target", "bought", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert list(found) == [
        *("rows", "accuracy", "log_loss", "macro_f1", "auc", "balanced_accuracy"),
        *("bytes", "sketch_bytes", "row_us", "batch_us"),
    ]
    assert found["rows"] == 150
    size = folder.joinpath("student.hpmkd").stat().st_size
    assert found["bytes"] + found["sketch_bytes"] == size
    # The run knows which column holds the labels.
    plain = call("evaluate", folder, data).stdout
    assert f"accuracy          {found['accuracy']:.4f}" in plain.splitlines()
    for line in (r"size +\d+\.\d KB", r"sketch +\d+\.\d KB", r"1 row +\d+\.\d+ us"):
        assert re.search(f"^{line}$", plain, re.MULTILINE)


def test_evaluate_asks_for_a_target_that_a_student_file_does_not_know(distilled, data):
    folder, _ = distilled
    result = call("evaluate", folder / "student.hpmkd", data)
    assert result.exit_code == 6
    assert "give --target" in result.stderr


def test_a_run_says_who_taught(distilled):
    folder, _ = distilled
    run = read_json(folder, "run.json")
    assert run["target"] == "bought"
    assert run["teachers"] == {"GaussianNB": "cross-fitted"}
    assert run["plugins"]["defaults"].startswith("hpmkd ")


def test_a_factory_may_live_beside_the_data(data, tmp_path):
    # With the console script, whose folder is not the current one.
    tmp_path.joinpath("mine.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\n\ndef make():\n    return GaussianNB()\n"
    )
    script = Path(sys.executable).with_name("hpmkd")
    light = [each for each in LIGHT if not each.startswith("--teacher")]
    command = [script, "distill", data, "--target=bought", "--teacher=mine:make", "--out=run"]
    done = subprocess.run(
        [*command, *light, "--quiet"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert read_json(tmp_path / "run", "run.json")["teachers"] == {"make": "cross-fitted"}


def test_a_probability_column_may_have_a_comma_in_its_name(people, tmp_path):
    scored = people.assign(**{"p,no": 0.4, "p,yes": 0.6})
    scored.to_csv(tmp_path / "scored.csv", index=False)
    options = ["--probabilities=p,no", "--probabilities=p,yes", *LIGHT[1:]]
    result = call(
        "distill", tmp_path / "scored.csv", "--target=bought", "--out", tmp_path / "run", *options
    )
    assert result.exit_code == 0, result.output
    assert read_json(tmp_path / "run", "run.json")["teachers"] == {"given": "given probabilities"}


# -------------------------------------------------------- recipe, demo, plugins, help


def test_recipe_show_prints_toml_that_is_the_recipe(tmp_path):
    result = call("recipe", "show", "hpm", "--set", "sampler.trials=7")
    assert (result.exit_code, result.stderr) == (0, "")
    assert tomllib.loads(result.stdout)["sampler"]["trials"] == 7
    tmp_path.joinpath("mine.toml").write_text(result.stdout)
    assert call("recipe", "show", tmp_path / "mine.toml").stdout == result.stdout
    assert "hpm" in call("recipe", "list").stdout.split()


@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
def test_demo_runs_and_runs_again(name, tmp_path):
    for _ in range(2):
        result = call("demo", "--data", name, "--out", tmp_path / "demo", *LIGHT[1:4], "--quiet",
                      "--student", "logistic", "--set=teacher=quick")  # fmt: skip
        assert result.exit_code == 0, result.output
        assert "Verdict:" in result.stdout
    classes = read_json(tmp_path / "demo", "run.json")["classes"]
    assert classes == (["class_0", "class_1", "class_2"] if name == "wine" else
                       ["benign", "malignant"])  # fmt: skip


def test_plugins_are_listed():
    result = call("plugins")
    assert result.exit_code == 0
    assert "defaults" in result.stdout
    printed = json.loads(call("plugins", "--json").stdout)
    assert printed["plugins"][0]["status"] == "active"


def test_python_m_hpmkd_says_its_version():
    done = shell("hpmkd --version")
    assert done.stdout.strip().endswith(hpmkd.__version__)


def leaves(command, path=("hpmkd",)):
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from leaves(command.get_command(context, name), (*path, name))
    else:
        yield path


@pytest.mark.parametrize("path", sorted(leaves(cli)), ids=" ".join)
def test_help_has_an_example(path):
    result = call(*path[1:], "--help")
    assert result.exit_code == 0
    if path != ("hpmkd", "recipe", "list"):
        assert "Example" in result.output
        assert f"  {' '.join(path)} " in result.output


def test_the_short_help_names_every_command():
    result = call("-h")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.output
    assert call("distil").exit_code == 2


# --------------------------------------------------------------------------- Ctrl-C

SLOW_TEACHER = """
import time
from sklearn.naive_bayes import GaussianNB

class Slow(GaussianNB):
    def fit(self, X, y):
        print("fitting", flush=True)
        time.sleep(30)
        return super().fit(X, y)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_leaves_what_is_finished_and_how_to_go_on(data, tmp_path, workers):
    tmp_path.joinpath("slow_teacher.py").write_text(SLOW_TEACHER)
    command = [
        *(sys.executable, "-m", "hpmkd", "distill", data, "--target", "bought", "--quiet"),
        *("--teacher", "slow_teacher:Slow", "--out", tmp_path / "runs" / "run"),
        *("--workers", workers),
    ]
    process = subprocess.Popen(
        [str(each) for each in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        start_new_session=True,
        # A background job ignores the signal, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    with process:
        # Two workers may write at the same time, one before the other's line has ended.
        assert process.stderr.readline().startswith("fitting")
        # As a terminal does: to the whole group.
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    stopped, best, resume = err.replace("fitting", "").strip().splitlines()
    assert re.fullmatch(r"stopped; finished: \d+ trials", stopped)
    assert best.startswith("best so far: ")
    assert resume.endswith(f"--resume {tmp_path / 'runs' / 'run'}")
    assert os.listdir(tmp_path / "runs") == ["run"]


def test_predictions_are_csv_whatever_the_labels(tmp_path, wine):
    X, codes = wine
    frame = pd.DataFrame(X[:, :3], columns=list("abc"))
    frame["y"] = np.array(['a,"b"', "new\nline", "ü"])[codes]
    frame.to_csv(tmp_path / "odd.csv", index=False)
    run = tmp_path / "run"
    arguments = ["--target", "y", "--out", run, "--quiet", "--student", "tree", *LIGHT]
    assert call("distill", tmp_path / "odd.csv", *arguments).exit_code == 0
    rows = list(csv.reader(io.StringIO(call("predict", run, tmp_path / "odd.csv").stdout)))
    assert rows[0] == ["prediction", 'p_a,"b"', "p_new\nline", "p_ü"]
    assert len(rows) == 179
