"""The rules of the chain."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from hpmkd.testing import TransferSuite
from hpmkd.testing.transfers import predecessor, training_set
from hpmkd_defaults.transfers.assistant import Assistant
from hpmkd_defaults.transfers.mix import Mix
from hpmkd_defaults.transfers.residual import Residual


class TestResidual(TransferSuite):
    @pytest.fixture
    def transfer(self):
        return Residual()


class TestAssistant(TransferSuite):
    @pytest.fixture
    def transfer(self):
        return Assistant()


class TestMix(TransferSuite):
    @pytest.fixture
    def transfer(self):
        return Mix()


@pytest.fixture
def handed():
    inputs = training_set("wine", with_extra=True)
    return inputs, predecessor("wine", inputs, unseen=True)


def test_mix_takes_its_share_of_the_targets(handed):
    inputs, previous = handed
    after = Mix(share=0.25).hand_over(inputs, previous)
    np.testing.assert_allclose(
        after.soft_targets, 0.75 * inputs.soft_targets + 0.25 * previous.soft_targets
    )
    np.testing.assert_allclose(
        after.extra.soft_targets,
        0.75 * inputs.extra.soft_targets + 0.25 * previous.extra_soft_targets,
    )


def test_an_assistant_teaches_beside_the_teacher_and_alone_where_no_label_is(handed):
    inputs, previous = handed
    after = Assistant().hand_over(inputs, previous)
    np.testing.assert_allclose(
        after.soft_targets, (inputs.soft_targets + previous.soft_targets) / 2
    )
    np.testing.assert_array_equal(after.extra.soft_targets, previous.extra_soft_targets)


def test_residual_hands_over_the_student_and_nothing_else(handed):
    inputs, previous = handed
    after = Residual().hand_over(inputs, previous)
    assert after.start is previous
    others = [each.name for each in fields(inputs) if each.name != "start"]
    assert all(getattr(after, name) is getattr(inputs, name) for name in others)


def test_extra_rows_without_parent_predictions_keep_their_teacher(handed):
    inputs, previous = handed
    previous = replace(previous, extra_soft_targets=None)
    for rule in (Mix(), Assistant()):
        assert rule.hand_over(inputs, previous).extra is inputs.extra
