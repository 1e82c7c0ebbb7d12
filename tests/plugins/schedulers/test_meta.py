"""The meta scheduler: what it learns from other data, and when it would rather not."""

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.testing import SchedulerSuite
from hpmkd.values import Configuration, DataFacts, Outcome, Softening, TrainingState
from hpmkd_defaults.schedulers.meta import MetaTemperatureScheduler
from hpmkd_defaults.schedulers.paired_outcomes import contrasts

START = TrainingState(0.0)
HERE = DataFacts(1000, 10, 2, balance=0.9, noise=0.1, regime="self", digest="here")


class TestMetaSchedulerConforms(SchedulerSuite):
    @pytest.fixture(params=[1.5, 8.0])
    def scheduler(self, request):
        return MetaTemperatureScheduler(reach=request.param)


def quiet(facts, alpha, temperature, state):
    """Regret where the teacher is worth little: least at alpha = 0.25, T = 1."""
    return (alpha - 0.25) ** 2 + 0.1 * alpha * np.log(temperature) ** 2


def loud(facts, alpha, temperature, state):
    return 0.5 * (1 - alpha) + 0.1 * alpha * (np.log(temperature) - np.log(2)) ** 2


def noisy_wants_the_teacher(facts, alpha, temperature, state):
    return alpha * (0.2 - facts.noise)


def behind_wants_the_teacher(facts, alpha, temperature, state):
    return -alpha * state.gap


def outcomes(regret, n_sets=6, stage="gbm", error=0.0, states=True, shared=True):
    """What searches on sets of many sizes and noises say, if regret is this function."""
    rng = np.random.default_rng(3)
    found = []
    for at in range(n_sets):
        # Rows, columns and noise go together in no way.
        n_rows, n_columns, noise = 200 * (1 + 5 * at % 7), 4 + 3 * at % 5, 0.05 + 0.06 * (at % 6)
        facts = DataFacts(n_rows, n_columns, 2 + at % 2, 1.0, noise, "self", f"set {at}")
        for draw in range(3):
            state = TrainingState(0.98, 0.3, kl=0.1, gap=rng.normal(), trend=-0.001)
            for each in range(6):
                alpha = (0.05, 1.0, *rng.uniform(0.05, 1, 4))[each]
                temperature = rng.uniform(0.5, 3)
                point = {"rounds": 10 * draw if shared else 10 * draw + each}
                # Hyperparameters count for more than softening does.
                value = regret(facts, alpha, temperature, state) + 5.0 * draw
                value += error * rng.normal()
                configuration = Configuration(stage, temperature, alpha, point)
                told = state if states else None
                found.append(Outcome(facts, configuration, value, 0.5, told))
    return found


def learned(known, facts=HERE, **settings):
    scheduler = MetaTemperatureScheduler(**settings)
    scheduler.learn(facts, known)
    return scheduler


def said(scheduler, alpha=0.5, temperature=1.0, state=START, stage="gbm"):
    return scheduler.softening(Configuration(stage, temperature, alpha), state)


@pytest.mark.parametrize("states", [True, False])
def test_a_planted_relation_is_found(states):
    softer = said(learned(outcomes(quiet, error=0.01, states=states)))
    assert softer == Softening(1.0, pytest.approx(0.25))
    louder = said(learned(outcomes(loud, error=0.01, states=states)))
    assert louder == Softening(pytest.approx(2.0), pytest.approx(1.0))


def test_what_facts_tell_is_used():
    known = outcomes(noisy_wants_the_teacher, n_sets=24, error=0.01)
    clean, noisy = (learned(known, replace(HERE, noise=noise)) for noise in (0.06, 0.34))
    assert said(clean).alpha == pytest.approx(0.25)
    assert said(noisy).alpha == pytest.approx(1.0)


