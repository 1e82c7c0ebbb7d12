"""Stopped experiments resume; folders that hold something else are refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

import hpmkd
from hpmkd import DBDataset, RunFolderError
from hpmkd.deepbridge import DistillationConfig, ExperimentRunner

#: What a run gives, and not what it took.
TIMES = ["seconds", "cpu_seconds", "resumed", "folder"]


class StoppedTeacher(GaussianNB):
    """A teacher that counts its fits; after `last` of them somebody types Ctrl-C."""

    fits, last = 0, None

    def fit(self, X, y):
        if StoppedTeacher.fits == StoppedTeacher.last:
            raise KeyboardInterrupt
        StoppedTeacher.fits += 1
        return super().fit(X, y)


class FailingTeacher(GaussianNB):
    """A teacher that fails unless it is set not to."""

    fails = True

    def fit(self, X, y):
        if FailingTeacher.fails:
            raise ValueError("no licence")
        return super().fit(X, y)


def run(runner):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runner.run_experiments()


def no_run(*_, **__):
    raise AssertionError("a run was made")


def same(one, two):
    pd.testing.assert_frame_equal(one.results_df, two.results_df)
    pd.testing.assert_frame_equal(one.runs_df.drop(columns=TIMES), two.runs_df.drop(columns=TIMES))


def test_what_is_finished_is_read_and_not_run_again(done, experiment, quietly, monkeypatch):
    monkeypatch.setattr("hpmkd.deepbridge.auto_distiller.distill", no_run)
    folder = done.config.output_dir
    again = experiment(folder, ("wine", "cancer"), methods=("standard", "hpm"), seeds=0)
    quietly(again)
    pd.testing.assert_frame_equal(again.results_df, done.results_df)
    pd.testing.assert_frame_equal(again.runs_df, done.runs_df)
    row = done.results_df.query("dataset == 'wine' and method == 'hpm'").iloc[0]
    which = (row["model_type"], row["temperature"], row["alpha"])
    one, two = (
        each.get_trained_model(*which, dataset="wine", method="hpm") for each in (done, again)
    )
    X = done.dataset["wine"].X
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))


@pytest.fixture
def fits(monkeypatch):
    """Return a function that runs an experiment up to a fit, and counts fits that were done."""

    def count(runner, last=None):
        monkeypatch.setattr(StoppedTeacher, "fits", 0)
        monkeypatch.setattr(StoppedTeacher, "last", last)
        if last is None:
            run(runner)
        else:
            with pytest.raises(KeyboardInterrupt):
                run(runner)
        return StoppedTeacher.fits

    return count


def test_ctrl_c_leaves_it_to_be_resumed_as_if_nothing_had_been(experiment, fits, tmp_path, capsys):
    arguments = {
        "names": ("cancer", "wine"),
        "teachers": {"wine": StoppedTeacher()},
        "use_cache": False,
    }
    whole = experiment(tmp_path / "whole", **arguments)
    needed = fits(whole)
    stopped = experiment(tmp_path / "stopped", verbose=True, **arguments)
    assert fits(stopped, last=3) == 3
    assert "wine, standard, seed 42 was stopped; the next" in capsys.readouterr().out
    assert stopped.runs_df["dataset"].tolist() == ["cancer"]
    assert (tmp_path / "stopped/wine/seed-42/standard/journal").is_file()
    resumed = experiment(tmp_path / "stopped", **arguments)
    assert fits(resumed) == needed - 3
    same(resumed, whole)
    lines = resumed.runs_df.set_index("dataset")
    assert lines.loc["wine", "resumed"] >= 3
    assert pd.isna(lines.loc["wine", "cpu_seconds"])
    assert not (tmp_path / "stopped/wine/seed-42/standard/journal").exists()


SCRIPT = """
import os, signal, warnings
warnings.simplefilter("ignore")
from sklearn.datasets import load_wine
from sklearn.naive_bayes import GaussianNB
from hpmkd.deepbridge import DBDataset, DistillationConfig, ExperimentRunner

class Deadly(GaussianNB):
    fits = 0
    def fit(self, X, y):
        Deadly.fits += 1
        if Deadly.fits == int(os.environ["LAST"]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y)

config = DistillationConfig("out", n_trials=1, use_cache=False)
config.customize(["DECISION_TREE"], [1.0], [0.5])
wine = DBDataset(*load_wine(return_X_y=True), model=Deadly())
runner = ExperimentRunner({"wine": wine}, config)
runner.run_experiments()
print(Deadly.fits, "fits")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_killed_process_loses_nothing_that_was_finished(tables, fits, tmp_path):
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPT))

    def start(last):
        return subprocess.run(
            [sys.executable, "script.py"],
            cwd=tmp_path,
            env={**os.environ, "LAST": str(last)},
            capture_output=True,
            text=True,
            timeout=600,
        )

    killed = start(4)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = start(0)
    assert resumed.returncode == 0, resumed.stderr
    assert "[1 of 1] wine, standard, seed 42: resumed" in resumed.stdout
    wine = {"wine": DBDataset(*tables["wine"], model=StoppedTeacher())}
    config = DistillationConfig(None, n_trials=1, use_cache=False, verbose=False)
    config.customize(["DECISION_TREE"], [1.0], [0.5])
    needed = fits(ExperimentRunner(wine, config))
    assert resumed.stdout.endswith(f"\n{needed - 3} fits\n")
    again = start(1)
    assert "runs: 1, of which 1 finished before" in again.stdout
    assert again.stdout.endswith("\n0 fits\n")


