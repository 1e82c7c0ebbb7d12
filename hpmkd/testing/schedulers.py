"""What a scheduler must do."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import pytest

from hpmkd.contracts import Scheduler
from hpmkd.values import Configuration, Softening, TrainingState, Trial

CONFIGURATIONS = tuple(
    Configuration("some_stage", temperature, alpha, {"rounds": 20})
    for temperature in (0.5, 1.0, 4.0)
    for alpha in (0.0, 0.3, 1.0)
)
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
    return [
        scheduler.softening(
            configuration, TrainingState(round_ / 20, loss(round_ / 20) if round_ else None)
        )
        for round_ in range(20)
    ]


class SchedulerSuite:
    """Inherit and supply ``scheduler``."""

    @pytest.fixture
    def scheduler(self) -> Scheduler:
        """Return the scheduler under test, fresh."""
        raise NotImplementedError("supply a fixture `scheduler` that returns your scheduler")

    @pytest.fixture(params=[False, True], ids=["fresh", "experienced"])
    def lived(self, scheduler: Scheduler, request: pytest.FixtureRequest) -> Scheduler:
        """Return the scheduler as it comes, and after it has observed trials."""
        if request.param:
            for trial in history():
                scheduler.observe(trial)
        return scheduler

    def test_fulfils_the_protocol(self, scheduler: Scheduler) -> None:
        """It has the methods of a scheduler, and says whether it varies."""
        assert isinstance(scheduler, Scheduler)
        assert isinstance(scheduler.varies, bool)

    @pytest.mark.parametrize("loss", LOSSES, ids=["falling", "rising", "zero"])
    def test_temperature_and_alpha_are_in_range(
        self, lived: Scheduler, loss: Callable[[float], float]
    ) -> None:
        """In every round of every fit, temperature > 0 and 0 <= alpha <= 1."""
        for configuration in CONFIGURATIONS:
            for softening in one_fit(lived, configuration, loss):
                assert isinstance(softening, Softening)
                assert np.isfinite(softening.temperature)
                assert softening.temperature > 0
                assert 0 <= softening.alpha <= 1

    def test_the_control_stays_on_hard_labels(self, lived: Scheduler) -> None:
        """The control of the run has alpha = 0: the teacher may not slip into it."""
        for configuration in CONFIGURATIONS:
            for softening in one_fit(lived, configuration.control(), LOSSES[0]):
                assert softening.alpha == 0

    def test_without_varies_the_state_is_ignored(self, lived: Scheduler) -> None:
        """If ``varies`` is False, every round of a fit gets the same answer."""
        if lived.varies:
            return
        for configuration in CONFIGURATIONS:
            answers = {
                softening for loss in LOSSES for softening in one_fit(lived, configuration, loss)
            }
            assert len(answers) == 1

    def test_a_fit_leaves_no_trace(self, lived: Scheduler) -> None:
        """The same state gets the same answer, whatever was fitted in between.

        Fits are spread over processes: else the number of workers would change the result.
        """
        before = one_fit(lived, CONFIGURATIONS[4], LOSSES[0])
        for configuration in CONFIGURATIONS:
            one_fit(lived, configuration, LOSSES[1])
        assert one_fit(lived, CONFIGURATIONS[4], LOSSES[0]) == before

    def test_pickles(self, lived: Scheduler) -> None:
        """A copy in a worker process gives the same answers."""
        copy = pickle.loads(pickle.dumps(lived))
        for configuration in CONFIGURATIONS:
            for loss in LOSSES:
                assert one_fit(copy, configuration, loss) == one_fit(lived, configuration, loss)

    def test_observing_is_deterministic(self, scheduler: Scheduler) -> None:
        """The same trials in the same order teach the same."""
        twin = pickle.loads(pickle.dumps(scheduler))
        for each, seed in ((scheduler, 1), (twin, 2)):
            np.random.seed(seed)  # noqa: NPY002 - the global generator must not matter
            for trial in history():
                each.observe(trial)
        for configuration in CONFIGURATIONS:
            assert one_fit(scheduler, configuration, LOSSES[0]) == one_fit(
                twin, configuration, LOSSES[0]
            )

    def test_tolerates_nothing_but_failures(self, scheduler: Scheduler) -> None:
        """If every trial failed, it still answers."""
        for number in range(5):
            scheduler.observe(
                Trial(number, CONFIGURATIONS[4], np.empty(0), float("nan"), 0, 0.0, "broke")
            )
        assert one_fit(scheduler, CONFIGURATIONS[4], LOSSES[0])[0].temperature > 0