def test_the_state_counts_as_much_as_there_is_progress():
    scheduler = learned(outcomes(behind_wants_the_teacher, error=0.01))
    ahead, behind = (TrainingState(0.9, 0.3, 0.1, gap, -0.001) for gap in (-1.5, 1.5))
    assert said(scheduler, state=ahead).alpha == pytest.approx(0.25)
    assert said(scheduler, state=behind).alpha == pytest.approx(1.0)
    assert said(scheduler, state=replace(ahead, progress=0.0)) == said(
        scheduler, state=replace(behind, progress=0.0)
    )


def test_a_step_is_no_longer_than_the_reach():
    known = outcomes(loud)
    steps = [said(learned(known, reach=reach), alpha=0.2) for reach in (1.0, 1.5, 4.0)]
    assert [each.alpha for each in steps] == pytest.approx([0.2, 0.3, 0.8])
    assert [each.temperature for each in steps] == pytest.approx([1.0, 1.5, 2.0])


def test_it_stays_within_what_was_tried():
    known = [each for each in outcomes(loud) if each.configuration.alpha <= 0.6]
    for alpha in (0.15, 0.3, 0.5):
        assert said(learned(known), alpha).alpha <= 0.6
    # Where nothing that is in reach was tried, it stays where it is.
    assert said(learned(known), 0.5, temperature=9.0) == Softening(9.0, 0.5)


def test_configurations_that_a_search_asks_for_remain_different():
    scheduler = learned(outcomes(quiet, error=0.01))
    moved = {said(scheduler, alpha, t) for alpha in (0.1, 0.5, 1.0) for t in (0.25, 1.0, 4.0)}
    assert len(moved) == 9


def test_the_control_is_left_alone():
    scheduler = learned(outcomes(loud))
    for progress in (0.0, 0.5):
        at = TrainingState(progress, 0.3, 0.1, 0.5, -0.01)
        assert said(scheduler, alpha=0.0, temperature=1.5, state=at) == Softening(1.5, 0.0)


def test_leaking_teachers_are_never_made_louder():
    known = outcomes(loud)
    assert said(learned(known), alpha=0.2).alpha > 0.2
    assert said(learned(known, replace(HERE, regime="leaking")), alpha=0.2).alpha <= 0.2


# ------------------------------------------------------------------- when it falls back


@pytest.mark.parametrize(
    "known",
    [
        [],
        outcomes(loud, n_sets=2),
        outcomes(loud)[:29],
        outcomes(loud, stage="xgboost"),
        [replace(each, regret=float("inf")) for each in outcomes(loud)],
        outcomes(loud, shared=False),  # hyperparameters may be what made the difference
        outcomes(lambda *_: 0.0, error=1.0),  # noise: other sets are predicted no better
    ],
    ids=["nothing", "few sets", "few outcomes", "other stage", "failures", "unshared", "noise"],
)
def test_knowing_too_little_it_keeps_what_is_configured(known):
    scheduler = learned(known)
    assert "gbm" not in scheduler.stages
    for state in (START, TrainingState(0.5, 1.0, 0.2, 0.3, -0.1)):
        assert said(scheduler, 0.7, 3.0, state) == Softening(3.0, 0.7)


def test_how_much_is_enough_can_be_set():
    few = outcomes(loud, n_sets=2)
    assert learned(few, least_sets=2).stages == ("gbm",)
    assert learned(outcomes(loud), least_outcomes=1000).stages == ()


def test_learning_anew_forgets():
    scheduler = learned(outcomes(loud))
    scheduler.learn(HERE, [])
    assert scheduler.stages == ()


def test_without_a_teacher_there_is_no_temperature():
    """Trials at alpha = 0 that differ in T alone are one trial."""
    silent = [
        Outcome(each.facts, replace(each.configuration, alpha=0.0), each.regret, 0.5)
        for each in outcomes(loud)
    ]
    assert learned(silent).stages == ()


def test_rows_without_labels_are_not_taken_for_the_doing_of_alpha():
    # Alpha goes with the weight of such rows, which is what counts.
    known = [
        replace(
            each,
            regret=each.configuration.extra_weight,
            configuration=replace(each.configuration, extra_weight=each.configuration.alpha),
        )
        for each in outcomes(loud)
    ]
    assert contrasts(known) == []
    assert learned(known).stages == ()
