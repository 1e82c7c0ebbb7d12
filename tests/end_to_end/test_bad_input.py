"""Every error of a bad input has what was got and what to do, in Python and on the command line."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

import hpmkd
from hpmkd.cli import cli
from hpmkd.engine import run as engine

SETTINGS = {
    "sampler.trials": 1,
    "split.folds": 3,
    "reference.name": "quick",
    "stages": ["logistic"],
}
TEACHER = "sklearn.naive_bayes:GaussianNB"
N = 60


@pytest.fixture
def untrained(monkeypatch):
    """Make any work of the engine an error: the input must be refused before it."""

    def fail(*arguments):
        raise AssertionError("the run had started")

    monkeypatch.setattr(engine, "run", fail)


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(N, 3)), columns=["a", "b", "c"])
    frame["y"] = np.where(frame["a"] + rng.normal(0, 0.3, N) > 0, "yes", "no")
    return frame


@pytest.fixture
def run(tmp_path):
    """Call the command line on a frame, or on a path."""

    def call(data, *options, command="distill", out=tmp_path / "run"):
        path = data
        if isinstance(data, pd.DataFrame):
            path = tmp_path / "data.csv"
            data.to_csv(path, index=False)
        settings = [
            "--set=sampler.trials=1",
            "--set=split.folds=3",
            "--set=reference.name=quick",
            '--set=stages=["logistic"]',
            "--quiet",
        ]
        given = ["--target", "y", "--teacher", TEACHER, "--out", str(out), *settings]
        if command != "distill":
            given = []
        return CliRunner().invoke(cli, [command, str(path), *given, *map(str, options)])

    return call


def refused(result, code, *said):
    """Assert a one-sentence refusal on stderr, without a traceback or any result."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith(("Error: ", "warning: ", "Usage: ", "the run failed; "))
    for part in said:
        assert part in result.stderr


def distil(X, y, **options):
    return hpmkd.distill(
        X, y, **{"teacher": KNeighborsClassifier(3), "settings": SETTINGS} | options
    )


DATA = {
    "no rows": (lambda f: f.iloc[:0], ["the data is empty: got 0 rows"]),
    "nine rows": (lambda f: f.iloc[:9], ["got 9 rows; expected at least 10"]),
    "no other column": (lambda f: f[["y"]], ["no column beside the target 'y'"]),
    "one class": (lambda f: f.assign(y="yes"), ["all rows are of the class 'yes'", "at least two"]),
    "no target": (
        lambda f: f.rename(columns={"y": "z"}),
        ["no column is called 'y'", "a, b, c, z"],
    ),
    "target full of NaN": (lambda f: f.assign(y=np.nan), ["60 of 60 are missing", "drop those"]),
    "a missing label": (
        lambda f: f.assign(y=f["y"].where(f.index != 4)),
        ["1 of 60 are missing, the first in row 4; drop those rows"],
    ),
    "a regression target": (lambda f: f.assign(y=f["a"]), ["60 classes", "regression", "bins"]),
    "an infinite cell": (
        lambda f: f.assign(b=f["b"].where(f.index != 3, np.inf)),
        ["b holds 1 cells that are infinite or beyond 3.4e+38; replace them with NaN"],
    ),
}


@pytest.mark.parametrize("case", DATA)
def test_bad_data(case, frame, run, untrained):
    spoil, said = DATA[case]
    bad = spoil(frame)
    with pytest.raises(hpmkd.DataError) as raised:
        distil(bad, "y")
    for part in said:
        assert part in str(raised.value)
    refused(run(bad), 3, *said)
    assert not list(raised.traceback[-1].path.parent.glob("runs"))


def test_duplicate_column_names(frame, run, untrained, tmp_path):
    double = frame.set_axis(["a", "b", "a", "y"], axis=1)
    with pytest.raises(hpmkd.DataError, match="column names appear twice: a; rename or drop"):
        distil(double, "y")
    refused(run(double), 3, "column names appear twice: a; rename or drop")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.csv", None, "no such file; give the path"),
        ("folder.csv", "", "no Parquet file"),
        ("empty.csv", b"", "the file is empty; expected a header"),
        ("junk.csv", bytes(range(256)), "cannot be read"),
        ("data.xlsx", b"PK", "unknown kind of file; expected .csv"),
    ],
)
def test_an_unreadable_file(run, tmp_path, untrained, name, content, said):
    path = tmp_path / name
    if content == "":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    refused(run(path), 3, str(path), said)


