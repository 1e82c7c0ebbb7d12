"""Whole runs of ``hpmkd.distill``: what they train, ship and keep, with every sampler."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import optuna
import pytest
from click.testing import CliRunner
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import hpmkd
from hpmkd.cli import cli
from hpmkd.evaluation.gates import Gate
from hpmkd.training.fit import FitContext

LIGHT = {
    "augmenter": "none",
    "memory": "none",
    "reference": "quick",
    "search.alphas.self": [0.0, 0.5, 1.0],
    "split.folds": 3,
    "ensemble.top": 0,
}
#: What ends a search that has models enough, and one that has not.
ENDS = "sampler exhausted|the budget has no room for another trial and what follows the search"
SAMPLERS = ["staged", "adaptive", "tpe", "grid", "random"]


@pytest.fixture
def fits(monkeypatch):
    """Every fit of a student, as it happens, independent of the engine's counts."""
    fitted = []
    plain = FitContext.fit

    def fit(self, training, configuration, *more, **named):
        fitted.append(configuration)
        return plain(self, training, configuration, *more, **named)

    monkeypatch.setattr(FitContext, "fit", fit)
    return fitted


@pytest.fixture(scope="module")
def digits():
    """1400 images of ten digits: enough for one holdout."""
    X, y = load_digits(return_X_y=True, as_frame=True)
    return X.loc[:, X.nunique() > 5].iloc[:1400], y.iloc[:1400]


def line():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1))


def distil(data, **options):
    settings = {**LIGHT, **options.pop("settings", {})}
    return hpmkd.distill(*data, teacher=line(), settings=settings, **options)


def read(folder):
    storage = JournalStorage(JournalFileBackend(str(Path(folder) / "study.log")))
    return optuna.load_study(study_name="hpmkd", storage=storage)


# -------------------------------------------------------------------------- counts


class TestRecipes:
    def test_hpm_trains_80_models_at_most(self, wine, fits):
        found = hpmkd.distill(*wine, teacher="quick")
        assert found.counts["models_trained"] == len(fits) <= 80
        assert set(found.students) >= {"logistic", "tree", "gbm", "network"}

    @pytest.mark.slow
    def test_hpm_on_one_holdout_too(self, digits, fits):
        one = {"augmenter": "none", "split.once_above": 999, "search.alphas.self": [0.0, 0.5, 1.0]}
        found = hpmkd.distill(*digits, teacher=line(), settings=one)
        assert found.counts["models_trained"] == len(fits) <= 80
        searched = [trial for trial in found.trials if trial.configuration.after is None]
        assert len(searched) > 20

    @pytest.mark.filterwarnings("ignore:stage .* dropped")
    def test_the_proposal_keeps_within_80_models_if_it_is_told_to(self, wine, fits):
        few = {"budget.models": 80}
        found = hpmkd.distill(*wine, teacher="quick", recipe="proposal", settings=few)
        assert found.counts["models_trained"] == len(fits) <= 80
        sample = [trial for trial in found.trials if trial.configuration.share < 1]
        assert sample
        assert {trial.configuration.share for trial in sample} == {0.3}

    @pytest.mark.slow
    def test_the_proposal_on_one_holdout_too(self, cancer, fits):
        # Without its stop rule: it is to come to its end.
        whole = {"search.stop.window": 0, "split.once_above": 99}
        found = distil(cancer, recipe="proposal", settings=whole)
        took = found.counts["trained_for"]
        assert found.counts["models_trained"] == len(fits)
        assert took["sample"] == {"configurations": 8, "trials": 8, "models": 8}
        assert took["tuning"] == {"configurations": 16, "trials": 80, "models": 80}
        assert took["controls"]["trials"] >= 4 * 5
        links = [gate for gate in found.gates if " after " in gate.name]
        assert len(links) == 3
        assert not [gate for gate in links if "not tried" in gate.reason]

    def test_the_grid_is_as_large_as_it_says(self, wine, fits):
        few = {
            "sampler.trials": 1,
            "stages": ["logistic", "tree"],
            "search.alphas.self": [0.3, 0.5, 0.7, 0.9],
        }
        found = distil(wine, recipe="grid", settings=few)
        searched = [trial for trial in found.trials if trial.configuration.alpha > 0]
        assert len(searched) == 2 * 4 * 4
        # Three splits each; then two controls, the refits, own labels in three folds.
        assert found.counts["models_trained"] == len(fits) <= 3 * (32 + 2) + 4 + 4


@pytest.mark.filterwarnings("ignore:stage .* dropped")
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("models", "n_stages"), [(8, 1), (13, 2), (41, 4)])
def test_cross_validated_trials_keep_within_the_budget(cancer, fits, sampler, models, n_stages):
    """Each trial takes three models."""
    few = tuple(each[:240] for each in cancer)
    found = distil(few, settings={"sampler": sampler, "budget.models": models})
    assert models / 3 < found.counts["models_trained"] == len(fits) <= models
    # Chance may bring one stage twice.
    assert len(found.students) == n_stages or (sampler == "random" and found.students)
    roles = found.leaderboard.groupby("name")["role"].agg(set)
    assert all(roles[name] == {"student", "control"} for name in found.students)
    for ended in found.facts["search"]["ended"].split("; with the teacher: "):
        assert re.fullmatch(rf"({ENDS}) \(\d+ of {models} models trained by then\)", ended)


MIXED = [
    {"stage": "logistic"},
    {"stage": "tree", "transfer": "mix"},
    {"stage": "gbm", "transfer": "mix"},
]


