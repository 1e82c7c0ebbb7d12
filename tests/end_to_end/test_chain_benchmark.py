"""The chain benchmark is made of the engine's parts: a small set shows that they still fit."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.chain import teachers as chain_teachers
from benchmarks.chain.arms import ARMS
from benchmarks.chain.data import SELF, draw
from benchmarks.chain.teachers import SELECTION_FOLDS, ProblemTeachers
from hpmkd_defaults.caches.memory import MemoryCache


@pytest.fixture(scope="module")
def wine_teachers():
    cache = MemoryCache()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain_teachers, "cache", lambda: cache)
        yield ProblemTeachers(draw(SELF, "wine", 0))


def test_each_selection_split_has_soft_targets_of_its_own_teachers(wine_teachers):
    outputs = wine_teachers.fused
    n, found = len(wine_teachers.problem.training), outputs.selection_sets
    assert len(found) == SELECTION_FOLDS
    held = np.sort(np.concatenate([each.held_rows for each in found]))
    assert (held == np.arange(n)).all()
    for each in found:
        fitted = np.setdiff1d(np.arange(n), each.held_rows)
        assert len(each.training) == len(fitted)
        assert each.training.soft_targets.sum(axis=1) == pytest.approx(1.0)
        assert not np.allclose(each.training.soft_targets, outputs.training.soft_targets[fitted])
        assert each.training.extra is not None
    assert 0 <= outputs.noise < 0.2


@pytest.mark.parametrize(
    "arm", ["teacher", "hard A", "hard tree crossed", "naive depth 3", "ours A", "ours tree"]
)
def test_an_arm_answers_for_each_test_row(wine_teachers, arm):
    test = wine_teachers.problem.test
    answer = ARMS[arm](wine_teachers)
    assert answer.probabilities.shape == (len(test), 3)
    assert (answer.probabilities.argmax(axis=1) == test.labels).mean() > 0.75
