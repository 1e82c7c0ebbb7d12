"""A right scheduler and wrong ones, each with the test that must catch it."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from hpmkd.testing import SchedulerSuite
from hpmkd.values import Softening


class Falling:
    """Alpha falls with progress; the temperature is what worked."""

    varies = True

    def __init__(self):
        self.best = None

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha * (1 - state.progress))

    def observe(self, trial):
        if trial.failure is None and (self.best is None or trial.log_loss < self.best):
            self.best = trial.log_loss


class Suite(SchedulerSuite):
    component = Falling

    @pytest.fixture
    def scheduler(self):
        return self.component()


class TestRight(Suite):
    pass


class Constant(Falling):
    varies = False

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha)


class TestRightAndConstant(Suite):
    component = Constant


class Silent(Falling):
    varies = "no"


class TestVariesIsAWord(Suite):
    component = Silent
    caught_by = "test_fulfils_the_protocol"


class Loss(Falling):
    """Temperature from the loss, which may be 0."""

    def softening(self, configuration, state):
        temperature = 1.0 if state.loss is None else state.loss
        return Softening(temperature, configuration.alpha)


class TestTemperatureZero(Suite):
    component = Loss
    caught_by = "test_temperature_and_alpha_are_in_range"


class Rising(Falling):
    def softening(self, configuration, state):
        return Softening(configuration.temperature, min(1.0, configuration.alpha + state.progress))


class TestTeacherInTheControl(Suite):
    component = Rising
    caught_by = "test_the_control_stays_on_hard_labels"


class Liar(Falling):
    varies = False


class TestVariesAfterAll(Suite):
    component = Liar
    caught_by = "test_without_varies_the_state_is_ignored"


class Momentum(Falling):
    def __init__(self):
        super().__init__()
        self.mean = 1.0

    def softening(self, configuration, state):
        self.mean = 0.9 * self.mean + 0.1 * (state.loss or 0.0)
        return Softening(configuration.temperature * (1 + abs(self.mean)), configuration.alpha)


class TestMomentumBetweenFits(Suite):
    component = Momentum
    caught_by = "test_a_fit_leaves_no_trace"


class Locked(Falling):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


class TestHoldsALock(Suite):
    component = Locked
    caught_by = "test_pickles"


class Drawn(Falling):
    factor = 1.0

    def observe(self, trial):
        self.factor = 1.0 + np.random.random()  # noqa: NPY002

    def softening(self, configuration, state):
        softening = super().softening(configuration, state)
        return replace(softening, temperature=softening.temperature * self.factor)


class TestGlobalGenerator(Suite):
    component = Drawn
    caught_by = "test_observing_is_deterministic"


class Pupil(Falling):
    """The mean temperature of what did well elsewhere."""

    def __init__(self):
        super().__init__()
        self.factor = 1.0

    def learn(self, facts, outcomes):
        good = [each.configuration.temperature for each in outcomes if each.regret < 0.1]
        self.factor = 1.0 + len(good) / (1 + len(outcomes))

    def softening(self, configuration, state):
        softening = super().softening(configuration, state)
        return replace(softening, temperature=softening.temperature * self.factor)


class TestRightAndTaught(Suite):
    component = Pupil


class Dreamer(Pupil):
    def learn(self, facts, outcomes):
        self.factor = 1.0 + np.random.random()  # noqa: NPY002


class TestLearnsFromTheGlobalGenerator(Suite):
    component = Dreamer
    caught_by = "test_learning_is_deterministic"


class Mean(Pupil):
    """Divides by what it knows: nothing, or what is infinite."""

    def learn(self, facts, outcomes):
        regrets = np.array([each.regret for each in outcomes])
        self.factor = float(1.0 + regrets.sum() / len(regrets))


class TestExpectsAMemory(Suite):
    component = Mean
    caught_by = "test_tolerates_a_poor_memory"


class Convert(Pupil):
    """Whoever has learned that the teacher is good hears no other."""

    def learn(self, facts, outcomes):
        self.converted = bool(outcomes)

    def softening(self, configuration, state):
        alpha = 1.0 if getattr(self, "converted", False) else configuration.alpha
        return Softening(configuration.temperature, alpha)


class TestTeacherInTheControlOnceTaught(Suite):
    component = Convert
    caught_by = "test_the_control_stays_on_hard_labels"


class Greedy(Pupil):
    """Out of range, once it has learned."""

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha * self.factor)


class TestOutOfRangeOnceTaught(Suite):
    component = Greedy
    caught_by = "test_temperature_and_alpha_are_in_range"


class Bookworm(Pupil):
    """Keeps what it read in a way that does not travel."""

    def learn(self, facts, outcomes):
        self.region = (each for each in outcomes)


class TestDoesNotTravelOnceTaught(Suite):
    component = Bookworm
    caught_by = "test_pickles"


class Proud(Falling):
    def __init__(self):
        super().__init__()
        self.losses = []

    def observe(self, trial):
        if trial.failure is None:
            self.losses.append(trial.log_loss)
        assert self.losses


class TestExpectsSuccess(Suite):
    component = Proud
    caught_by = "test_tolerates_nothing_but_failures"
