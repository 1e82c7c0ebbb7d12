"""Students that take the place of one that breaks a limit, and those of the front."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hpmkd.finalists import Finalists, Refitted
from hpmkd.limits import Limits
from hpmkd.measure import Latency
from hpmkd.refits import REPLACEMENTS, Refits
from hpmkd.registry import PluginWarning
from hpmkd.standing import Standing
from hpmkd.values import Configuration, Trial
from hpmkd.weighing import Weight


def trial(number, loss, n_bytes, stage="a", alpha=0.5, row_us=1.0):
    configuration = Configuration(stage, 1.0, alpha, {"good": number})
    losses = np.full(4, float(loss))
    return Trial(number, configuration, losses, 0.9, 1, 0.0, n_bytes=n_bytes, row_us=row_us)


def refitted(own, n_bytes=None):
    n_bytes = own.n_bytes if n_bytes is None else n_bytes
    return Refitted(own, f"student {own.number}", Weight(n_bytes, Latency(own.row_us, 1.0)))


class Fake(Refits):
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

    def affordable(chosen, lesson):
        chosen = list(chosen)[: left[0]]
        left[0] -= len(chosen)
        return chosen

    fake = Fake(
        SimpleNamespace(trials=trials),
        None,
        Standing(limits or Limits()),
        [],
        SimpleNamespace(refitted=affordable),
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
    return Finalists(students, controls, min(students, key=lambda n: students[n].trial.log_loss))


TRIALS = [trial(0, 0.1, 900), trial(1, 0.2, 800), trial(2, 0.3, 700, alpha=0.0), trial(3, 0.4, 600)]


class TestWithin:
    limits = Limits(max_size=1000)

    def test_whoever_keeps_the_limits_stays(self):
        before = finalists((TRIALS[0], TRIALS[2]))
        fake = refits(TRIALS, self.limits)
        after = fake.within(before)
        assert (after.students, after.beside, fake.trainer) == (before.students, (), [])

    def test_the_next_of_its_stage_takes_the_place_of_one_that_grew(self):
        grown = {0: 1200, 1: 1001}
        before = finalists((TRIALS[0], TRIALS[2]), grown=grown)
        fake = refits(TRIALS, self.limits, grown)
        after = fake.within(before)
        # The control is fitted already, and next in line.
        assert fake.trainer == [1]
        assert after.students["a"] is before.controls["a"]
        assert [each.trial.number for each in after.beside] == [0, 1]
        assert after.shipped.trial.number == 2

    def test_one_that_fails_is_passed_over(self):
        grown = {0: 1200, 1: 0}
        fake = refits(TRIALS, self.limits, grown)
        after = fake.within(finalists((TRIALS[0], TRIALS[2]), grown=grown))
        assert after.students["a"].trial.number == 2

    def test_without_models_left_the_stage_is_out_of_the_race(self):
        other = trial(9, 0.9, 10, stage="b", alpha=0.0)
        grown = {0: 1200}
        trials = [TRIALS[0], trial(1, 0.2, 800), trial(2, 0.3, 2000, alpha=0.0), other]
        before = finalists((trials[0], trials[2]), (other, other), grown=grown)
        with pytest.warns(PluginWarning, match="stage 'a' is out of the race: fitted on all rows"):
            after = refits(trials, self.limits, grown, paid=0).within(before)
        assert (after.chosen, list(after.students), list(after.controls)) == ("b", ["b"], ["b"])
        assert [each.trial.number for each in after.beside] == [0]

    def test_a_stage_has_so_many_replacements_and_no_more(self):
        trials = [trial(number, number / 10, 900) for number in range(9)]
        trials.append(trial(9, 2.0, 5000, alpha=0.0))
        grown = dict.fromkeys(range(9), 2000)
        fake = refits(trials, self.limits, grown)
        before = finalists((trials[0], trials[9]), grown=grown)
        after = fake.within(before)
        assert fake.trainer == [*range(1, 1 + REPLACEMENTS)]
        # Nothing is left in the race: all is as it was.
        assert after.students == before.students


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
        with pytest.warns(PluginWarning, match="student a-3 of the front is not there: it broke"):
            found = fake.front(finalists((TRIALS[0], TRIALS[2])), 9)
        assert [each.trial.number for each in found] == [1]

    def test_trials_without_figures_are_on_no_front(self):
        unknown = trial(4, 0.01, None)
        found = refits([*TRIALS, unknown]).front(finalists((TRIALS[0], TRIALS[2])), 9)
        assert [each.trial.number for each in found] == [3, 1]
