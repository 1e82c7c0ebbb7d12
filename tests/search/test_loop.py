from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpmkd.data.dataset import Dataset
from hpmkd.errors import RecipeError
from hpmkd.evaluation.ranking import TrialRanking
from hpmkd.execution.counters import Counts
from hpmkd.recipe.limits import Limits
from hpmkd.recipe.settings import BudgetSettings, StopSettings
from hpmkd.search.budget import Budget
from hpmkd.search.loop import Search
from hpmkd.training.datasets import SelectionSet, TrainingSet
from hpmkd.training.fit import ActiveStage, FitContext
from hpmkd.training.refit import best
from hpmkd.training.trials import SearchData
from hpmkd.values import Configuration, Softening

LABELS = np.array([0, 1, 0, 1])


class Constant:
    """A student that gives every row the same probability of its label."""

    def __init__(self, right):
        self.right = right

    @property
    def classes_(self):
        return np.arange(2)

    def predict_proba(self, table):
        predicted = np.full((len(table), 2), 1 - self.right)
        predicted[np.arange(len(table)), LABELS[: len(table)]] = self.right
        return predicted

    def to_bytes(self):
        """The better, the larger."""
        return b"." * round(1000 * self.right) if self.right == self.right else b""


class FakeStage:
    """Its hyperparameter sets how good it is; counts its fits; some values make it fail."""

    encoding, complexity, defaults = "tree", 0, {"good": 0.5}

    def __init__(self):
        self.fits, self.rows = [], []

    def space(self, trial):
        return {"good": trial.suggest_float("good", 0.0, 1.0)}

    def fit(self, inputs):
        self.fits.append(inputs.configuration)
        self.rows.append(len(inputs.labels))
        good = inputs.configuration.hyperparameters["good"]
        if good == "raise":
            raise RuntimeError("no convergence")
        if good == "nothing":
            return None
        if good == "nan":
            return Constant(float("nan"))
        return Constant(good - 0.01 * inputs.configuration.alpha)


class Steady:
    """A scheduler that records the trials it observes."""

    varies = False

    def __init__(self):
        self.observed = []

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha)

    def observe(self, trial):
        self.observed.append(trial)


@dataclass
class Scripted:
    """A sampler that requests given batches."""

    batches: list
    received: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    total = None

    def ask(self, n):
        self.requests.append((n, len(self.received)))
        return self.batches.pop(0) if self.batches else []

    def tell(self, trial):
        self.received.append(trial)


def configuration(good, alpha=0.0, temperature=1.0, stage="a"):
    return Configuration(stage, temperature, alpha, {"good": good})


def trials_of(search):
    search.run()
    return search.trials


@pytest.fixture
def make(in_process):
    def made(
        *batches,
        sampler=None,
        backwards=False,
        stages=("a", "b"),
        window=0,
        models=0,
        reserved=0,
        seconds=0,
        limits=None,
    ):
        active = {name: ActiveStage(name, f"plugin-{name}", FakeStage()) for name in stages}
        rows = TrainingSet(
            LABELS, np.eye(2)[LABELS], np.arange(2), {"tree": (None, np.zeros((4, 1)))}
        )
        split = SelectionSet(rows, np.arange(4), Dataset(np.zeros((4, 1)), LABELS, np.arange(2)))
        scheduler, counted, counts = Steady(), [], Counts()

        def count(trial):
            counts.models_trained += trial.models_trained
            counted.append(trial)

        search = Search(
            sampler=sampler or Scripted(list(batches)),
            scheduler=scheduler,
            pipeline=in_process(backwards=backwards),
            data=SearchData((split,), FitContext(active, {}, scheduler, 0)),
            batch=3,
            stop=StopSettings(window, threshold=0.01),
            budget=Budget(BudgetSettings(models, seconds), counts),
            reserved=reserved,
            ranking=TrialRanking(limits or Limits()),
            on_trial=count,
        )
        search.counted = counted
        return search

    return made


@pytest.mark.parametrize("backwards", [False, True])
def test_trials_are_told_in_the_order_of_asking(make, backwards):
    requested = [[configuration(0.5), configuration(0.7), configuration(0.6)], [configuration(0.4)]]
    search = make(*requested, backwards=backwards)
    trials = trials_of(search)
    flat = [each for batch in requested for each in batch]
    assert [trial.configuration for trial in trials] == flat
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    assert [trial.configuration for trial in search.sampler.received[:4]] == flat
    assert [trial.number for trial in search.counted] == [0, 1, 2, 3]
    assert search.scheduler.observed == search.sampler.received
    # Three are requested at a time, and each batch is reported before the next request.
    assert search.sampler.requests == [(3, 0), (3, 3), (3, 4)]


def test_a_trial_says_how_good_it_was(make):
    (trial,) = trials_of(make([configuration(0.8)]))
    assert trial.log_loss == pytest.approx(-np.log(0.8))
    assert trial.accuracy == 1
    assert trial.models_trained == 1
    assert trial.failure is None
    assert len(trial.row_losses) == 4
    assert trial.n_bytes == 800
    assert trial.row_us is None
    (failed,) = trials_of(make([configuration("raise")]))
    assert (failed.n_bytes, failed.row_us) == (None, None)


