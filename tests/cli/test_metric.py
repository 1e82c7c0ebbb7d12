"""Rare classes and metrics, as a user of the command line meets them."""

from __future__ import annotations

import io
import json
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import make_classification
from sklearn.metrics import precision_score, recall_score

import hpmkd
from hpmkd.cli import cli

LIGHT = [
    "--teacher=quick",
    "--no-memory",
    "--no-cache",
    "--quiet",
    '--set=stages=["logistic", "tree"]',
    "--set=augmenter.name=none",
    "--set=sampler.trials=1",
    "--set=split.folds=3",
]
SENTENCE = re.compile(
    r"The class 'yes' is rare \((.*?)% of the selection rows\): at the threshold \.5 its recall "
    r"is (.*?) and its precision (.*?); at (.*?) they are (.*?) and (.*?), and its F1 is (.*?) "
    r"instead of (.*?): hpmkd predict --threshold best"
)


def call(*arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hpmkd.PluginWarning)
        return CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with ``rows.csv`` and ``new.csv``: 3 % of the rows are a class hard to tell."""
    shape = {"n_informative": 4, "n_clusters_per_class": 1, "class_sep": 0.9, "flip_y": 0.005}
    X, y = make_classification(3000, 8, weights=[0.97], random_state=5, **shape)
    frame = pd.DataFrame(X.round(3), columns=[f"x{at}" for at in range(8)])
    frame["y"] = np.where(y == 1, "yes", "no")
    folder = tmp_path_factory.mktemp("rare")
    frame[:2000].to_csv(folder / "rows.csv", index=False)
    frame[2000:].to_csv(folder / "new.csv", index=False)
    (folder / "costs.csv").write_text(",no,yes\nno,0,1\nyes,20,0\n")
    return folder


def distilled(folder, name, *more):
    done = call(
        *("distill", folder / "rows.csv", "--target=y", "--out", folder / name), *LIGHT, *more
    )
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def output(folder):
    return distilled(folder, "run")


def predicted(folder, *more, run="run"):
    done = call("predict", folder / run, folder / "new.csv", *more)
    assert done.exit_code == 0, done.output
    return pd.read_csv(io.StringIO(done.stdout)), done.stderr


def test_a_rare_class_that_is_seldom_recognised_is_reported(output):
    share, recall, precision, threshold, better, other, f1, f1_at_half = map(
        float, SENTENCE.search(output).groups()
    )
    assert 2 < share < 5
    assert recall < 0.35  # at .5, which was never mentioned
    assert better > recall + 0.15
    assert f1 > f1_at_half + 0.05
    assert threshold < 0.4
    assert min(precision, other) > 0.2


def test_the_folder_and_the_report_say_it_as_well(output, folder):
    sentence = SENTENCE.search(output).group()
    verdict = json.loads((folder / "run" / "verdict.json").read_text())
    assert sentence in verdict["notes"]
    assert verdict["threshold"]["label"] == "yes"
    assert call("report", folder / "run", "--quiet").exit_code == 0
    page = (folder / "run" / "report.html").read_text()
    assert "The class &#39;yes&#39; is rare" in page
    assert "Confusion matrix of the student" in page
    assert "Confusion matrix of the control" in page
    assert "balanced accuracy" in page


def test_the_best_threshold_is_kept_and_finds_more_of_the_class(output, folder):
    labels = pd.read_csv(folder / "new.csv")["y"] == "yes"
    half, _ = predicted(folder)
    best, note = predicted(folder, "--threshold", "best")
    kept = hpmkd.Student.load(folder / "run" / "student.hpmkd").facts["threshold"]
    assert kept["class"] == "yes"
    assert note.startswith("yes is predicted from probability ")
    assert ((best["prediction"] == "yes") == (best["p_yes"] >= kept["best"])).all()
    found = [recall_score(labels, each["prediction"] == "yes") for each in (half, best)]
    assert found[1] > found[0] + 0.1
    assert precision_score(labels, best["prediction"] == "yes") > 0.2


def test_any_other_threshold_can_be_given(output, folder):
    frame, _ = predicted(folder, "--threshold", ".12")
    assert ((frame["prediction"] == "yes") == (frame["p_yes"] >= 0.12)).all()
    refused = call("predict", folder / "run", folder / "new.csv", "--threshold", "1.5")
    assert refused.exit_code == 2
    assert "got 1.5; expected a probability, from 0 to 1, or best" in refused.stderr


def test_which_classes_are_confused_is_printed(output):
    assert "Confusion matrix of the student on the test rows" in output
    assert re.search(r"true class +named no +named yes\nno +\d+ +\d+\nyes +\d+ +\d+\n", output)
    assert "balanced" in output.splitlines()[0]


def test_a_metric_chooses_and_judges_beside_log_loss(folder):
    printed = distilled(folder, "auc", "--metric=auc")
    assert "AUC" in printed.splitlines()[0]
    assert "log loss" in printed.splitlines()[0]
    assert re.search(r"Ship .*: AUC 0\.\d{4} \(log loss 0\.\d{4}\) on 400 test rows", printed)
    assert "ranked by selection AUC" in printed
    verdict = json.loads((folder / "auc" / "verdict.json").read_text())
    front = json.loads((folder / "auc" / "front.json").read_text())
    assert verdict["by_metric"]["metric"] == "auc"
    losses = [each["selection_loss"] for each in front]
    assert losses == sorted(losses)
    shipped = next(each for each in front if each["chosen"])
    assert verdict["by_metric"]["student"] == shipped["metric"]
    picked = call("pick", folder / "auc", "--max-size", "1MB", "--json")
    assert json.loads(picked.stdout)["chosen"] == front[0]["name"]
    assert call("report", folder / "auc", "--quiet").exit_code == 0


def test_costs_choose_a_student_and_a_threshold(folder):
    printed = distilled(folder, "costs", f"--metric=cost={folder / 'costs.csv'}")
    assert re.search(r"its cost is 0\.\d+ instead of 0\.\d+", printed)
    labels = pd.read_csv(folder / "new.csv")["y"]

    def cost(frame):
        named = frame["prediction"]
        return (
            20 * ((labels == "yes") & (named == "no")) + ((labels == "no") & (named == "yes"))
        ).mean()

    half, best = (predicted(folder, *more, run="costs")[0] for more in ((), ("--threshold=best",)))
    assert cost(best) < cost(half)


def test_a_metric_that_is_none_is_refused(folder):
    for given, message in (
        ("--metric=acu", "got 'acu'; did you mean 'auc'?"),
        ("--metric=cost=nowhere.csv", "nowhere.csv cannot be read"),
    ):
        done = call("distill", folder / "rows.csv", "--target=y", "--out", folder / "x", given)
        assert done.exit_code != 0
        assert message in done.stderr
    (folder / "wrong.csv").write_text(",a,b\na,0,1\nb,20,0\n")
    done = call(
        *("distill", folder / "rows.csv", "--target=y", "--out", folder / "x"),
        *(f"--metric=cost={folder / 'wrong.csv'}", *LIGHT),
    )
    assert "expected those of the labels, 'no', 'yes'" in done.stderr


def test_an_option_and_a_setting_must_agree(folder):
    done = call(
        *("distill", folder / "rows.csv", "--target=y", "--out", folder / "x"),
        *("--metric=auc", "--set=metric=brier"),
    )
    assert "got --metric auc and --set metric=brier; expected them to agree" in done.stderr
