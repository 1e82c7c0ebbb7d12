"""Limits on the command line, and picking from a finished run."""

from __future__ import annotations

import json
import shlex
import shutil
import warnings

import pytest
from click.testing import CliRunner

import hpmkd
from hpmkd.cli import cli
from hpmkd.evaluation import latency

LIGHT = [
    "--teacher=quick",
    "--no-memory",
    "--quiet",
    '--set=stages=["logistic", "tree"]',
    "--set=augmenter.name=none",
    "--set=split.once_above=1",
]


@pytest.fixture(scope="module", autouse=True)
def hurried():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency, "SECONDS_QUICK", 0.0)
        yield


def call(*arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hpmkd.PluginWarning)
        return CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory, cancer):
    import pandas as pd

    path = tmp_path_factory.mktemp("data") / "cancer.csv"
    X, y = cancer
    pd.DataFrame(X, columns=[f"c{j}" for j in range(X.shape[1])]).assign(y=y).to_csv(
        path, index=False
    )
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("runs") / "cancer"
    done = call("distill", data, "--target=y", "--out", folder, *LIGHT)
    assert done.exit_code == 0, done.output
    assert "Students refitted on all rows, ranked by selection log loss" in done.stdout
    return folder


def front_of(folder):
    return json.loads((folder / "front.json").read_text())


def test_limits_that_nobody_keeps_leave_a_whole_run_and_a_code_of_their_own(data, tmp_path):
    out = tmp_path / "my run"
    done = call(
        "distill", data, "--target=y", "--out", out, "--max-size=50B", "--max-latency=1s", *LIGHT
    )
    assert done.exit_code == hpmkd.LimitsError.exit_code == 10
    assert "Error: saved, but no student keeps --max-size 50B --max-latency 1s" in done.stderr
    assert "none keeps at most 50B" in done.stderr
    assert f"Written to {out}" in done.stdout
    loaded = hpmkd.load(out)
    assert loaded.recipe.limits.max_size == 50
    assert loaded.unmet(out) in done.stderr
    for command in (f"predict '{out}' DATA", f"report '{out}'"):
        assert f"\n  hpmkd {command}  " in done.stdout
    # What it says to type works, word for word.
    typed = [shlex.split(line)[1:] for line in done.stderr.splitlines() if " hpmkd pick " in line]
    assert typed
    for words in typed:
        assert call(*words).exit_code == 0
    assert call("pick", out).exit_code == 10


def test_the_json_of_an_unmet_run_says_why(data, tmp_path):
    done = call(
        "distill", data, "--target=y", "--out", tmp_path / "r", "--max-size=50B", "--json", *LIGHT
    )
    assert done.exit_code == 10
    result = json.loads(done.stdout)
    assert "none keeps at most 50B" in result["unmet"]
    assert result["front"] == front_of(tmp_path / "r")


def test_without_limits_the_choice_of_the_run_is_picked(run):
    done = call("pick", run)
    chosen = json.loads((run / "run.json").read_text())["chosen"]
    path = run / "students" / f"{chosen}.hpmkd"
    assert done.exit_code == 0
    assert done.stdout.endswith(f"\nPicked {chosen}: {path}\n")
    assert f"{chosen} *" in done.stdout
    assert "breaks" not in done.stdout


def test_the_best_within_a_limit_is_picked_and_copied_and_the_run_stays(run, tmp_path):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    small = min(front_of(run), key=lambda each: each["bytes"])
    out = tmp_path / "small.hpmkd"
    done = call("pick", run, f"--max-size={small['bytes']}B", "--out", out)
    assert done.exit_code == 0
    assert f"Picked {small['name']}: " in done.stdout
    # The limit has no room for the sketch of the training rows.
    assert f", copied to {out} without its sketch" in done.stdout
    own = hpmkd.Student.load(run / "students" / f"{small['name']}.hpmkd")
    assert out.read_bytes() == own.within(small["bytes"]).to_bytes()
    assert out.stat().st_size == small["bytes"]
    assert "breaks" in done.stdout
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("inside", ["student.hpmkd", "students/new.hpmkd", "../cancer/recipe.toml"])
def test_no_file_of_the_run_is_written(run, inside):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    done = call("pick", run, "--out", run / inside, "--overwrite")
    assert done.exit_code == hpmkd.RunFolderError.exit_code
    assert f"{run / inside} is inside {run}, which is left as it is; choose another --out" in (
        done.stderr
    )
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_link_into_the_run_is_inside_too(run, tmp_path):
    (tmp_path / "link").symlink_to(run)
    done = call("pick", run, "--out", tmp_path / "link" / "mine.hpmkd")
    assert done.exit_code == hpmkd.RunFolderError.exit_code
    assert "is left as it is" in done.stderr