def test_a_trial_is_timed_only_if_that_is_wanted(make):
    search = make([configuration(0.8)])
    search.data = replace(search.data, timed=True)
    (trial,) = trials_of(search)
    assert trial.row_us > 0


def test_within_limits_the_sampler_hears_of_those_beyond_them_as_worse(make):
    requested = [configuration(0.9, alpha=0.5), configuration(0.7, alpha=0.5), configuration(0.6)]
    search = make(requested, limits=Limits(max_size=750))
    trials = trials_of(search)
    received = {each.number: each.log_loss for each in search.sampler.received}
    assert received[1] < received[2] < received[0]
    unchanged = [received[at] == trials[at].log_loss for at in range(3)]
    assert unchanged == [False, True, True]
    # Schedulers and observers receive what is.
    assert search.scheduler.observed[0].log_loss == trials[0].log_loss
    # The control is that of the best within the limits.
    assert [each.configuration for each in trials[3:]] == [configuration(0.7)]


def test_where_nothing_is_within_limits_the_best_of_all_gets_its_control(make):
    requested = [configuration(0.9, alpha=0.5), configuration(0.7, alpha=0.5)]
    trials = trials_of(make(requested, limits=Limits(max_size=10)))
    assert [each.configuration for each in trials[2:]] == [configuration(0.9)]


def test_every_stages_best_gets_its_control(make):
    search = make(
        [configuration(0.9, alpha=0.5, temperature=2), configuration(0.6)],
        [configuration(0.7, alpha=1.0, stage="b")],
    )
    trials = trials_of(search)
    added = [trial.configuration for trial in trials[3:]]
    assert added == [configuration(0.9), configuration(0.7, stage="b")]
    assert [trial.configuration for trial in search.sampler.received[3:]] == added
    assert len(search.counted) == 5


def test_a_control_that_is_there_already_is_not_trained_again(make):
    search = make([configuration(0.9, alpha=0.5), configuration(0.9), configuration(0.95)])
    assert len(trials_of(search)) == 3


def test_duplicates_are_trained_once_and_told_each_time(make):
    twice = configuration(0.9)
    search = make([twice, twice, configuration(0.9, temperature=3.0)], [twice])
    trials = trials_of(search)
    assert len(trials) == 1
    assert len(search.data.fitting.stages["a"].stage.fits) == 1
    received = [trial.configuration for trial in search.sampler.received]
    # At alpha = 0 the temperature does not matter, but the sampler knows its own request.
    assert received[:4] == [twice, twice, configuration(0.9, temperature=3.0), twice]
    assert len(search.counted) == 1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("raise", "failed in fit: RuntimeError: no convergence"),
        ("nothing", "fit returned NoneType; expected a hpmkd Student"),
        ("nan", "failed to predict.*NaN"),
    ],
)
def test_a_failing_stage_costs_its_trial_only(make, bad, message):
    search = make([configuration(bad), configuration(0.8), configuration(0.7, stage="b")])
    failed, *others = trials_of(search)
    assert failed.log_loss == float("inf")
    assert np.isnan(failed.accuracy)
    assert failed.failure.startswith("plugin 'plugin-a': stage 'a'")
    assert "--disable plugin-a" in failed.failure
    assert re.search(message, failed.failure)
    assert [trial.failure for trial in others] == [None, None]
    assert search.sampler.received[0].failure == failed.failure


def test_nothing_asked_is_nothing_found(make):
    search = make()
    assert trials_of(search) == []
    assert search.run() == "sampler exhausted"


def test_a_share_of_the_rows_is_told_and_wins_nothing(make):
    part = Configuration("a", 1.0, 0.5, {"good": 0.99}, share=0.5)
    search = make([part, configuration(0.6, alpha=0.5)])
    trials = trials_of(search)
    assert [trial.configuration for trial in trials] == [
        part,
        configuration(0.6, alpha=0.5),
        configuration(0.6),
    ]
    assert best(trials, "a").configuration.hyperparameters == {"good": 0.6}
    assert search.sampler.received[0].configuration == part
    fitted = search.data.fitting.stages["a"].stage.rows
    assert fitted == [2, 4, 4]


def test_the_best_of_each_stage_keeps_what_it_said(make):
    search = make(
        [configuration(0.5), configuration(0.8), configuration(0.7)],
        [configuration(0.6, stage="b"), configuration(0.9, stage="b")],
    )
    with_predictions = {
        (trial.configuration.stage, trial.configuration.hyperparameters["good"])
        for trial in trials_of(search)
        if trial.probabilities is not None
    }
    assert with_predictions == {("a", 0.8), ("b", 0.9)}
    assert search.trials[1].probabilities.shape == (4, 2)