def spoilt(row=4, column=1, value=np.nan, scale=1.0):
    matrix = np.tile([0.4, 0.6], (N, 1)) * scale
    if value is not None:
        matrix[row, column] = value
    return matrix


PROBABILITIES = {
    "NaN": (spoilt(value=np.nan), "1 row holds NaN or infinite values; the first is row 4"),
    "inf": (spoilt(value=np.inf), "NaN or infinite"),
    "negative": (spoilt(value=-0.1), "negative values; the first is row 4, column 1: -0.1"),
    "unnormalised": (spoilt(value=None, scale=1.1), "60 rows do not sum to 1"),
    "three classes": (np.full((N, 3), 1 / 3), "60 rows and 3 columns; expected 60 rows"),
}


@pytest.mark.parametrize("case", PROBABILITIES)
def test_bad_probabilities(case, frame, run, untrained):
    matrix, said = PROBABILITIES[case]
    with pytest.raises(hpmkd.DataError, match=f"'given'.*{said}"):
        distil(frame, "y", teacher=matrix)
    names = [f"q{at}" for at in range(matrix.shape[1])]
    scored = frame.assign(**dict(zip(names, matrix.T, strict=True)))
    refused(run(scored, "--probabilities", ",".join(names)), 3, said)


def test_probabilities_of_too_few_rows(frame, untrained):
    with pytest.raises(hpmkd.DataError, match="got 59 rows and 2 columns; expected 60 rows"):
        distil(frame, "y", teacher=spoilt(value=None)[:-1])


def test_probability_columns_that_do_not_exist(frame, run, untrained):
    refused(run(frame, "--probabilities", "p_no,p_yes"), 3, "no column is called p_no, p_yes")


def test_labels_that_the_teacher_does_not_know(frame):
    other = KNeighborsClassifier(3).fit(frame[["a", "b", "c"]], frame["y"].replace("no", "maybe"))
    with pytest.raises(hpmkd.DataError, match="does not know the labels no; it knows maybe, yes"):
        distil(frame, "y", teacher=other)


def test_labels_that_a_teacher_file_does_not_know(frame, run, tmp_path):
    import skops.io

    rows = frame[["a", "b", "c"]]
    other = LogisticRegression().fit(rows, frame["y"].replace("no", "maybe"))
    skops.io.dump(other, tmp_path / "other.skops")
    result = run(frame, "--teacher", tmp_path / "other.skops")
    refused(result, 3, "'other' does not know the labels no; it knows maybe, yes. Drop those rows")


def test_a_teacher_without_predict_proba(frame, run, untrained):
    for model in (LinearSVC(), LinearSVC().fit(frame[["a", "b"]], frame["y"])):
        with pytest.raises(hpmkd.TeacherError, match=r"no predict_proba.*CalibratedClassifierCV"):
            distil(frame, "y", teacher=model)
    result = run(frame, "--teacher", "sklearn.svm:LinearSVC")
    refused(result, 5, "no predict_proba", "CalibratedClassifierCV")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("panel_x", "no such panel or file; expected a panel's name"),
        ("no_such.module:make", "cannot import 'no_such.module'"),
        ("sklearn.svm:NoSuch", "has no 'NoSuch'"),
        ("none.skops", "no such panel or file"),
    ],
)
def test_an_unknown_teacher(frame, run, untrained, spec, said):
    with pytest.raises(hpmkd.TeacherError, match=said):
        distil(frame, "y", teacher=spec)
    refused(run(frame, "--teacher", spec), 5, said)


