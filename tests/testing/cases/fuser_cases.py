"""A right fuser and wrong ones, each with the test that must catch it."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.student import Pool
from hpmkd.testing import FuserSuite
from hpmkd.values import Fused


class Fitted:
    """The mean, weights all equal."""

    def fuse(self, probabilities, table):
        M, n, _ = probabilities.shape
        return Fused(probabilities.mean(axis=0), np.full((n, M), 1 / M))

    def summary(self):
        return {"teachers": "equal"}


class Mean:
    def fit(self, probabilities, labels, table):
        return Fitted()


class Suite(FuserSuite):
    component = Mean

    @pytest.fixture
    def fuser(self):
        return self.component()


class TestRight(Suite):
    pass


def wrong(**methods):
    """A fuser whose fitted form has other methods."""
    fitted = type("Wrong", (Fitted,), methods)
    globals()[fitted.__qualname__] = fitted
    return type("WrongFuser", (), {"fit": lambda self, p, y, X: fitted()})


class TestNoFuser(Suite):
    component = type("Empty", (), {})
    caught_by = "test_fulfils_the_protocol"


class FittedPool(Fitted):
    def __init__(self, shape):
        self.shape = shape

    def to_pool(self):
        return Pool.mean(self.shape[0], self.shape[2])


class PoolOfMean:
    def fit(self, probabilities, labels, table):
        return FittedPool(probabilities.shape)


class TestRightPool(Suite):
    component = PoolOfMean


class TestAnotherPool(Suite):
    component = wrong(to_pool=lambda self: Pool([2.0] * 3, [1 / 3] * 3, [0] * 3, [0] * 5))
    caught_by = "test_a_pool_fuses_as_it_does"


class TestNoPool(Suite):
    component = wrong(to_pool=lambda self: "a pool")
    caught_by = "test_a_pool_fuses_as_it_does"


class TestUnnormalised(Suite):
    component = wrong(
        fuse=lambda self, p, X: Fused(p.sum(axis=0), np.full((p.shape[1], len(p)), 1 / len(p)))
    )
    caught_by = "test_probabilities_and_weights_sum_to_one"


class TestWeightsPerTeacherOnly(Suite):
    component = wrong(fuse=lambda self, p, X: Fused(p.mean(axis=0), np.full(len(p), 1 / len(p))))
    caught_by = "test_probabilities_and_weights_sum_to_one"


class TestFirstTeacherOnly(Suite):
    component = wrong(
        fuse=lambda self, p, X: Fused(p[0], np.tile(np.eye(len(p))[0], (p.shape[1], 1)))
    )
    caught_by = "test_order_of_teachers_does_not_matter"


def upside_down(self, p, X):
    odds = 1 / np.maximum(p.mean(axis=0), 1e-9)
    odds /= odds.sum(axis=1, keepdims=True)
    return Fused(odds, np.full((p.shape[1], len(p)), 1 / len(p)))


class TestUpsideDown(Suite):
    component = wrong(fuse=upside_down)
    caught_by = "test_is_no_worse_than_the_worst_teacher"


def in_logs(self, p, X):
    with np.errstate(all="ignore"):
        odds = np.exp(np.log(p).mean(axis=0))
        return Fused(odds / odds.sum(axis=1, keepdims=True), np.full(p.shape[1::-1], 1 / len(p)).T)


class TestAfraidOfZeros(Suite):
    component = wrong(
        fuse=lambda self, p, X: Fused(
            in_logs(self, p, X).probabilities, np.full((p.shape[1], len(p)), 1 / len(p))
        )
    )
    caught_by = "test_sure_teachers_are_fine"


class TestNeedsTwoTeachers(Suite):
    component = wrong(
        fuse=lambda self, p, X: Fused(
            p.mean(axis=0), np.full((p.shape[1], len(p)), 1 / max(len(p), 2))
        )
    )
    caught_by = "test_one_teacher_has_all_the_weight"


class Inverse:
    """Weights from the inverse covariance, which copies make singular."""

    def fit(self, probabilities, labels, table):
        losses = np.log(np.maximum(probabilities[:, np.arange(len(labels)), labels], 1e-9))
        with np.errstate(all="ignore"):
            self.precision = np.linalg.inv(losses @ losses.T)
        return Fitted()


class TestInverts(Suite):
    component = Inverse
    caught_by = "test_equal_teachers_are_fine"


class Counts:
    """One weight per class that it saw."""

    def fit(self, probabilities, labels, table):
        fitted = Fitted()
        shares = np.bincount(labels)
        fitted.fuse = lambda p, X: Fitted().fuse(p * shares / shares, X)
        return fitted


class TestCountsClasses(Suite):
    component = Counts
    caught_by = "test_a_class_without_rows_keeps_its_column"


class TestHoldsALambda(Suite):
    component = Counts
    caught_by = "test_fitted_pickles"


class Sorts:
    def fit(self, probabilities, labels, table):
        if probabilities.flags.writeable:
            probabilities.sort(axis=1)
        return Fitted()


class TestWritesIntoInputs(Suite):
    component = Sorts
    caught_by = "test_leaves_its_inputs_alone"


class Noisy(Mean):
    def fit(self, probabilities, labels, table):
        fitted = Fitted()
        noise = np.random.random()  # noqa: NPY002
        fitted.fuse = lambda p, X: Fused(
            p.mean(axis=0) * (1 - noise / 1e6) + noise / 1e6 / p.shape[2],
            np.full((p.shape[1], len(p)), 1 / len(p)),
        )
        return fitted


class TestGlobalGenerator(Suite):
    component = Noisy
    caught_by = "test_same_inputs_same_bits"


class Oneself(Fitted):
    """Returns itself from fit."""

    def fit(self, probabilities, labels, table):
        self.prior = float((labels[:5] * np.arange(5)).sum()) / 1e6
        return self

    def fuse(self, probabilities, table):
        fused = super().fuse(probabilities, table)
        mixed = fused.probabilities + self.prior
        return Fused(mixed / mixed.sum(axis=1, keepdims=True), fused.weights)


class TestReturnsItself(Suite):
    component = Oneself
    caught_by = "test_a_later_fit_does_not_change_an_earlier_one"


class TestRemembersItsRows(Suite):
    component = wrong(
        fuse=lambda self, p, X: Fused(p.mean(axis=0), np.full((200, len(p)), 1 / len(p)))
    )
    caught_by = "test_other_rows_may_be_few"


class TestArrayInSummary(Suite):
    component = wrong(summary=lambda self: {"weights": np.ones(3)})
    caught_by = "test_summary_is_plain"
