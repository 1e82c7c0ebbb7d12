"""Whole runs whose stages build on each other: what they ship, keep and say."""

from __future__ import annotations

import io
import json
import warnings
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.naive_bayes import GaussianNB

import hpmkd
from hpmkd.chain import chain
from hpmkd.cli import cli
from hpmkd.engine import finish
from hpmkd.evaluation.gates import Gate
from hpmkd.student import AdditiveModel
from hpmkd_defaults.stages.tree import TreeStage

LIGHT = {
    "augmenter.name": "none",
    "search.alphas.self": [0.0, 0.5, 1.0],
    "sampler.name": "grid",
    "sampler.trials": 1,
    "budget.models": 0,
    "pipeline.start_seconds": 0,  # workers at once
    "split.folds": 3,
    "reference.name": "quick",
    "stages": ["logistic", "gbm"],
    "chain": [{"stage": "logistic"}, {"stage": "gbm", "transfer": "residual"}],
    "ensemble.top": 0,
    "front.size": 0,
}
#: The same on the command line, where a link is a table of TOML.
OPTIONS = [
    *(f"--set={key}={json.dumps(value)}" for key, value in LIGHT.items() if key != "chain"),
    '--set=chain=[{stage = "logistic"}, {stage = "gbm", transfer = "residual"}]',
]
LINK = "gbm after logistic (residual)"


@pytest.fixture(scope="module")
def digits():
    """About 200 images of the digits 0 … 4, as a frame."""
    X, y = load_digits(return_X_y=True, as_frame=True)
    chosen = (y < 5) & (np.arange(len(y)) < 400)
    X, y = X[chosen], y[chosen]
    return X.loc[:, X.nunique() > 5], y


def distil(X, y, **options):
    settings = {**LIGHT, **options.pop("settings", {})}
    given = {"teacher": GaussianNB(), "workers": 1, **options}
    return hpmkd.distill(X, y, settings=settings, **given)


@pytest.fixture(scope="module")
def found(digits):
    """A run in which the link is kept, and boosted trees on a linear student are shipped."""
    return distil(*digits)


@pytest.fixture(scope="module")
def folder(found, tmp_path_factory):
    return found.save(tmp_path_factory.mktemp("runs") / "digits")


def read(folder, name):
    return json.loads((folder / name).read_text())


# --------------------------------------------------------------------- what is kept


def test_a_link_that_pays_is_shipped(found, digits):
    assert found.gates[0].name == LINK
    assert found.gates[0].passed
    assert found.chosen == "gbm"
    assert isinstance(found.student.model, AdditiveModel)
    assert found.student.predict_proba(digits[0]).shape == (len(digits[1]), 5)
    (record,) = [each for each in found.records if each.chosen]
    assert record.after == "logistic (residual)"
    best = min(trial.log_loss for trial in found.trials)
    assert record.selection_log_loss == pytest.approx(best)


def test_no_student_ranks_below_its_control_on_the_selection_rows(found):
    losses = {(each.role, each.name): each.selection_log_loss for each in found.records}
    for stage in LIGHT["stages"]:
        assert losses["student", stage] <= losses["control", stage]


def test_every_fit_is_counted(found):
    folds, stages, alphas = 3, 2, 3
    trials = [trial.models_trained for trial in found.trials]
    # A trial that is clearly worse on the first fold is not fitted in the others.
    assert trials == [folds if trial.worse_by is None else 1 for trial in found.trials]
    assert len(trials) == stages * alphas + alphas
    assert 1 in trials
    # The linear student is its own control: one under the trees of each selection split, one
    # under those of the refit. The gbm is its own control as well.
    assert {each.alpha for each in found.records if each.role == "student"} == {0.0}
    under, refits = folds + 1, stages
    assert found.counts["models_trained"] == sum(trials) + under + refits
    assert "chain" in found.counts["seconds"]


