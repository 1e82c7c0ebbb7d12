"""Optuna's TPE through ask and tell."""

from __future__ import annotations

import pytest
from optuna.trial import TrialState

from hpmkd.testing.sampler_runs import Branching, Various, check_in_space, trial_of
from hpmkd.values import Configuration
from hpmkd_defaults.samplers.optuna_tpe import PointStudy, drawable, recorded


def study_of(stage, seed=0):
    return PointStudy(stage.space, lambda point: point, seed)


def outcome(loss, number=0):
    return trial_of(number, Configuration("it", 1.0, 0.5), loss)


def trials(study):
    return study._study.trials


def test_points_are_of_the_space():
    study = study_of(Branching())
    for number in range(30):
        point = study.ask()
        check_in_space(Branching(), point)
        study.tell(point, outcome(point.get("cost", 0.9), number))
    assert {trial.state for trial in trials(study)} == {TrialState.COMPLETE}


def test_a_batch_is_asked_before_any_of_it_is_told():
    study = study_of(Various())
    points = [study.ask() for _ in range(4)]
    for at, point in enumerate(points[::-1]):
        study.tell(point, outcome(0.1 * (at + 1)))
    assert [trial.value for trial in trials(study)] == pytest.approx([0.4, 0.3, 0.2, 0.1])


def test_equal_points_of_a_batch_are_told_one_by_one():
    study = study_of(Branching())
    for _ in range(2):
        study.enqueue({"pruned": False})
    one, two = study.ask(), study.ask()
    assert one == two == {"pruned": False}
    study.tell(one, outcome(0.5))
    study.tell(two, outcome(0.5))
    assert [trial.state for trial in trials(study)] == [TrialState.COMPLETE] * 2
    # Told once more it is another trial, which nobody asked for.
    study.tell(one, outcome(0.4))
    assert len(trials(study)) == 3


def test_failures_are_told_as_such():
    study = study_of(Branching())
    study.tell(study.ask(), outcome(None))
    study.tell({"pruned": True, "cost": 0.5}, outcome(None))
    assert [trial.state for trial in trials(study)] == [TrialState.FAIL] * 2


def test_what_others_tried_is_taken_in_if_it_could_have_been_drawn():
    study = study_of(Branching())
    study.tell({"pruned": True, "cost": 0.5}, outcome(0.3))
    study.tell({"pruned": True, "cost": 7.0}, outcome(0.1))
    study.tell({"pruned": True}, outcome(0.1))
    (trial,) = trials(study)
    assert trial.params == {"pruned": True, "cost": 0.5}
    assert trial.value == pytest.approx(0.3)


def test_what_is_enqueued_comes_next_and_the_rest_is_suggested():
    study = study_of(Branching())
    study.enqueue({"pruned": True, "cost": 0.25})
    study.enqueue({"pruned": True})
    assert study.ask() == {"pruned": True, "cost": 0.25}
    assert 0 <= study.ask()["cost"] <= 1


@pytest.mark.parametrize(
    ("parameters", "possible"),
    [
        ({"pruned": True, "cost": 0.5}, True),
        ({"pruned": False}, True),
        ({"pruned": False, "cost": 0.5}, False),  # one too many
        ({"pruned": True}, False),
        ({"pruned": True, "cost": 1.5}, False),
        ({"pruned": "maybe"}, False),
        ({}, False),
    ],
)
def test_what_a_space_can_draw(parameters, possible):
    assert drawable(Branching().space, parameters) is possible


def test_distributions_are_kept():
    record = recorded(Various().space, Various.defaults, 0.5, TrialState.COMPLETE)
    assert record.distributions["rate"].log
    assert record.distributions["rounds"].step == 10
