"""What a scheduler must do."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from hpmkd.contracts import Scheduler
from hpmkd.values import Configuration, DataFacts, Outcome, Softening, TrainingState, Trial

CONFIGURATIONS = tuple(
    Configuration("some_stage", temperature, alpha, {"rounds": 20})
    for temperature in (0.5, 1.0, 4.0)
    for alpha in (0.0, 0.3, 1.0)
)
FACTS = DataFacts(800, 12, 3, balance=0.9, noise=0.1, regime="self", digest="this")
#: Mean loss of the round before, as a function of progress.
LOSSES: tuple[Callable[[float], float], ...] = (
    lambda progress: 1.0 - progress,
    lambda progress: 0.1 + 50.0 * progress,
    lambda progress: 0.0,
)


def history() -> list[Trial]:
    """Return finished trials, one of them failed."""
    good = np.full(10, 0.4)
    trials = [
        Trial(number, configuration, good + number / 10, 0.9, 1, 0.1)
        for number, configuration in enumerate(CONFIGURATIONS)
    ]
    failed = Trial(9, CONFIGURATIONS[4], np.empty(0), float("nan"), 1, 0.1, "plugin 'x': broke")
    return [*trials[:4], failed, *trials[4:]]


def one_fit(
    scheduler: Scheduler, configuration: Configuration, loss: Callable[[float], float]
) -> list[Softening]:
    """Ask for every round of one fit of 20 rounds."""
    return [scheduler.softening(configuration, state(round_ / 20, loss)) for round_ in range(20)]


def state(progress: float, loss: Callable[[float], float]) -> TrainingState:
    """Return the state at a point of a fit; in the first round there is no loss."""
    if progress == 0:
        return TrainingState(0.0)
    current = loss(progress)
    return TrainingState(progress, current, current / 4, current / 2 - 0.2, -current / 20)


def past(n_sets: int = 6) -> list[Outcome]:
    """Return outcomes of other data sets; of some, noise, regime and state are unknown.

    The teacher helps on clean sets and harms on noisy ones.
    """
    outcomes = []
    for at in range(n_sets):
        noise = None if at == 0 else 0.05 * at
        facts = DataFacts(300 * (at + 1), 5 + at, 2 + at % 2, 1 - at / 20, noise)
        facts = replace(facts, regime=None if at == 0 else "self", digest=f"set {at}")
        for rounds in (20, 40):
            for configuration in CONFIGURATIONS:
                tried = replace(configuration, hyperparameters={"rounds": rounds})
                regret = 0.1 + configuration.alpha * ((noise or 0.0) - 0.12) + 0.1 / rounds
                last = None if at % 3 == 1 else TrainingState(0.95, 0.1 * at, 0.02 * at, 0.1, -0.01)
                outcomes.append(Outcome(facts, tried, regret, 0.5, last))
    return outcomes


def learn(scheduler: Scheduler, outcomes: Sequence[Outcome]) -> bool:
    """Let a scheduler learn from other data sets; False if it has no use for them."""
    if not hasattr(scheduler, "learn"):
        return False
    scheduler.learn(FACTS, outcomes)
    return True


class SchedulerSuite:
    """Inherit and supply ``scheduler``."""

    @pytest.fixture
    def scheduler(self) -> Scheduler:
        """Return the scheduler under test, fresh."""
        raise NotImplementedError("supply a fixture `scheduler` that returns your scheduler")

    @pytest.fixture(params=["fresh", "learned", "experienced"])
    def used(self, scheduler: Scheduler, request: pytest.FixtureRequest) -> Scheduler:
        """Return it new, after it has learned from other data sets, and after trials too."""
        if request.param == "learned" and not learn(scheduler, past()):
            pytest.skip("it does not learn from other data sets")
        if request.param == "experienced":
            learn(scheduler, past())
            for trial in history():
                scheduler.observe(trial)
        return scheduler

    def test_fulfils_the_protocol(self, scheduler: Scheduler) -> None:
        """It has the methods of a scheduler, and declares whether it varies."""
        assert isinstance(scheduler, Scheduler)
        assert isinstance(scheduler.varies, bool)

    @pytest.mark.parametrize("loss", LOSSES, ids=["falling", "rising", "zero"])
    def test_temperature_and_alpha_are_in_range(
        self, used: Scheduler, loss: Callable[[float], float]
    ) -> None:
        """In every round of every fit, temperature > 0 and 0 <= alpha <= 1."""
        for configuration in CONFIGURATIONS:
            for softening in one_fit(used, configuration, loss):
                assert isinstance(softening, Softening)
                assert np.isfinite(softening.temperature)
                assert softening.temperature > 0
                assert 0 <= softening.alpha <= 1

    def test_the_control_stays_on_hard_labels(self, used: Scheduler) -> None:
        """The control of the run has alpha = 0: the teacher may not slip into it."""
        for configuration in CONFIGURATIONS:
            for softening in one_fit(used, configuration.control(), LOSSES[0]):
                assert softening.alpha == 0

    def test_without_varies_the_state_is_ignored(self, used: Scheduler) -> None:
        """If ``varies`` is False, every round of a fit gets the same answer."""
        if used.varies:
            return
        for configuration in CONFIGURATIONS:
            answers = {
                softening for loss in LOSSES for softening in one_fit(used, configuration, loss)
            }
            assert len(answers) == 1

    def test_a_fit_leaves_no_trace(self, used: Scheduler) -> None:
        """The same state gets the same answer, whatever was fitted in between.

        Fits are spread over processes: else the number of workers would change the result.
        """
        before = one_fit(used, CONFIGURATIONS[4], LOSSES[0])
        for configuration in CONFIGURATIONS:
            one_fit(used, configuration, LOSSES[1])
        assert one_fit(used, CONFIGURATIONS[4], LOSSES[0]) == before

    def test_pickles(self, used: Scheduler) -> None:
        """A copy in a worker process gives the same answers."""
        copy = pickle.loads(pickle.dumps(used))
        for configuration in CONFIGURATIONS:
            for loss in LOSSES:
                assert one_fit(copy, configuration, loss) == one_fit(used, configuration, loss)

    def test_observing_is_deterministic(self, scheduler: Scheduler) -> None:
        """The same trials in the same order lead to the same answers."""
        twin = pickle.loads(pickle.dumps(scheduler))
        for each, seed in ((scheduler, 1), (twin, 2)):
            np.random.seed(seed)  # noqa: NPY002 - the global generator must not matter
            for trial in history():
                each.observe(trial)
        for configuration in CONFIGURATIONS:
            assert one_fit(scheduler, configuration, LOSSES[0]) == one_fit(
                twin, configuration, LOSSES[0]
            )

    def test_learning_is_deterministic(self, scheduler: Scheduler) -> None:
        """The same outcomes in the same order lead to the same answers."""
        twin = pickle.loads(pickle.dumps(scheduler))
        for each, seed in ((scheduler, 1), (twin, 2)):
            np.random.seed(seed)  # noqa: NPY002 - the global generator must not matter
            learn(each, past())
        for configuration in CONFIGURATIONS:
            assert one_fit(scheduler, configuration, LOSSES[0]) == one_fit(
                twin, configuration, LOSSES[0]
            )

    @pytest.mark.parametrize(
        "outcomes",
        [
            [],
            past(1),
            past()[:1],
            [replace(each, state=None) for each in past()],
            [replace(each, regret=float("inf"), rank=1.0) for each in past()],
        ],
        ids=["nothing", "one set", "one outcome", "no states", "failures"],
    )
    def test_tolerates_a_poor_memory(self, scheduler: Scheduler, outcomes: list[Outcome]) -> None:
        """However few outcomes there are, it still answers, and within the range."""
        learn(scheduler, outcomes)
        for softening in one_fit(scheduler, CONFIGURATIONS[4], LOSSES[0]):
            assert 0 < softening.temperature < np.inf
            assert 0 <= softening.alpha <= 1

    def test_tolerates_nothing_but_failures(self, scheduler: Scheduler) -> None:
        """If every trial failed, it still answers."""
        for number in range(5):
            scheduler.observe(
                Trial(number, CONFIGURATIONS[4], np.empty(0), float("nan"), 0, 0.0, "broke")
            )
        assert one_fit(scheduler, CONFIGURATIONS[4], LOSSES[0])[0].temperature > 0