class TestConvergence:
    def test_the_search_ends_when_results_no_longer_move(self, make):
        still = [[configuration(0.80 + 0.001 * at)] for at in range(4)]
        search = make(*still, [configuration(0.9)], window=4, stages=("a",))
        assert search.run().startswith("the last 4 results moved by 0.0014 nats")
        assert len(search.trials) == 4

    def test_not_while_they_move(self, make):
        moving = [[configuration(0.5 + 0.1 * at)] for at in range(4)]
        search = make(*moving, window=4, stages=("a",))
        assert search.run() == "sampler exhausted"

    def test_a_search_before_it_does_not_count(self, make):
        """Its last results did not move, but this one has only begun."""
        first = make([configuration(0.5 + 1e-4 * at) for at in range(3)], stages=("a",))
        before = trials_of(first)
        search = make([configuration(0.8)], [configuration(0.9)], window=2, stages=("a",))
        search = replace(search, before=tuple(before))
        assert "sampler exhausted" in search.run()
        assert len(search.trials) == 3 + 2

    def test_the_search_does_not_stop_before_every_stage_has_a_result(self, make):
        still = [[configuration(0.8)], [configuration(0.801)], [configuration(0.802)]]
        search = make(*still, [configuration(0.7, stage="b")], window=2)
        assert "sampler exhausted" in search.run()
        assert len(search.trials) == 4

    def test_failures_and_parts_are_no_results(self, make):
        part = Configuration("a", 1.0, 0.0, {"good": 0.8}, share=0.5)
        search = make(
            [configuration(0.8)], [part], [configuration("raise")], window=2, stages=("a",)
        )
        assert "sampler exhausted" in search.run()


class TestBudget:
    def test_a_search_stops_where_control_and_refits_are_still_paid(self, make):
        soft = [[configuration(0.5 + 0.01 * at, alpha=0.5)] for at in range(20)]
        search = make(*soft, models=10, stages=("a",))
        no_room = "the budget has no room for another trial and what follows the search"
        assert search.run() == f"{no_room} (8 of 10 models trained by then)"
        # 7 trials and the control of the best; two refits are left.
        assert len(search.trials) == 8
        assert search.budget.models == 2

    @given(
        models=st.integers(10, 60),
        reserved=st.integers(0, 4),
        requested=st.lists(
            st.tuples(
                st.sampled_from("ab"),
                st.sampled_from([0.0, 0.5, 1.0]),
                st.floats(0.3, 0.9),
                st.sampled_from([1.0, 1.0, 0.5]),
            ),
            max_size=40,
        ),
    )
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],  # it only makes searches
    )
    def test_it_is_never_overdrawn(self, make, models, reserved, requested):
        points = [
            Configuration(stage, 1.0, alpha, {"good": good}, share=share)
            for stage, alpha, good, share in requested
        ]
        batches = [points[at : at + 3] for at in range(0, len(points), 3)]
        search = make(*batches, models=models, reserved=reserved)
        search.run()
        stages = {trial.configuration.stage for trial in search.trials}
        assert search.budget.models >= reserved + 2 * len(stages)
        for stage in stages:
            assert best(search.trials, stage) is not None
            assert best(search.trials, stage, control=True) is not None

    def test_what_was_tried_on_a_share_alone_is_in_the_race_by_its_control(self, make):
        parts = [
            Configuration("a", 1.0, 0.5, {"good": good}, share=0.5)
            for good in (0.6, 0.7, "raise", 0.65)
        ]
        search = make(parts[:3], parts[3:])
        search.run()
        added = [trial.configuration for trial in search.trials[4:]]
        assert added == [Configuration("a", 1.0, 0.0, {"good": 0.7})]
        assert search.sampler.received[-1].configuration == added[0]

    def test_a_stage_that_failed_on_every_share_is_left_alone(self, make):
        search = make([Configuration("a", 1.0, 0.5, {"good": "raise"}, share=0.5)])
        search.run()
        assert len(search.trials) == 1

    def test_a_failing_twin_does_not_overdraw(self, make):
        """The stage's only full trial fails, so that the control of its part follows."""
        part = Configuration("a", 1.0, 0.0, {"good": 0.6}, share=0.5)
        bad = Configuration("a", 1.0, 0.0, {"good": "raise"})
        search = make([part], [bad], models=5, stages=("a",))
        search.run()
        assert search.budget.models >= 2
        assert best(search.trials, "a").configuration == configuration(0.6)

    def test_too_little_for_one_stage_is_an_error_that_says_how_much_it_takes(self, make):
        search = make([configuration(0.5, alpha=0.5)], models=3, stages=("a",))
        with pytest.raises(RecipeError, match="got 3; expected at least 4, which is"):
            search.run()

    def test_without_time_nothing_new_is_begun(self, make):
        search = make(*[[configuration(0.5 + at / 100)] for at in range(9)], seconds=1e-9)
        assert search.run() == "the budget of 1e-09 s is spent"
        assert len(search.trials) == 1

    def test_what_was_not_used_is_told(self, make):
        search = make([configuration(0.5, alpha=0.5)], models=64, stages=("a",))
        assert search.run() == "sampler exhausted (2 of 64 models trained by then)"

    def test_time_ends_it_also_where_there_is_no_room(self, make):
        soft = [configuration(0.5 + 0.01 * at, alpha=0.5) for at in range(3)]
        search = make(soft, models=5, seconds=1e-9, stages=("a",))
        assert search.run().startswith("the budget of 1e-09 s is spent (")
