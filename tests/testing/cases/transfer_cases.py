"""A right rule of transfer and wrong ones, each with the test that must catch it."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from hpmkd.testing import TransferSuite


class Half:
    teaches, unseen = True, True

    def hand_over(self, inputs, previous):
        mean = (inputs.soft_targets + previous.soft_targets) / 2
        return replace(inputs, soft_targets=mean)


class Suite(TransferSuite):
    component = Half

    @pytest.fixture
    def transfer(self):
        return self.component()


class TestRight(Suite):
    pass


class Start(Half):
    teaches, unseen = False, False

    def hand_over(self, inputs, previous):
        return replace(inputs, start=previous)


class TestRightStart(Suite):
    component = Start


class Wordy(Half):
    teaches = "yes"


class TestTeachesIsAWord(Suite):
    component = Wordy
    caught_by = "test_fulfils_the_protocol"


class Relabels(Half):
    def hand_over(self, inputs, previous):
        return replace(super().hand_over(inputs, previous), labels=inputs.labels[::-1])


class TestOtherLabels(Suite):
    component = Relabels
    caught_by = "test_rows_and_labels_stay"


class Sums(Half):
    def hand_over(self, inputs, previous):
        return replace(inputs, soft_targets=inputs.soft_targets + previous.soft_targets)


class TestNoDistributions(Suite):
    component = Sums
    caught_by = "test_soft_targets_are_distributions"


class Idle(Half):
    def hand_over(self, inputs, previous):
        return inputs


class TestHandsNothingOver(Suite):
    component = Idle
    caught_by = "test_hands_something_over"


class Greedy(Half):
    def hand_over(self, inputs, previous):
        previous.matrix.flags.writeable = True
        previous.matrix[:] = 0.0
        return super().hand_over(inputs, previous)


class TestWritesIntoTheMatrix(Suite):
    component = Greedy
    caught_by = "test_changes_nothing_it_was_given"


class Locked(Half):
    def __init__(self):
        self.lock = threading.Lock()


class TestHoldsALock(Suite):
    component = Locked
    caught_by = "test_pickles"


class Drawn(Half):
    def hand_over(self, inputs, previous):
        after = super().hand_over(inputs, previous)
        noise = np.random.default_rng().dirichlet(np.ones(len(inputs.classes)), len(inputs.labels))
        return replace(after, soft_targets=0.9 * after.soft_targets + 0.1 * noise)


class TestAnotherDrawEachTime(Suite):
    component = Drawn
    caught_by = "test_pickles"
