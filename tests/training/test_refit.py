from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.errors import PluginError, PluginWarning
from hpmkd.execution.cost_model import Load
from hpmkd.training import student_fits
from hpmkd.training.fit import ActiveStage, FitContext
from hpmkd.training.refit import Refitted, best, fit_finalists, pairs
from hpmkd.training.student_fits import RefitData
from hpmkd.values import Configuration, Trial


def trial(number, loss, alpha=0.0, stage="a", failure=None, good=None):
    configuration = Configuration(stage, 1.0, alpha, {"good": number if good is None else good})
    losses = np.array([]) if failure else np.full(4, float(loss))
    return Trial(number, configuration, losses, 0.5, 1, 0.0, failure)


def test_the_best_has_the_lowest_loss_of_its_stage():
    trials = [trial(0, 0.5), trial(1, 0.4, 0.5), trial(2, 0.3, stage="b"), trial(3, 0.6)]
    assert best(trials, "a").number == 1
    assert best(trials, "a", control=True).number == 0
    assert best(trials, "b").number == 2
    assert best(trials, "c") is None


def test_ties_go_to_the_control_and_then_to_the_first():
    assert best([trial(0, 0.5, 0.5), trial(1, 0.5)], "a").number == 1
    assert best([trial(0, 0.5), trial(1, 0.5)], "a").number == 0
    assert best([trial(0, 0.5, 1.0), trial(1, 0.5, 0.5)], "a").number == 0


def test_failed_trials_are_never_best():
    trials = [trial(0, 0.1, failure="plugin 'x' failed"), trial(1, 0.9)]
    assert best(trials, "a").number == 1
    assert best(trials[:1], "a") is None


def test_pairs_leave_out_stages_without_a_control():
    trials = [trial(0, 0.5, 0.5), trial(1, 0.6), trial(2, 0.3, 0.5, stage="b")]
    with pytest.warns(
        PluginWarning, match="stage .[bc]. dropped: it (has no control|was not tried)"
    ) as caught:
        paired = pairs(trials, ["a", "b", "c"])
    assert len(caught) == 2
    assert list(paired) == ["a"]
    assert (paired["a"].student.number, paired["a"].control.number) == (0, 1)


def test_pairs_say_why_there_is_none():
    trials = [trial(0, 0, failure="plugin 'x': no"), trial(1, 0, failure="plugin 'y': no")]
    with pytest.raises(PluginError, match=r"no stage has a student.*: a: plugin 'x': no$"):
        pairs(trials[:1], ["a"])


class Written:
    def __init__(self, key):
        self.key = key

    def to_bytes(self):
        if self.key[0] == "unwritable":
            raise OSError("no ink")
        return b"" if self.key[0] != "wordy" else "text"


@pytest.fixture
def fitting(monkeypatch, in_process):
    def run(trials, stages, backwards=False, cuts=()):
        fitted, calls = [], []

        def refit(data, configurations):
            fitted.append(configurations)
            return [Written(each.key) for each in configurations]

        job = replace(student_fits.STUDENT, function=refit, load=lambda *_: Load("stage", {}))
        monkeypatch.setattr(student_fits, "STUDENT", job)
        active = {each: ActiveStage(each, "p", None) for each in stages}
        data = RefitData(None, FitContext(active, {}, None, 0))
        found = fit_finalists(
            pairs(trials, stages),
            cuts,
            data,
            in_process(backwards=backwards),
            lambda: calls.append(1),
            lambda own, student: Refitted(own, student, student.key),
        )
        assert len(calls) == len(fitted)
        return found, fitted

    return run


@pytest.mark.parametrize("backwards", [False, True])
def test_students_and_controls_are_fitted_and_the_lowest_loss_is_chosen(fitting, backwards):
    trials = [trial(0, 0.5, 0.5), trial(1, 0.6), trial(2, 0.4, 1.0, "b"), trial(3, 0.7, 0, "b")]
    found, fitted = fitting(trials, ["a", "b"], backwards)
    assert len(fitted) == 4
    assert found.shipped.name == "b"
    for role, numbers in (("students", (0, 2)), ("controls", (1, 3))):
        for stage, number in zip("ab", numbers, strict=True):
            refitted = getattr(found, role)[stage]
            assert refitted.trial.number == number
            assert refitted.student.key == trials[number].configuration.key == refitted.footprint


def test_a_student_that_is_its_own_control_is_fitted_once(fitting):
    found, fitted = fitting([trial(0, 0.5), trial(1, 0.6, 0.5)], ["a"])
    assert len(fitted) == 1
    assert found.students["a"].student is found.controls["a"].student


def test_the_first_stage_wins_a_tie(fitting):
    found, _ = fitting([trial(0, 0.5), trial(1, 0.5, stage="b")], ["a", "b"])
    assert found.shipped.name == "a"


@pytest.mark.parametrize(
    ("stage", "reason"),
    [("unwritable", "OSError: no ink"), ("wordy", "TypeError: returned 'text'; expected bytes")],
)
def test_a_student_that_cannot_be_written_is_out_of_the_race(fitting, stage, reason):
    message = f"dropped: plugin 'p': stage '{stage}' failed in to_bytes: {reason}"
    with pytest.warns(PluginWarning, match=message):
        found, _ = fitting([trial(0, 0.1, stage=stage), trial(1, 0.5)], [stage, "a"])
    assert list(found.students) == ["a"]


def test_cuts_of_a_winner_take_no_fit_of_their_own(fitting):
    def of(loss, alpha, rounds):
        return replace(
            trial(0, loss, alpha),
            configuration=Configuration("a", 1.0, alpha, {"good": 0}, rounds=rounds),
        )

    cuts = [of(0.45, 0.5, 20), of(0.48, 0.5, 10)]
    found, fitted = fitting([of(0.4, 0.5, 57), of(0.6, 0.0, 31)], ["a"], cuts=cuts)
    assert [[each.rounds for each in group] for group in fitted] == [[57, 20, 10], [31]]
    assert [each.trial for each in found.beside] == cuts
    assert [each.student.key for each in found.beside] == [each.configuration.key for each in cuts]
