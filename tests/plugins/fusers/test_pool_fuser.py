"""The mean of a linear and a log-linear pool, and the memory of every fuser."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd_defaults.fusers.attention import AttentionWeightedMultiTeacher
from hpmkd_defaults.fusers.batched import blocks
from hpmkd_defaults.fusers.calibrated import CalibratedFuser
from hpmkd_defaults.fusers.calibrated_members import Members
from hpmkd_defaults.fusers.log_linear import LogLinearPool, negative_log_likelihood
from hpmkd_defaults.fusers.mean import MeanFuser
from hpmkd_defaults.fusers.two_pools import PoolFuser


def teachers(rng, n, n_classes, skills):
    """What teachers say that know more or less, and the labels."""
    labels = rng.integers(0, n_classes, n)
    logits = rng.normal(size=(len(skills), n, n_classes))
    for logit, skill in zip(logits, skills, strict=True):
        logit[np.arange(n), labels] += skill
    odds = np.exp(logits)
    return odds / odds.sum(axis=2, keepdims=True), labels


def loss(said, labels):
    return -np.log(np.maximum(said[np.arange(len(labels)), labels], 1e-15)).mean()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


class TestLogLinear:
    @given(m=st.integers(1, 4), k=st.integers(2, 5), n=st.integers(1, 30), seed=st.integers(0, 99))
    @settings(max_examples=50, deadline=None)
    def test_gradient_is_the_slope(self, m, k, n, seed):
        rng = np.random.default_rng(seed)
        said, labels = teachers(rng, n, k, [1.0] * m)
        logs = np.log(said).reshape(m, -1)
        at = rng.normal(size=m + k)
        gradient = negative_log_likelihood(at, logs, labels)[1]
        for j in range(m + k):
            step = np.eye(m + k)[j] * 1e-6
            up, down = (
                negative_log_likelihood(each, logs, labels)[0] for each in (at + step, at - step)
            )
            assert (up - down) / 2e-6 == pytest.approx(gradient[j], abs=1e-6)

    def test_independent_teachers_multiply(self, rng):
        """Each is right about its own evidence, so the truth is the product of all."""
        said, labels = teachers(rng, 5000, 3, [1.0, 1.0, 1.0])
        fitted = LogLinearPool.fit(said, labels)
        np.testing.assert_allclose(fitted.exponents, 1.0, atol=0.15)
        product = said.prod(axis=0)
        product /= product.sum(axis=1, keepdims=True)
        assert np.abs(fitted.fuse(said) - product).mean() < 0.01

    def test_offsets_undo_a_shared_bias(self, rng):
        said, labels = teachers(rng, 5000, 2, [1.0])
        tilted = said * [3.0, 1.0]
        tilted /= tilted.sum(axis=2, keepdims=True)
        fitted = LogLinearPool.fit(tilted, labels)
        assert fitted.offsets[1] - fitted.offsets[0] == pytest.approx(np.log(3), abs=0.15)

    def test_a_harmful_teacher_gets_no_exponent(self, rng):
        said, labels = teachers(rng, 2000, 3, [2.0, -2.0])
        fitted = LogLinearPool.fit(said, labels)
        assert fitted.exponents[1] == 0.0
        assert fitted.shares == pytest.approx((1.0, 0.0))

    def test_silent_teachers_share_equally(self):
        said = np.full((4, 10, 2), 0.5)
        assert LogLinearPool.fit(said, np.arange(10) % 2).shares == pytest.approx([0.25] * 4)


class TestPool:
    def test_a_broken_teacher_counts_for_nothing(self, rng):
        said, labels = teachers(rng, 1000, 3, [2.0, 1.5, 2.0])
        said[2] = said[2, rng.permutation(1000)]
        fitted = PoolFuser().fit(said, labels, None)
        assert fitted.weights[2] < 0.05
        assert sum(fitted.weights) == pytest.approx(1.0)

    def test_beats_the_linear_pool_on_independent_teachers(self, rng):
        said, labels = teachers(rng, 4000, 3, [1.0, 1.0, 1.0])
        seen, held = slice(0, 2000), slice(2000, None)
        losses = [
            loss(
                fuser.fit(said[:, seen], labels[seen], None)
                .fuse(said[:, held], None)
                .probabilities,
                labels[held],
            )
            for fuser in (PoolFuser(), CalibratedFuser())
        ]
        assert losses[0] < losses[1] - 0.02

    @pytest.mark.parametrize("n", [1, 2, 10])
    @pytest.mark.parametrize("n_classes", [2, 50])
    def test_works_with_hardly_any_rows(self, rng, n, n_classes):
        said, labels = teachers(rng, n, n_classes, [1.0, 1.0])
        said[1] = np.eye(n_classes)[0]
        fused = PoolFuser().fit(said, labels, None).fuse(said, None)
        assert np.isfinite(fused.probabilities).all()
        np.testing.assert_allclose(fused.probabilities.sum(axis=1), 1.0)

    def test_few_rows_do_not_ask_for_certainty(self):
        labels = np.arange(10) % 2
        said = np.where(np.eye(2)[labels] == 1, 0.8, 0.2)[np.newaxis]
        fused = PoolFuser().fit(said, labels, None).fuse(said, None)
        assert fused.probabilities.max() < 0.995

    def test_a_cut_keeps_the_shares_of_the_classes(self, rng, monkeypatch):
        said, labels = teachers(rng, 3000, 3, [1.0, 2.0])
        monkeypatch.setattr("hpmkd_defaults.fusers.calibrated_members.MAX_ROWS", 600)
        members = Members.fit(said, labels)
        assert members.probabilities.shape == (2, 600, 3)
        np.testing.assert_allclose(
            np.bincount(members.labels) / 600, np.bincount(labels) / 3000, atol=0.003
        )


class TestMemory:
    def test_blocks_are_all_rows_once(self):
        for m, n, k in [(4, 100_000, 10), (1, 1, 2), (50, 3000, 3000), (3, 0, 2)]:
            covered = [row for rows in blocks(m, n, k) for row in range(rows.start, rows.stop)]
            assert covered == list(range(n))

    @pytest.mark.parametrize(
        "fuser",
        [
            MeanFuser(),
            CalibratedFuser(),
            PoolFuser(),
            AttentionWeightedMultiTeacher(gated=False),
        ],
        ids=["mean", "calibrated", "pool", "attention"],
    )
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_fusing_holds_the_result_and_little_else(self, rng, fuser, dtype, monkeypatch):
        """The blocks shrink with the rows, in the proportion that 10⁶ rows have to theirs."""
        monkeypatch.setattr("hpmkd_defaults.fusers.batched.BLOCK_ROWS", 400)
        said, labels = teachers(rng, 150_000, 10, [1.0, 2.0, 1.0, 0.5])
        said, table = said.astype(dtype), rng.normal(size=(150_000, 3))
        few = slice(0, 500)
        fitted = fuser.fit(said[:, few], labels[few], table[few])
        fitted.fuse(said[:, :9], table[:9])
        tracemalloc.start()
        fused = fitted.fuse(said, table)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= 1.6 * fused.probabilities.nbytes
