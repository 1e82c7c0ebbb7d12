"""Students that take the place of one that breaks a limit, and those of the front."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hpmkd.engine.final_selection import REPLACEMENTS, FinalSelection
from hpmkd.errors import PluginWarning
from hpmkd.evaluation.footprint import Footprint
from hpmkd.evaluation.ranking import TrialRanking
from hpmkd.recipe.limits import Limits
from hpmkd.training.refit import Finalists, Refitted, leading
from hpmkd.values import Configuration, Trial


def trial(number, loss, n_bytes, stage="a", alpha=0.5, row_us=1.0):
    configuration = Configuration(stage, 1.0, alpha, {"good": number})
    losses = np.full(4, float(loss))
    return Trial(number, configuration, losses, 0.9, 1, 0.0, n_bytes=n_bytes, row_us=row_us)


def refitted(own, n_bytes=None):
    n_bytes = own.n_bytes if n_bytes is None else n_bytes
    return Refitted(own, f"student {own.number}", Footprint(n_bytes, own.row_us, 1.0))


class Fake(FinalSelection):
    """Fits by looking sizes up: those of `grown` are larger in the end, or broken if 0."""

    grown: dict[int, int]

    def _fit(self, chosen):
        self.trainer.extend(each.number for each in chosen)
        return [
            "it broke"
            if self.grown.get(each.number) == 0
            else refitted(each, self.grown.get(each.number))
            for each in chosen
        ]


def refits(trials, limits=None, grown=None, paid=99):
    left = [paid]

    def affordable(chosen, training_set):
        chosen = list(chosen)[: left[0]]
        left[0] -= len(chosen)
        return chosen

    fake = Fake(
        SimpleNamespace(trials=trials),
        None,
        TrialRanking(limits or Limits()),
        [],
        SimpleNamespace(affordable=affordable),
    )
    object.__setattr__(fake, "grown", grown or {})
    return fake


def finalists(*pairs, grown=None):
    grown = grown or {}
    students = {s.configuration.stage: refitted(s, grown.get(s.number)) for s, _ in pairs}
    controls = {
        s.configuration.stage: students[s.configuration.stage] if s is c else refitted(c)
        for s, c in pairs
    }
    return Finalists(students, controls, leading(students), leading(controls))


def numbers(own):
    return {each.trial.number for each in own.refitted}


TRIALS = [trial(0, 0.1, 900), trial(1, 0.2, 800), trial(2, 0.3, 700, alpha=0.0), trial(3, 0.4, 600)]


class TestReplaceViolators:
    limits = Limits(max_size=1000)

    def test_finalists_within_the_limits_stay(self):
        before = finalists((TRIALS[0], TRIALS[2]))
        fake = refits(TRIALS, self.limits)
        after = fake.replace_violators(before, 0)
        assert (after.students, after.controls) == (before.students, before.controls)
        assert fake.trainer == []
        assert after.refitted == before.refitted

    def test_the_next_of_its_stage_takes_the_place_of_one_that_grew(self):
        grown = {0: 1200, 1: 1001}
        before = finalists((TRIALS[0], TRIALS[2]), grown=grown)
        fake = refits(TRIALS, self.limits, grown)
        after = fake.replace_violators(before, 0)
        # The control is fitted already, and next in line.
        assert fake.trainer == [1]
        assert after.students["a"] is before.controls["a"]
        assert numbers(after) == {0, 1, 2}
        assert after.shipped.refitted.trial.number == 2

    def test_one_that_fails_is_passed_over(self):
        grown = {0: 1200, 1: 0}
        fake = refits(TRIALS, self.limits, grown)
        after = fake.replace_violators(finalists((TRIALS[0], TRIALS[2]), grown=grown), 0)
        assert after.students["a"].trial.number == 2

    def test_without_models_left_the_stage_is_out_of_the_race(self):
        other = trial(9, 0.9, 10, stage="b", alpha=0.0)
        grown = {0: 1200}
        trials = [TRIALS[0], trial(1, 0.2, 800), trial(2, 0.3, 2000, alpha=0.0), other]
        before = finalists((trials[0], trials[2]), (other, other), grown=grown)
        with pytest.warns(PluginWarning, match="stage 'a' dropped: fitted on all rows"):
            after = refits(trials, self.limits, grown, paid=0).replace_violators(before, 0)
        assert (after.shipped.name, list(after.students), list(after.controls)) == (
            "b",
            ["b"],
            ["b"],
        )
        assert numbers(after) == {0, 2, 9}

    def test_a_stage_has_so_many_replacements_and_no_more(self):
        trials = [trial(number, number / 10, 900) for number in range(9)]
        trials.append(trial(9, 2.0, 5000, alpha=0.0))
        grown = dict.fromkeys(range(9), 2000)
        fake = refits(trials, self.limits, grown)
        before = finalists((trials[0], trials[9]), grown=grown)
        after = fake.replace_violators(before, 0)
        assert fake.trainer == [*range(1, 1 + REPLACEMENTS)]
        # Nothing is left in the race: all is as it was, and what was fitted may be picked.
        assert (after.students, after.controls) == (before.students, before.controls)
        assert numbers(after) == {*range(1 + REPLACEMENTS), 9}

    def test_a_control_that_is_fitted_is_looked_at_after_all_replacements(self):
        trials = [trial(number, number / 10, 900) for number in range(9)]
        trials.append(trial(9, 2.0, 900, alpha=0.0))
        grown = dict.fromkeys(range(9), 2000)
        fake = refits(trials, self.limits, grown)
        after = fake.replace_violators(finalists((trials[0], trials[9]), grown=grown), 0)
        assert fake.trainer == [*range(1, 1 + REPLACEMENTS)]
        assert after.shipped.refitted is after.controls["a"]
        assert after.shipped.refitted.trial.number == 9

    def test_a_control_whose_trial_broke_a_limit_ships_if_it_keeps_it_in_the_end(self):
        trials = [trial(0, 0.1, 900), trial(1, 0.2, 1100, alpha=0.0)]
        before = finalists((trials[0], trials[1]), grown={0: 1200})
        before.controls["a"] = refitted(trials[1], 1000)
        assert (
            refits(trials, self.limits).replace_violators(before, 0).shipped.refitted.trial.number
            == 1
        )

    def test_the_stage_of_the_lowest_log_loss_ships_whatever_its_trial_took(self):
        trials = [trial(0, 0.1, 1100, alpha=0.0), trial(1, 0.2, 900, "b", alpha=0.0)]
        before = finalists(*((each, each) for each in trials), grown={0: 1000})
        assert refits(trials, self.limits).replace_violators(before, 0).shipped.name == "a"

    def test_one_of_the_front_ships_before_it_is_said_that_nobody_keeps_the_limits(self):
        one, other = trial(0, 0.1, 900, alpha=0.0), trial(1, 0.4, 600, "b", alpha=0.0)
        soft = trial(2, 0.3, 700, "b", row_us=9.0)
        grown = {0: 1200, 1: 1300}
        fake = refits([one, other, soft], self.limits, grown)
        with pytest.warns(PluginWarning, match="stage 'a' dropped"):
            after = fake.replace_violators(finalists((one, one), grown=grown), 2)
        assert (after.shipped.name, after.shipped.refitted.trial.number) == ("b", 2)
        assert after.controls["b"].trial.number == 1
        assert numbers(after) == {0, 1, 2}

    def test_one_of_the_front_without_a_control_is_in_no_race(self):
        one, soft = trial(0, 0.1, 900, alpha=0.0), trial(2, 0.3, 700, "b")
        grown = {0: 1200}
        fake = refits([one, soft], self.limits, grown)
        before = finalists((one, one), grown=grown)
        after = fake.replace_violators(before, 2)
        assert (after.students, numbers(after)) == (before.students, {0})

    def test_another_control_that_keeps_them_takes_its_place(self):
        trials = [trial(0, 0.1, 900), trial(1, 0.2, 900, alpha=0.0), trial(2, 0.3, 800, alpha=0.0)]
        grown = {0: 1200, 1: 1200}
        before = finalists((trials[0], trials[1]), grown=grown)
        before.controls["a"] = refitted(trials[1], 1200)
        fake = refits(trials, self.limits, grown)
        after = fake.replace_violators(before, 0)
        assert after.shipped.refitted is after.controls["a"]
        assert after.shipped.refitted.trial.number == 2


class TestFront:
    def test_the_smallest_and_the_fastest_come_first(self):
        trials = [
            trial(0, 0.1, 900, row_us=9.0),
            trial(1, 0.2, 800, row_us=8.0),
            trial(2, 0.3, 700, row_us=7.0, alpha=0.0),
            trial(3, 0.4, 600, row_us=6.0),
            trial(4, 0.5, 650, row_us=1.0),
            trial(5, 0.6, 950, row_us=9.9),  # beaten
        ]
        before = finalists((trials[0], trials[2]))
        fake = refits(trials)
        assert [each.trial.number for each in fake.front(before, 2)] == [3, 4]
        assert [each.trial.number for each in refits(trials).front(before, 9)] == [3, 4, 1]
        assert [each.trial.number for each in refits(trials, paid=1).front(before, 9)] == [3]
        assert refits(trials).front(before, 0) == ()

    def test_one_that_fails_is_told_of_and_left_out(self):
        fake = refits(TRIALS, grown={3: 0})
        with pytest.warns(PluginWarning, match="student a-3 of the front is missing: it broke"):
            found = fake.front(finalists((TRIALS[0], TRIALS[2])), 9)
        assert [each.trial.number for each in found] == [1]

    def test_trials_without_figures_are_on_no_front(self):
        unknown = trial(4, 0.01, None)
        found = refits([*TRIALS, unknown]).front(finalists((TRIALS[0], TRIALS[2])), 9)
        assert [each.trial.number for each in found] == [3, 1]


def test_of_trials_that_were_not_timed_loss_and_size_make_the_front():
    trials = [
        trial(number, loss, n_bytes, row_us=None)
        for number, (loss, n_bytes) in enumerate([(0.1, 900), (0.2, 500), (0.3, 600)])
    ]
    assert refits(trials)._front_trials()[0].number == 1
    assert {each.number for each in refits(trials)._front_trials()} == {0, 1}