def test_a_seed_that_is_added_is_run_alone(experiment, quietly, tmp_path, monkeypatch):
    first = experiment(tmp_path, seeds=[1])
    quietly(first)
    both = experiment(tmp_path, seeds=[1, 2])
    real, made = hpmkd.deepbridge.auto_distiller.distill, []

    def counted(*args, **kwargs):
        made.append(kwargs["seed"])
        return real(*args, **kwargs)

    monkeypatch.setattr("hpmkd.deepbridge.auto_distiller.distill", counted)
    quietly(both)
    assert made == [2]
    assert both.runs_df["seed"].tolist() == [1, 2]
    pd.testing.assert_frame_equal(both.runs_df.head(1), first.runs_df)


def test_what_failed_is_tried_again(experiment, tmp_path, quietly, monkeypatch):
    runner = experiment(tmp_path, ("cancer", "wine"), teachers={"cancer": FailingTeacher()})
    with pytest.warns(UserWarning, match="1 of 2 runs failed"):
        runner.run_experiments()
    (error,) = runner.runs_df["error"].dropna()
    assert "no licence" in error
    monkeypatch.setattr(FailingTeacher, "fails", False)
    quietly(runner)
    assert runner.runs_df["error"].isna().all()
    assert runner.runs_df["dataset"].tolist() == ["cancer", "wine"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grid": {"alphas": [0.25]}}, r"recipe, search\.alphas\.\w+: was \[0\.5\], is \[0\.25\]"),
        ({"n_trials": 2}, r"recipe, sampler\.trials: was 1, is 2"),
        ({"test_size": 0.4}, r"training rows: were 142 rows of 13 columns, are 107"),
        ({"teachers": {"wine": DecisionTreeClassifier()}}, "the teacher differs"),
    ],
)
def test_a_folder_of_another_experiment_is_refused_and_nothing_is_lost(
    done, experiment, change, message, monkeypatch
):
    monkeypatch.setattr("hpmkd.deepbridge.auto_distiller.distill", no_run)
    folder = done.config.output_dir
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    grid = change.pop("grid", {})
    other = experiment(folder, seeds=0, **change)
    other.config.customize(**grid)
    with pytest.raises(RunFolderError, match=f"holds a run of another experiment: .*{message}"):
        other.run_experiments()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_the_beginning_of_another_run_is_refused(experiment, quietly, fits, tmp_path):
    own = {"teachers": {"wine": StoppedTeacher()}, "use_cache": False}
    fits(experiment(tmp_path, **own), last=3)
    with pytest.raises(RunFolderError, match=r"wine, standard, seed 42: .* another run: .*teacher"):
        quietly(experiment(tmp_path))
    fits(experiment(tmp_path, **own))


def test_what_is_no_run_of_an_experiment_is_left_alone(experiment, quietly, tmp_path, done):
    place = tmp_path / "wine/seed-0/standard"
    place.mkdir(parents=True)
    (place / "thesis.tex").write_text("years of work")
    with pytest.raises(RunFolderError, match="something other than a run"):
        quietly(experiment(tmp_path, seeds=0))
    (place / "thesis.tex").unlink()
    hpmkd.load(done.runs_df["folder"][0]).save(place, overwrite=True)
    with pytest.raises(RunFolderError, match="a run that is not part of an experiment"):
        quietly(experiment(tmp_path, seeds=0))
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=r"file.* choose another output_dir"):
        quietly(experiment(tmp_path / "file"))


def test_a_damaged_table_is_told(experiment, quietly, tmp_path):
    quietly(experiment(tmp_path))
    table = tmp_path / "wine/seed-42/standard/configurations.json"
    table.write_text('{"rows": []}')
    with pytest.raises(RunFolderError, match=r"is damaged: it has no cpu_seconds, models_refitted"):
        quietly(experiment(tmp_path))
    table.write_text("[")
    with pytest.raises(hpmkd.StudentFileError, match=r"configurations\.json cannot be read"):
        quietly(experiment(tmp_path))


def test_a_student_that_is_missing_is_told_before_any_work(experiment, quietly, tmp_path):
    quietly(experiment(tmp_path))
    (tmp_path / "wine/seed-42/standard/configurations/0.hpmkd").unlink()
    with pytest.raises(RunFolderError, match=r"is damaged: there is no configurations/0\.hpmkd\. "):
        quietly(experiment(tmp_path))


def test_rows_that_are_none_are_told(experiment, quietly, tmp_path):
    quietly(experiment(tmp_path))
    table = tmp_path / "wine/seed-42/standard/configurations.json"
    table.write_text(json.dumps({**json.loads(table.read_text("utf-8")), "rows": 5}))
    with pytest.raises(RunFolderError, match=r"is damaged: got rows 5; expected a list\."):
        quietly(experiment(tmp_path))
