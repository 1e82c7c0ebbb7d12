"""What a fuser must do."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from hpmkd.contracts import Fuser
from hpmkd.student import Pool
from hpmkd.testing.datasets import check_probabilities, read_only

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, Fused, IntArray

#: How far two fits may differ that only got their teachers in another order.
ORDER_TOLERANCE = 1e-3


def teacher_probabilities(
    n_classes: int, skills: tuple[float, ...] = (2.0, 1.0, 0.3), n: int = 200
) -> tuple[FloatArray, IntArray, Any]:
    """Make probabilities (M, n, K) of teachers of different skill, labels, raw rows."""
    rng = np.random.default_rng(n_classes)
    labels = rng.integers(0, n_classes, n)
    logits = rng.normal(size=(len(skills), n, n_classes))
    for logit, skill in zip(logits, skills, strict=True):
        logit[np.arange(n), labels] += skill
    odds = np.exp(logits)
    words = np.array(["a", "b"], dtype=object)[labels % 2]
    words[rng.random(n) < 0.2] = None
    table = pd.DataFrame({"number": labels + rng.normal(size=n), "word": words})
    return read_only(odds / odds.sum(axis=2, keepdims=True)), read_only(labels), table


def student_probabilities(labels: IntArray, n_classes: int) -> FloatArray:
    """Make probabilities (n, K) of a student that is right two times in three."""
    rng = np.random.default_rng(n_classes)
    odds = np.exp(rng.normal(size=(len(labels), n_classes)))
    odds[np.arange(len(labels)), labels] *= np.where(rng.random(len(labels)) < 0.67, 9.0, 0.5)
    return read_only(odds / odds.sum(axis=1, keepdims=True))


def row_losses(probabilities: FloatArray, labels: IntArray) -> FloatArray:
    """Return the log loss of each row, in nats; a sure mistake costs 690."""
    losses: FloatArray = -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-300))
    return losses


class FuserSuite:
    """Inherit and supply ``fuser``."""

    #: How far apart, on average, what a weighted fit fuses and what one with repeated rows does.
    weight_tolerance: ClassVar[float] = 1e-3

    @pytest.fixture
    def fuser(self) -> Fuser:
        """Return the fuser under test."""
        raise NotImplementedError("supply a fixture `fuser` that returns your fuser")

    def check(self, fused: Fused, n_teachers: int, n: int, n_classes: int) -> None:
        """Assert that shapes and sums are right."""
        check_probabilities(fused.probabilities, n, n_classes)
        assert fused.weights.shape == (n, n_teachers)
        assert np.isfinite(fused.weights).all()
        assert fused.weights.min() >= -1e-9, "a weight is negative"
        np.testing.assert_allclose(fused.weights.sum(axis=1), 1.0, atol=1e-6)

    def test_fulfils_the_protocol(self, fuser: Fuser) -> None:
        """It has the methods of a fuser."""
        assert isinstance(fuser, Fuser)

    @pytest.mark.parametrize("n_classes", [2, 5])
    def test_probabilities_and_weights_sum_to_one(self, fuser: Fuser, n_classes: int) -> None:
        """Both are distributions, on the rows of the fit."""
        probabilities, labels, table = teacher_probabilities(n_classes)
        fused = fuser.fit(probabilities, labels, table).fuse(probabilities, table)
        self.check(fused, 3, 200, n_classes)

    @pytest.mark.parametrize("n", [1, 17])
    def test_other_rows_may_be_few(self, fuser: Fuser, n: int) -> None:
        """A fitted fuser reads any number of new rows."""
        probabilities, labels, table = teacher_probabilities(3)
        fitted = fuser.fit(probabilities[:, 50:], labels[50:], table.iloc[50:])
        self.check(fitted.fuse(probabilities[:, :n], table.iloc[:n]), 3, n, 3)

    @pytest.mark.parametrize("n_classes", [2, 5])
    def test_is_no_worse_than_the_worst_teacher(self, fuser: Fuser, n_classes: int) -> None:
        """The soft target is at least as good as the poorest teacher."""
        probabilities, labels, table = teacher_probabilities(n_classes)
        fused = fuser.fit(probabilities, labels, table).fuse(probabilities, table)
        worst = max(row_losses(predicted, labels).mean() for predicted in probabilities)
        assert row_losses(fused.probabilities, labels).mean() <= worst + 1e-6

    @pytest.mark.parametrize("n_classes", [2, 5])
    def test_order_of_teachers_does_not_matter(self, fuser: Fuser, n_classes: int) -> None:
        """Permuted teachers get permuted weights and give the same soft target."""
        probabilities, labels, table = teacher_probabilities(n_classes)
        order = [2, 0, 1]
        other = read_only(probabilities[order])
        one = fuser.fit(probabilities, labels, table).fuse(probabilities, table)
        two = fuser.fit(other, labels, table).fuse(other, table)
        np.testing.assert_allclose(
            one.probabilities, two.probabilities, atol=ORDER_TOLERANCE, rtol=0
        )
        np.testing.assert_allclose(one.weights[:, order], two.weights, atol=ORDER_TOLERANCE, rtol=0)

    @pytest.mark.parametrize("n_classes", [2, 5])
    def test_one_teacher_has_all_the_weight(self, fuser: Fuser, n_classes: int) -> None:
        """With one teacher there is nothing to weigh."""
        probabilities, labels, table = teacher_probabilities(n_classes, skills=(1.5,))
        fused = fuser.fit(probabilities, labels, table).fuse(probabilities, table)
        self.check(fused, 1, 200, n_classes)
        np.testing.assert_allclose(fused.weights, 1.0, atol=1e-6)

    def test_equal_teachers_are_fine(self, fuser: Fuser) -> None:
        """Three copies of one teacher do not make a matrix singular."""
        probabilities, labels, table = teacher_probabilities(3)
        copies = read_only(np.repeat(probabilities[:1], 3, axis=0))
        self.check(fuser.fit(copies, labels, table).fuse(copies, table), 3, 200, 3)

    @pytest.mark.parametrize("n_classes", [2, 5])
    def test_sure_teachers_are_fine(self, fuser: Fuser, n_classes: int) -> None:
        """Probabilities of exactly 0 and 1, some of them wrong, give finite answers."""
        probabilities, labels, table = teacher_probabilities(n_classes)
        sure = read_only(np.eye(n_classes)[probabilities.argmax(axis=2)])
        self.check(fuser.fit(sure, labels, table).fuse(sure, table), 3, 200, n_classes)

    def test_a_class_without_rows_keeps_its_column(self, fuser: Fuser) -> None:
        """A class that no label has is still a column of the soft target."""
        probabilities, labels, table = teacher_probabilities(5)
        shown = labels != 4
        fitted = fuser.fit(probabilities[:, shown], labels[shown], table[shown])
        self.check(fitted.fuse(probabilities, table), 3, 200, 5)

    def test_leaves_its_inputs_alone(self, fuser: Fuser) -> None:
        """Neither fit nor fuse writes into what it is given."""
        probabilities, labels, table = teacher_probabilities(3)
        open_, open_labels, open_table = probabilities.copy(), labels.copy(), table.copy()
        fuser.fit(open_, open_labels, open_table).fuse(open_, open_table)
        assert np.array_equal(open_, probabilities)
        assert np.array_equal(open_labels, labels)
        assert open_table.equals(table)

    def test_same_inputs_same_bits(self, fuser: Fuser) -> None:
        """Nothing is drawn from a global generator."""
        probabilities, labels, table = teacher_probabilities(3)
        np.random.seed(1)  # noqa: NPY002 - the global generator is what must not matter
        one = fuser.fit(probabilities, labels, table).fuse(probabilities, table)
        np.random.seed(2)  # noqa: NPY002
        two = fuser.fit(probabilities, labels, table).fuse(probabilities, table)
        assert one.probabilities.tobytes() == two.probabilities.tobytes()
        assert one.weights.tobytes() == two.weights.tobytes()

    def test_a_later_fit_does_not_change_an_earlier_one(self, fuser: Fuser) -> None:
        """It is fitted once per selection split; each fit stands by itself."""
        probabilities, labels, table = teacher_probabilities(3)
        fitted = fuser.fit(probabilities, labels, table)
        before = fitted.fuse(probabilities, table).probabilities.tobytes()
        fuser.fit(probabilities[::-1], labels[::-1], table.iloc[::-1])
        assert fitted.fuse(probabilities, table).probabilities.tobytes() == before

    def test_fitted_pickles(self, fuser: Fuser) -> None:
        """It is stored with the teacher: a copy predicts the same, bit for bit."""
        probabilities, labels, table = teacher_probabilities(3)
        fitted = fuser.fit(probabilities, labels, table)
        copy = pickle.loads(pickle.dumps(fitted))
        one, two = fitted.fuse(probabilities, table), copy.fuse(probabilities, table)
        assert one.probabilities.tobytes() == two.probabilities.tobytes()

    def test_whether_it_asks_for_a_student_is_known(self, fuser: Fuser) -> None:
        """``student_state``, which it need not have, is True or False."""
        assert getattr(fuser, "student_state", False) in (True, False)

    @pytest.mark.parametrize("n_classes", [2, 5])
    def test_a_student_is_read_as_teachers_are(self, fuser: Fuser, n_classes: int) -> None:
        """One that uses the student fuses beside it, also beside a sure one, and pickles."""
        if not getattr(fuser, "student_state", False):
            return
        probabilities, labels, table = teacher_probabilities(n_classes)
        student = student_probabilities(labels, n_classes)
        sure = read_only(np.eye(n_classes)[student.argmax(axis=1)])
        for state in (student, sure):
            given, before = {"student_state": state}, state.copy()
            fitted = pickle.loads(pickle.dumps(fuser.fit(probabilities, labels, table, **given)))
            again = fuser.fit(probabilities, labels, table, **given)
            fused = fitted.fuse(probabilities, table, **given)
            self.check(fused, 3, 200, n_classes)
            few = fitted.fuse(probabilities[:, :1], table.iloc[:1], student_state=state[:1])
            self.check(few, 3, 1, n_classes)
            other = again.fuse(probabilities, table, **given)
            assert other.probabilities.tobytes() == fused.probabilities.tobytes()
            assert np.array_equal(state, before)

    @pytest.mark.parametrize("n_classes", [2, 5])
    def test_a_pool_fuses_as_it_does(self, fuser: Fuser, n_classes: int) -> None:
        """If it offers a pool, that pool predicts the same, also on other rows."""
        probabilities, labels, table = teacher_probabilities(n_classes)
        fitted = fuser.fit(probabilities[:, 40:], labels[40:], table.iloc[40:])
        pool = fitted.to_pool() if hasattr(fitted, "to_pool") else None
        if pool is None:
            return
        assert isinstance(pool, Pool), "to_pool returned neither a hpmkd Pool nor None"
        sure = read_only(np.eye(n_classes)[probabilities.argmax(axis=2)])
        for predicted in (probabilities, sure):
            fused = fitted.fuse(predicted, table).probabilities
            np.testing.assert_allclose(pool.fuse(predicted), fused, atol=1e-9, rtol=0)

    @pytest.mark.parametrize("n_classes", [2, 5])
    def test_a_row_of_weight_three_is_three_rows(self, fuser: Fuser, n_classes: int) -> None:
        """A weighted fit fuses as one in which the rows are repeated."""
        probabilities, labels, table = teacher_probabilities(n_classes)
        times = np.where(labels == 0, 3, 1)
        at = np.arange(len(labels)).repeat(times)
        weighed = fuser.fit(probabilities, labels, table, weights=read_only(times.astype(float)))
        repeated = fuser.fit(read_only(probabilities[:, at]), labels[at], table.iloc[at])
        one, two = (each.fuse(probabilities, table) for each in (weighed, repeated))
        assert np.abs(one.probabilities - two.probabilities).mean() <= self.weight_tolerance

    def test_summary_is_plain(self, fuser: Fuser) -> None:
        """The summary can be written as JSON."""
        probabilities, labels, table = teacher_probabilities(3)
        summary = fuser.fit(probabilities, labels, table).summary()
        assert json.loads(json.dumps(dict(summary), allow_nan=False)) is not None