@pytest.mark.parametrize("models", [40, 52, 150])
def test_a_chain_that_cross_fits_is_paid_before_it_is_tried(wine, fits, monkeypatch, models):
    """Every link is kept: each costs more than the one before, in the refit as well."""
    monkeypatch.setattr("hpmkd.chain.chain.gate", lambda name, *_: Gate(name, True, "kept"))
    few = {
        "sampler.name": "grid",
        "sampler.trials": 1,
        "search.alphas.self": [0.0, 0.5],
        "chain": MIXED,
        "stages": ["logistic", "tree", "gbm"],
        "budget.models": models,
    }
    found = distil(wine, settings=few)
    assert found.counts["models_trained"] == len(fits) <= models
    assert any(gate.reason == "kept" for gate in found.gates)
    refused = [gate.reason for gate in found.gates if "not tried: it takes" in gate.reason]
    assert bool(refused) == (models < 150)
    for reason in refused:
        said = rf"it takes (\d+) models; (\d+) of {models} models left"
        takes, left = map(int, re.fullmatch(f"not tried: {said}", reason).groups())
        assert takes > left


# ------------------------------------------------------------------------- workers


@pytest.mark.parametrize(
    "sampler",
    ["staged", *(pytest.param(name, marks=pytest.mark.slow) for name in SAMPLERS[1:])],
)
def test_two_workers_ship_the_same_bytes(wine, sampler):
    few = {"sampler": sampler, "budget.models": 48, "stages": ["logistic", "tree", "gbm"]}
    one, two = (distil(wine, workers=workers, settings=few) for workers in (1, 2))
    assert {name: student.to_bytes() for name, student in one.students.items()} == {
        name: student.to_bytes() for name, student in two.students.items()
    }
    assert [trial.configuration for trial in one.trials] == [
        trial.configuration for trial in two.trials
    ]
    assert [trial.log_loss for trial in one.trials] == [trial.log_loss for trial in two.trials]
    assert len(one.trials) > 6


# ------------------------------------------------------------------- command line


@pytest.mark.filterwarnings("ignore:stage .* dropped")
class TestCommandLine:
    @pytest.fixture
    def distill(self, cancer, tmp_path):
        """Return what a run printed, and its folder."""
        path = tmp_path / "cancer.csv"
        np.savetxt(path, np.column_stack(cancer), delimiter=",", header="", comments="")
        names = [f"c{at}" for at in range(cancer[0].shape[1])]
        path.write_text(",".join([*names, "benign"]) + "\n" + path.read_text().lstrip("\n"))

        def run(*options):
            light = [f"--set={name}={value}" for name, value in LIGHT.items()]
            asked = ["--target", "benign", "--out", str(tmp_path / "run"), "--teacher", "quick"]
            done = CliRunner().invoke(cli, ["distill", str(path), *asked, *light, *options])
            assert done.exit_code == 0, done.output
            return done.output, tmp_path / "run"

        return run

    def test_a_budget_of_models_ends_a_run_normally_and_is_told(self, distill):
        said, folder = distill("--budget-models", "13")
        assert re.search(rf"({ENDS}) \(\d+ of 13 models trained by then\)\n", said)
        trained = json.loads((folder / "counts.json").read_text())["models_trained"]
        assert 6 < trained <= 13
        assert hpmkd.load(folder).chosen in ("logistic", "tree")

    def test_a_budget_of_seconds_ends_a_run_normally_and_is_told(self, distill):
        link = '{stage = "gbm", after = "logistic", transfer = "residual"}'
        chain = f'chain=[{{stage = "logistic"}}, {link}]'
        said, folder = distill("--budget-seconds", "0.001", "--set", chain)
        assert "; the budget of 0.001 s is spent (" in said
        assert "not tried: the budget of 0.001 s is spent" in said
        trials = json.loads((folder / "trials.json").read_text())
        # One batch of each search: a stage each, then what the best learns from the teacher.
        assert [each["alpha"] for each in trials] == [0.0] * 4 + [0.5, 1.0]
        assert {each["stage"] for each in trials} == {"logistic", "tree", "gbm", "network"}

    def test_without_time_what_was_tried_on_a_part_of_the_rows_is_in_the_race(self, distill):
        said, folder = distill("--budget-seconds", "0.001", "--set", "sampler.subset_rows=1")
        assert "; the budget of 0.001 s is spent" in said
        trials = json.loads((folder / "trials.json").read_text())
        sampled = {each["stage"] for each in trials if each["share"] < 1}
        assert sampled == {"logistic", "gbm", "network"}
        assert sampled < {each["stage"] for each in trials if each["share"] == 1}
        assert hpmkd.load(folder).students

    @pytest.mark.parametrize("sampler", ["staged", "adaptive"])
    def test_the_study_holds_every_trial(self, distill, sampler):
        said, folder = distill("--set", f"sampler.name={sampler}")
        trials = json.loads((folder / "trials.json").read_text())
        study = read(folder)
        assert len(study.trials) == len(trials) > 8
        assert [each.value for each in study.trials] == [each["log_loss"] for each in trials]
        for kept, trial in zip(study.trials, trials, strict=True):
            lost_the_race = trial["worse_by"] is not None
            assert kept.state == (TrialState.PRUNED if lost_the_race else TrialState.COMPLETE)
            own = {
                name.partition(".")[2]: value for name, value in kept.params.items() if "." in name
            }
            assert own == trial["hyperparameters"]
            assert kept.params["stage"] == trial["stage"]
            assert kept.user_attrs["share"] == trial["share"]
        searched = sum(each["after"] is None for each in trials)
        assert f"Search: {searched} trials;" in said
        whole = [each["log_loss"] for each in trials if each["worse_by"] is None]
        assert study.best_value == min(whole)