def test_the_folder_tells_of_the_chain(found, folder):
    gates = read(folder, "run.json")["gates"]
    assert gates[0] == {"name": LINK, "passed": True, "reason": found.gates[0].reason}
    frame = pd.read_csv(folder / "leaderboard.csv")
    assert frame.loc[frame["chosen"], "after"].tolist() == ["logistic (residual)"]
    assert frame.loc[frame["name"] == "logistic", "after"].isna().all()
    trials = read(folder, "trials.json")
    assert [each["number"] for each in trials] == list(range(len(trials)))
    assert [each["after"] for each in trials[-3:]] == ["logistic (residual)"] * 3
    assert {each["after"] for each in trials[:-3]} == {None}


def test_the_folder_loads_with_its_chain(found, folder, digits):
    loaded = hpmkd.load(folder)
    assert loaded.gates == found.gates
    assert loaded.records == found.records
    assert loaded.recipe == found.recipe
    assert loaded.history == tuple(read(folder, "trials.json"))
    said = loaded.student.predict_proba(digits[0])
    assert said.tobytes() == found.student.predict_proba(digits[0]).tobytes()


def test_two_workers_ship_the_same_bytes(found, digits):
    twice = distil(*digits, workers=2)
    assert twice.gates == found.gates
    assert [trial.log_loss for trial in twice.trials] == [t.log_loss for t in found.trials]
    for name, student in found.students.items():
        assert twice.students[name].to_bytes() == student.to_bytes()
    assert twice.verdict == found.verdict
    assert twice.counts["models_trained"] == found.counts["models_trained"]


def test_without_a_chain_there_are_no_links(digits):
    alone = distil(*digits, settings={"chain": []})
    assert [gate.name for gate in alone.gates] == ["fuser of the teachers"]
    assert {each.after for each in alone.records} == {None}
    assert len(alone.trials) == 6


# ------------------------------------------------------------------------- verdict


def test_a_student_that_heard_a_teacher_is_judged_against_three_arms(tmp_path):
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    rng = np.random.default_rng(1)
    # A label in thirteen is wrong: there is something that a teacher can smooth.
    noisy = np.where(rng.random(len(y)) < 0.15, rng.integers(0, 2, len(y)), y)
    teacher = ExtraTreesClassifier(60, random_state=0, min_samples_leaf=3)
    found = distil(X, noisy, teacher=teacher)
    (record,) = [each for each in found.records if each.chosen]
    assert record.alpha > 0
    assert record.scheduler == "constant"
    arms = [arm.name for arm in found.verdict.arms]
    assert arms == ["student", "best hard student", "own labels"]
    searched, repeated, calibrated, own = found.verdict.notes[len(found.verdict.warnings) :]
    assert "candidates in 3 folds" in searched
    assert "epeat" in repeated
    assert "best temperature" in calibrated
    assert "self-distillation" in own
    # The word on the verdict is about the control that the selection rows ranked first.
    student, hard = found.verdict.arms[:2]
    assert found.verdict.delta_log_loss == pytest.approx(student.log_loss - hard.log_loss)
    assert hpmkd.load(found.save(tmp_path / "run")).verdict == found.verdict


# -------------------------------------------------------------------- command line


def call(*arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hpmkd.DataWarning)
        return CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)