@pytest.mark.parametrize("content", [b"junk", b""])
def test_a_corrupt_teacher_file(frame, run, untrained, tmp_path, content):
    tmp_path.joinpath("model.skops").write_bytes(content)
    result = run(frame, "--teacher", tmp_path / "model.skops")
    refused(result, 5, "model.skops: cannot be loaded as a fitted model")
    tmp_path.joinpath("model.pkl").write_bytes(content)
    result = run(frame, "--teacher", tmp_path / "model.pkl")
    refused(result, 5, "runs whatever code it holds", "--trust-pickle")


def test_constant_and_missing_columns_warn_and_work(frame, run):
    dull = frame.assign(constant=1.0, missing=np.nan, text="same")
    with pytest.warns(hpmkd.DataWarning) as caught:
        found = distil(dull, "y", teacher=TEACHER)
    said = " ".join(str(each.message) for each in caught)
    assert "left out: 'constant', 'text' (never changes); 'missing' (missing in every row)" in said
    names = [each.name for each in found.student.encoder.schema.columns]
    assert names == ["a", "b", "c"]
    assert np.isfinite(found.student.predict_proba(dull)).all()


def test_a_class_with_fewer_rows_than_folds_warns_and_works(frame):
    rare = frame.assign(y=frame["y"].where(frame.index > 1, "rare"))
    with pytest.warns(hpmkd.DataWarning, match="fewer rows than the 3 folds: rare"):
        found = distil(rare, "y")
    assert found.student.classes_.tolist() == ["no", "rare", "yes"]


def test_two_rows_of_every_class_work_or_are_explained():
    X = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.warns(hpmkd.DataWarning):
        found = distil(X, np.arange(20) // 2, teacher=TEACHER)
    assert len(found.student.classes_) == 10


def test_a_run_folder_that_exists_is_refused_before_any_training(frame, run, untrained, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    folder.joinpath("run.json").write_text("{}")
    refused(run(frame), 7, f"{folder} exists already", "--overwrite")
    folder.joinpath("run.json").rename(folder / "thesis.tex")
    refused(run(frame), 7, str(folder))
    refused(run(frame, "--overwrite"), 7, "something other than a run of hpmkd")
    assert folder.joinpath("thesis.tex").read_text() == "{}"


def test_a_run_folder_that_cannot_be_written_is_refused_before_any_training(frame, run, untrained):
    refused(run(frame, out="/proc/hpmkd-run"), 7, "cannot write /proc/hpmkd-run", "--out")


@pytest.mark.parametrize(
    ("settings", "flags", "said"),
    [
        ({"samplr.trials": 1}, ["--set=samplr.trials=1"], "samplr: unknown key; did you mean 'sam"),
        (
            {"sampler.trails": 1},
            ["--set=sampler.trails=1"],
            "sampler.trails: unknown key; did you mean 'trials'?",
        ),
        ({"sampler.trials": "x"}, ["--set=sampler.trials=x"], "sampler.trials: got 'x'"),
        ({"sampler.trials": 0}, ["--set=sampler.trials=0"], "sampler.trials: got 0"),
        ({"split.test_size": 2.0}, ["--set=split.test_size=2.0"], "split.test_size: got 2.0"),
        ({"fuser": "meen"}, ["--set=fuser=meen"], "no fuser is called 'meen'; did you mean 'mean'"),
    ],
)
def test_an_unknown_or_wrong_setting(frame, run, untrained, settings, flags, said):
    with pytest.raises(hpmkd.RecipeError) as raised:
        distil(frame, "y", settings=SETTINGS | settings)
    assert said in str(raised.value)
    refused(run(frame, *flags), 2, said)


def test_an_unknown_student(frame, run, untrained):
    with pytest.raises(hpmkd.RecipeError, match="no stage is called 'tre'; did you mean 'tree'"):
        distil(frame, "y", student="tre")
    refused(run(frame, "--student", "tre"), 2, "no stage is called 'tre'; did you mean 'tree'?")


def test_an_unknown_recipe(frame, run, untrained):
    with pytest.raises(hpmkd.RecipeError, match=r"no recipe is called 'hpn'; did you mean 'hpm'?"):
        distil(frame, "y", recipe="hpn")
    refused(run(frame, "--recipe", "hpn"), 2, "no recipe is called 'hpn'; did you mean 'hpm'?")
    refused(run(frame, "--recipe", "none.toml"), 2, "cannot read the recipe none.toml")


@pytest.mark.parametrize("seed", [-1, 1.5, "0", None])
def test_a_seed_that_is_none(frame, untrained, seed):
    with pytest.raises(hpmkd.RecipeError, match=r"seed: got .*; expected an integer of 0 or more"):
        distil(frame, "y", seed=seed)


def test_test_rows_that_do_not_fit(frame, run, untrained, tmp_path):
    with pytest.raises(hpmkd.DataError, match="the test rows lack the columns b"):
        distil(frame, "y", X_test=frame.drop(columns="b"))
    with pytest.raises(hpmkd.DataError, match="got y_test without X_test"):
        distil(frame, "y", y_test=frame["y"])
    with pytest.raises(hpmkd.DataError, match="got 2 columns in the test rows; expected 3"):
        distil(np.ones((N, 3)) * np.arange(N)[:, None], frame["y"], X_test=np.ones((3, 2)),
               y_test=["no"] * 3)  # fmt: skip
    frame.assign(y="maybe").to_csv(tmp_path / "test.csv", index=False)
    refused(run(frame, "--test", tmp_path / "test.csv"), 3, "unseen in training: 'maybe'")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 3))
    folder = tmp_path_factory.mktemp("trained") / "run"
    distil(X, X[:, 0] > 0).save(folder)
    return folder


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "junk"])
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_corrupt_student_file(trained, tmp_path, frame, damage, command):
    whole = trained.joinpath("student.hpmkd").read_bytes()
    middle = len(whole) // 2
    content = {
        "cut": whole[:-20],
        "flip": whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :],
        "empty": b"",
        "junk": bytes(range(256)) * 4,
    }[damage]
    path = tmp_path / "student.hpmkd"
    path.write_bytes(content)
    with pytest.raises(hpmkd.StudentFileError, match=r"student\.hpmkd"):
        hpmkd.Student.load(path)
    frame.to_csv(tmp_path / "data.csv", index=False)
    target = ["--target", "y"] if command == "evaluate" else []
    result = CliRunner().invoke(cli, [command, str(path), str(tmp_path / "data.csv"), *target])
    refused(result, 6, "student.hpmkd")


