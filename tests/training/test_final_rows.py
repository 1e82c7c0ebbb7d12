"""Where trials see a part of the rows, the selection rows judge what is fitted on the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.naive_bayes import GaussianNB

import hpmkd
from hpmkd_defaults.stages.tree import TreeStage

N, HELD, FEW = 3000, 300, 900
SETTINGS = {
    "memory": "none",
    "sampler.trials": 2,
    "front.size": 0,
    "augmenter.name": "none",
    "search.alphas.self": [0.0, 0.1, 0.5, 1.0],
    "split.once_above": 2000,
    "split.trial_rows": FEW,
    "split.selection_rows": HELD,
    "chain": [],
    "stages": ["fickle", "tree"],
}


class Fickle(TreeStage):
    """A tree that learns nothing from hard labels on few rows, nothing from soft ones on many."""

    def fit(self, inputs):
        hard = inputs.configuration.alpha == 0
        if hard == (len(inputs.labels) <= FEW):
            inputs = replace(
                inputs,
                labels=np.roll(inputs.labels, 7),
                soft_targets=np.roll(inputs.soft_targets, 7, axis=0),
            )
        return super().fit(inputs)


class Growing(Fickle):
    """The same; what wins on few rows comes to be too large for a limit of 10 kB."""

    winner: ClassVar[dict[str, float]] = {}

    def fit(self, inputs):
        student, own = super().fit(inputs), inputs.configuration
        grown = own.alpha > 0 and dict(own.hyperparameters) == self.winner
        if not grown or len(inputs.labels) <= FEW:
            return student
        return replace(student, facts={"padding": np.random.default_rng(0).bytes(20_000).hex()})


class Liar(TreeStage):
    """A tree that lies once it has seen many rows."""

    def fit(self, inputs):
        student = super().fit(inputs)
        return student if len(inputs.labels) <= FEW else Lying(student)


class Lying:
    def __init__(self, student):
        self.to_bytes = student.to_bytes

    def predict_proba(self, table):
        return np.full((len(table), 2), 2.0)


class TrialHistory:
    def __init__(self):
        self.notes = []

    @hpmkd.hookimpl
    def hpmkd_noted(self, note):
        self.notes.append(note)

    @hpmkd.hookimpl
    def hpmkd_stages(self):
        offered = {"fickle": Fickle, "growing": Growing, "liar": Liar}
        return [hpmkd.Offer(name, stage, name) for name, stage in offered.items()]


@pytest.fixture(scope="module")
def table():
    return make_classification(2 * N, 8, n_informative=5, n_redundant=0, random_state=3)


@pytest.fixture(scope="module")
def distilled(table):
    def run(**settings):
        (X, y), history = table, TrialHistory()
        found = hpmkd.distill(
            X[:N],
            y[:N],
            X_test=X[N:],
            y_test=y[N:],
            teacher=GaussianNB(),
            settings={**SETTINGS, **settings},
            observers=[history],
            workers=1,
        )
        return found, history

    return run


@pytest.fixture(scope="module")
def fickle(distilled):
    return distilled(stages=["fickle"])


def test_hard_labels_win_if_they_do_on_all_rows(fickle):
    found, history = fickle
    tried = {each.number: each for each in found.handle.trials}
    first = min(found.handle.trials, key=lambda trial: trial.log_loss)
    assert first.configuration.alpha > 0
    # The student that the trials chose is there, but its control is shipped.
    (beaten,) = [each for each in found.front if each.trial == first.number]
    (shipped,) = [each for each in found.front if each.chosen]
    assert tried[shipped.trial].configuration.alpha == 0
    assert shipped.selection_log_loss < tried[shipped.trial].log_loss
    assert beaten.selection_log_loss > first.log_loss
    assert beaten.name in found.further
    assert found.student is found.handle.finalists.controls["fickle"].student
    assert "The selection rows chose hard labels" in found.verdict.sentence
    (note,) = [each for each in history.notes if each.startswith("fickle:")]
    assert note == (
        f"fickle: fitted on {N - HELD} rows, hard labels win after all: "
        f"{shipped.selection_log_loss:.4f} nats on the selection rows, and "
        f"{beaten.selection_log_loss:.4f} with the teacher"
    )


@pytest.mark.parametrize("run", ["fickle", "growing"])
def test_no_selection_row_is_fitted_on_and_all_of_them_judge(run, request, table):
    (X, y), (found, _) = table, request.getfixturevalue(run)
    fitted = found.handle.training.raw
    assert len(fitted) == N - HELD
    held = np.setdiff1d(np.arange(N), fitted.at)
    for each in found.front:
        student = students_of(found)[each.name]
        predicted = student.predict_proba(X[held])[np.arange(HELD), y[held]]
        assert each.selection_log_loss == pytest.approx(-np.log(predicted).mean())
        facts = student.facts["training"]
        assert facts["rows"] == N - HELD
        assert facts["selection_log_loss"] == pytest.approx(each.selection_log_loss, abs=1e-6)


def students_of(found):
    return {**found.further, **found.students}


def test_a_student_that_is_fitted_again_is_the_same_to_the_byte(fickle):
    found, _ = fickle
    tried = {each.number: each.configuration for each in found.handle.trials}
    for each in found.front:
        if each.role == "ensemble":
            continue
        again = found.fit(tried[each.trial])
        assert again.to_bytes() == students_of(found)[each.name].to_bytes()


@pytest.fixture(scope="module")
def growing(distilled):
    settings = {"stages": ["growing"], "sampler.trials": 4}
    first = min(distilled(**settings)[0].handle.trials, key=lambda trial: trial.log_loss)
    Growing.winner = dict(first.configuration.hyperparameters)
    return distilled(**settings, **{"limits.max_size": 10_000, "front.size": 3})


def test_within_the_limits_the_selection_rows_choose_whatever_the_race_said(growing):
    found, history = growing
    single = [each for each in found.front if each.role != "ensemble"]
    grown = [each for each in single if each.bytes > 10_000]
    (shipped,) = [each for each in found.front if each.chosen]
    within = [each for each in single if each.bytes <= 10_000]
    # Soft labels won on few rows; the next of them keep the limit, and are worth nothing now.
    assert len(within) > 1
    assert shipped.selection_log_loss == min(each.selection_log_loss for each in within)
    assert found.student is found.handle.finalists.controls["growing"].student
    # The winner on few rows is no case for hard labels: it broke a limit.
    assert {each.role for each in grown} == {"front"}
    assert not [note for note in history.notes if note.startswith("growing:")]


def test_each_student_of_the_front_is_refitted_once(growing):
    found, _ = growing
    refits = found.counts["models_trained"] - sum(each.models_trained for each in found.trials)
    assert refits == len(found.front)


def test_the_ensemble_is_of_students_so_judged(distilled, monkeypatch):
    # They are not better together; a pool of the first two is as good for this.
    monkeypatch.setattr("hpmkd.training.pool._greedy", lambda *_: [0, 1])
    found, _ = distilled(**{"ensemble.collapse": True})
    assert found.facts["ensemble"]["members"] == ["fickle", "tree"]
    (decision,) = [gate for gate in found.gates if gate.name == "collapse"]
    # On few rows the ensemble's predictions beat hard labels; on many they do not.
    assert not decision.passed
    assert "not better by more than one standard error" in decision.reason
    assert "collapsed" not in found.students


def test_a_student_that_lies_about_selection_rows_is_out_of_the_race(distilled):
    with pytest.warns(hpmkd.PluginWarning, match=r"'liar' dropped: .*'liar'.*its stud"):
        found, _ = distilled(stages=["liar", "tree"])
    assert list(found.students) == ["tree"]


def test_draws_are_compared_on_a_fifth_of_the_rows_that_there_are(distilled):
    few = {"sampler.trials": 4, "sampler.subset_rows": 100, "stages": ["fickle"]}
    found, _ = distilled(**few)
    shares = sorted({trial.configuration.share for trial in found.trials})
    assert shares == pytest.approx([0.2 * (N - HELD) / FEW, 1.0])


def test_trials_on_all_rows_need_no_second_judgement(distilled):
    found, _ = distilled(**{"split.trial_rows": 0, "stages": ["tree"]})
    assert len(found.handle.training.raw) == N
    tried = {each.number: each.log_loss for each in found.handle.trials}
    single = [each for each in found.front if each.role != "ensemble"]
    assert all(each.selection_log_loss == tried[each.trial] for each in single)