def test_the_command_line_distils_evaluates_and_predicts(found, digits, tmp_path):
    X, y = digits
    path = tmp_path / "digits.csv"
    X.assign(digit=y).to_csv(path, index=False)
    run = tmp_path / "run"
    done = call(
        "distill", path, "--target", "digit", "--out", run, "--workers", "1",
        "--teacher", "sklearn.naive_bayes:GaussianNB", *OPTIONS,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert f"Gate {LINK}: passed" in done.stdout
    assert (run / "student.hpmkd").read_bytes() == found.student.to_bytes()
    evaluated = call("evaluate", run, path, "--target", "digit", "--json")
    assert evaluated.exit_code == 0, evaluated.output
    assert json.loads(evaluated.stdout)["accuracy"] > 0.9
    predicted = call("predict", run, path)
    assert predicted.exit_code == 0, predicted.output
    frame = pd.read_csv(io.StringIO(predicted.stdout))
    assert (frame.iloc[:, 0] == y.to_numpy()).mean() > 0.9
    np.testing.assert_allclose(frame.iloc[:, 1:], found.student.predict_proba(X), atol=1e-6)


def test_the_command_line_does_without_a_chain(digits, tmp_path):
    X, y = digits
    path = tmp_path / "digits.csv"
    X.assign(digit=y).to_csv(path, index=False)
    done = call(
        "distill", path, "--target", "digit", "--out", tmp_path / "run",
        "--teacher", "sklearn.naive_bayes:GaussianNB", *OPTIONS, "--set", "chain=[]",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "residual" not in done.stdout


# ----------------------------------------------------------------- moody strangers


class Moody(TreeStage):
    """A tree that knows nothing of starts, and fails on so many rows."""

    fails_on: ClassVar[range] = range(0)

    def fit(self, inputs):
        if len(inputs.labels) in Moody.fails_on:
            raise ArithmeticError("not in the mood")
        return super().fit(replace(inputs, start=None))


class Plugin:
    @hpmkd.hookimpl
    def hpmkd_stages(self):
        return [hpmkd.Offer("moody", Moody, "a tree with moods")]


BLAMED = "plugin 'observer-0': stage 'moody' failed in fit: ArithmeticError: not in the mood"
BEFORE = [{"stage": "moody"}, {"stage": "tree", "transfer": "mix"}]


def distil_moody(wine, chained, fails_on=range(0), **settings):
    Moody.fails_on = fails_on
    named = {"stages": ["logistic", "tree", "moody"], "chain": chained, **settings}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = distil(*wine, settings=named, observers=[Plugin()])
    return found, [str(each.message) for each in caught if each.category is hpmkd.PluginWarning]


def test_a_stage_that_knows_nothing_of_a_start_gains_nothing_by_it(wine):
    chained = [{"stage": "logistic"}, {"stage": "moody", "transfer": "residual"}]
    found, said = distil_moody(wine, chained)
    assert said == []
    assert found.gates[0].name == "moody after logistic (residual)"
    assert not found.gates[0].passed
    assert "stage 'moody' cannot start from another student" in found.gates[0].reason
    assert all(each.after is None for each in found.records)


def test_a_stage_that_cannot_start_from_trees_says_so_at_its_gate(wine):
    chained = [{"stage": "tree"}, {"stage": "gbm", "transfer": "residual"}]
    found = distil(*wine, settings={"stages": ["tree", "gbm"], "chain": chained})
    assert not found.gates[0].passed
    assert "only from the margins of a linear student" in found.gates[0].reason
    assert "gbm" in found.students


#: Of 142 training rows of wine, a selection split has 94 or 95 to fit on, a fold of it 62 to 64.
FOLD, WHOLE = range(70), range(142, 143)


def test_a_stage_before_that_fails_when_asked_costs_its_link(wine):
    found, said = distil_moody(wine, BEFORE, FOLD)
    assert said == []
    assert found.gates[0].name == "tree after moody (mix)"
    assert not found.gates[0].passed
    assert found.gates[0].reason.startswith(BLAMED)
    assert {"tree", "moody"} <= set(found.students)
    failed = [trial for trial in found.trials if trial.failure]
    assert {trial.configuration.stage for trial in failed} == {"tree"}


def chained_first(trials):
    """Return trials in which whatever has a stage before it beats whatever has none."""
    return [
        replace(trial, row_losses=trial.row_losses / 1e3)
        if trial.configuration.after is not None
        else trial
        for trial in trials
    ]


def test_a_stage_before_that_fails_in_the_refit_costs_those_who_build_on_it(wine, monkeypatch):
    monkeypatch.setattr(chain, "gate", lambda name, *others: Gate(name, True, "made to"))
    # Trees taught by trees are not the best of their stage unless the others are worse.
    pairs = finish.pairs
    monkeypatch.setattr(finish, "pairs", lambda trials, *of: pairs(chained_first(trials), *of))
    found, said = distil_moody(wine, BEFORE, WHOLE)
    assert list(found.students) == ["logistic"]
    assert sorted(message.split("'")[1] for message in said) == ["moody", "tree"]
    assert all(BLAMED in message for message in said)