def test_a_run_folder_that_is_none(tmp_path, frame):
    frame.to_csv(tmp_path / "data.csv", index=False)
    for what in (tmp_path, tmp_path / "none"):
        with pytest.raises(hpmkd.StudentFileError):
            hpmkd.load(what)
        result = CliRunner().invoke(cli, ["predict", str(what), str(tmp_path / "data.csv")])
        refused(result, 6, str(what))


@pytest.mark.parametrize("name", ["run.json", "verdict.json", "leaderboard.json", "students"])
def test_a_damaged_run_folder(trained, tmp_path, name):
    import shutil

    shutil.copytree(trained, tmp_path / "run")
    if name == "students":
        tmp_path.joinpath("run", "students", "logistic.hpmkd").write_bytes(b"junk")
    else:
        tmp_path.joinpath("run", name).write_text('{"format": 1, "half')
    with pytest.raises(hpmkd.StudentFileError, match="run"):
        hpmkd.load(tmp_path / "run")


def test_rows_that_the_student_cannot_read(trained, tmp_path):
    pd.DataFrame({"a": [1.0]}).to_csv(tmp_path / "data.csv", index=False)
    result = CliRunner().invoke(cli, ["predict", str(trained), str(tmp_path / "data.csv")])
    refused(result, 3, "got 1 columns, expected 3")


def test_a_student_that_the_run_does_not_have(trained, frame, tmp_path):
    frame.to_csv(tmp_path / "data.csv", index=False)
    data = str(tmp_path / "data.csv")
    result = CliRunner().invoke(cli, ["predict", str(trained), data, "--student", "tree"])
    refused(result, 6, "has no student 'tree'; it has: logistic")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": "2"}, "workers: got '2'; expected an integer of 1 or more"),
        ({"workers": True}, "workers: got True"),
        ({"workers": 0}, "workers: got 0"),
        ({"student": ["tree"]}, r"student: got \['tree'\]; expected the name of one stage"),
        ({"settings": ["a"]}, r"settings: got \['a'\]; expected a dict"),
        ({"settings": {1: 2}}, "settings: got the key 1; expected dotted text"),
        ({"recipe": 7}, "recipe: got int; expected a name, a TOML file, a mapping"),
        ({"recipe": {"samplr": {}}}, "samplr: unknown key; did you mean 'sampler'"),
    ],
)
def test_options_of_the_wrong_type(frame, untrained, options, said):
    with pytest.raises(hpmkd.RecipeError, match=said):
        distil(frame, "y", **options)