def test_a_file_is_replaced_only_if_asked(run, tmp_path):
    out = tmp_path / "small.hpmkd"
    out.write_text("mine")
    done = call("pick", run, "--out", out)
    assert done.exit_code == hpmkd.RunFolderError.exit_code
    assert f"{out} exists already; choose another --out, or replace it with --overwrite" in (
        done.stderr
    )
    assert out.read_text() == "mine"
    assert call("pick", run, "--out", out, "--overwrite").exit_code == 0
    assert out.read_bytes() == (run / "student.hpmkd").read_bytes()
    assert "is a folder" in call("pick", run, "--out", tmp_path, "--overwrite").stderr


def test_it_pipes(run):
    done = call("pick", run, "--out", "-")
    assert done.exit_code == 0
    assert done.stdout_bytes == (run / "student.hpmkd").read_bytes()
    chosen = json.loads((run / "run.json").read_text())["chosen"]
    assert done.stderr == f"Picked {chosen}: {run / 'students' / chosen}.hpmkd\n"
    assert call("pick", run, "--out", "-", "--max-size=50B").stdout == ""
    assert call("pick", run, "--out", "-", "--json").exit_code == 2


def test_a_damaged_student_is_not_picked(run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    chosen = json.loads((run / "run.json").read_text())["chosen"]
    path = copy / "students" / f"{chosen}.hpmkd"
    path.write_bytes(path.read_bytes()[:-9])
    done = call("pick", copy, "--out", tmp_path / "out.hpmkd")
    assert done.exit_code == hpmkd.StudentFileError.exit_code
    assert str(path) in done.stderr
    assert "damaged: it is truncated" in done.stderr
    path.unlink()
    done = call("pick", copy)
    assert done.exit_code == hpmkd.StudentFileError.exit_code
    assert "take the run folder from a backup, or distil again" in done.stderr
    assert not (tmp_path / "out.hpmkd").exists()


def test_a_student_is_no_run_to_pick_from(run):
    done = call("pick", run / "student.hpmkd")
    assert done.exit_code == hpmkd.StudentFileError.exit_code
    assert "is a file; expected a run folder" in done.stderr


def test_json(run, tmp_path):
    done = call("pick", run, "--min-retention=0.5", "--json")
    result = json.loads(done.stdout)
    assert result["limits"] == {"max_size": 0, "max_latency": 0.0, "min_retention": 0.5}
    assert result["students"] == front_of(run)
    assert result["file"] == str(run / "students" / f"{result['chosen']}.hpmkd")
    assert json.loads(call("pick", run, "--min-retention=50%", "--json").stdout) == result


def test_limits_that_no_student_keeps_end_with_code_10(run):
    done = call("pick", run, "--max-size=50B", "--min-retention=0.1")
    assert done.exit_code == 10
    assert "Error: no student keeps --max-size 50B --min-retention 0.1. Of " in done.stderr
    assert "on front" in done.stdout
    plain = call("pick", run, "--max-size=50B", "--json")
    assert (plain.exit_code, plain.stdout) == (10, "")


@pytest.mark.parametrize(
    ("option", "code", "message"),
    [
        ("--max-size=5XB", 2, "--max-size: got '5XB'; expected a size above 0"),
        ("--max-size=0", 2, "--max-size: got '0'; expected a size above 0"),
        ("--max-latency=2", 2, "--max-latency: got '2'; expected a time above 0 with its unit"),
        ("--min-retention=99", 2, "--min-retention: got '99'; expected a share of the teacher's"),
        ("--out=/nowhere/x/y.hpmkd", 7, "cannot write /nowhere/x/y.hpmkd"),
    ],
)
def test_what_cannot_be_is_refused(run, option, code, message):
    done = call("pick", run, option)
    assert done.exit_code == code
    assert message in done.stderr


def test_a_folder_without_a_front_is_refused(run, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    done = call("pick", tmp_path)
    assert done.exit_code == hpmkd.StudentFileError.exit_code
    assert "is no run folder: front.json is missing" in done.stderr
    (tmp_path / "front.json").write_text('[{"name": 3}]')
    done = call("pick", tmp_path)
    assert done.exit_code == hpmkd.StudentFileError.exit_code
    assert "front.json is damaged" in done.stderr
    assert call("pick", tmp_path / "nothing").exit_code == hpmkd.StudentFileError.exit_code


def test_any_student_of_the_front_predicts(run, data):
    for each in front_of(run):
        done = call("predict", run, data, "--student", each["name"])
        assert done.exit_code == 0
        assert done.stdout.startswith("prediction,p_0,p_1\n")


def test_picking_loads_nothing_heavy(run, in_fresh_process):
    source = (
        "import contextlib, io, sys\n"
        "from hpmkd.cli import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    cli(['pick', sys.argv[1], '--max-size=1MB'], standalone_mode=False)\n"
        "heavy = {'numba', 'sklearn', 'xgboost', 'optuna', 'pandas', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert in_fresh_process(source, run) == "[]"