def test_one_plugin_to_leave_out_may_be_named_without_a_list(frame, untrained):
    with pytest.raises(hpmkd.RecipeError, match=r"plugins not in use: defaults"):
        distil(frame, "y", disable="defaults")


def test_a_factory_that_ends_the_program(frame, run, untrained):
    result = run(frame, "--teacher", "builtins:exit")
    refused(result, 5, "teacher 'builtins:exit' failed: SystemExit")


def test_a_file_with_semicolons(frame, run, tmp_path):
    frame.to_csv(tmp_path / "semi.csv", sep=";", index=False)
    with pytest.warns(hpmkd.DataWarning, match="read with semicolons between the columns"):
        assert run(tmp_path / "semi.csv").exit_code == 0
    again = run(tmp_path / "semi.csv", "--sep=,", out=tmp_path / "again")
    refused(again, 3, "no column is called 'y'", "a;b;c;y")


def test_a_comma_at_the_end_of_each_line(frame, run, untrained, tmp_path):
    header, *lines = frame.to_csv(index=False).splitlines()
    text = "\n".join([header, *(f"{line}," for line in lines)])
    (tmp_path / "shifted.csv").write_text(text)
    refused(run(tmp_path / "shifted.csv"), 3, "line 2 has 5 cells; expected 4", "--sep")


def test_a_class_that_reads_as_missing(frame, run, untrained):
    result = run(frame.assign(y=np.where(frame["a"] > 0, "None", "some")))
    refused(result, 3, "are missing, the first in row", "NA, None, null", "another name")


@pytest.mark.filterwarnings("ignore:test rows:hpmkd.DataWarning")
def test_test_files_may_order_their_columns_otherwise(frame, run, tmp_path):
    scores = []
    for columns in (list("abcy"), ["y", *"cba"], ["extra", *"bcay"]):
        frame.assign(extra=1)[columns].to_csv(tmp_path / "test.csv", index=False)
        result = run(frame, "--test", tmp_path / "test.csv", "--json", "--overwrite")
        assert result.exit_code == 0, result.output
        board = json.loads(result.stdout)["leaderboard"]
        scores.append([(record["name"], record["log_loss"]) for record in board])
    assert scores[1:] == [scores[0]] * 2


def test_probability_columns_of_which_one_is_misspelt(frame, run, untrained):
    scored = frame.assign(p_yes=0.5, p_nope=0.5)
    said = ("the columns p_yes (yes) are named as classes, the columns p_nope are not",)
    refused(run(scored, "--probabilities", "p_yes,p_nope"), 3, *said)


@pytest.mark.parametrize("cache", ["x", {}, object(), dict])
def test_what_is_no_cache_is_refused_before_any_training(frame, untrained, cache):
    with pytest.raises(hpmkd.RecipeError, match=r"^cache: got .*expected .*get_or_compute"):
        hpmkd.distill(frame, "y", teacher=TEACHER, settings=SETTINGS, cache=cache)


def test_an_unknown_region_of_the_disk_is_the_recipes_fault(frame, run, untrained):
    result = run(frame, "--set=cache.disk=true", '--set=cache.disk_regions=["x"]')
    refused(result, 2, "disk_regions", "'x'")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("a,b,y", "'y' is the target, not a probability column"),
        ("", "no column was named"),
        ("a,,b", "no column was named"),
        ("a,b,b", "named more than once: b"),
        ("a,z", "no column is called z"),
    ],
)
def test_names_that_are_no_probability_columns(frame, run, untrained, names, said):
    refused(run(frame, "--probabilities", names), 3, said)
