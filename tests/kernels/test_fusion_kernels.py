"""Fusing teachers with weights of each row's own."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hpmkd.kernels import _jit, attention_fuse
from tests.kernels import reference

KS = [1, 2, 3, 4, 5, 26, 3000]
TEACHERS = [1, 2, 4, 9]


def draw(m, n, k, seed=0):
    """What teachers say, and scores."""
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(k, 0.5), (m, n)), rng.normal(0, 2, (n, m))


def flat(values):
    array = np.array(values, dtype=np.float64).reshape(-1)
    array.flags.writeable = False
    return array


shapes = st.tuples(st.integers(1, 5), st.integers(0, 9), st.integers(1, 6))
problems = shapes.flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float64, shape, elements=st.floats(0.0, 1.0)),
        hnp.arrays(np.float64, (shape[1], shape[0]), elements=st.floats(-700, 700)),
    )
)


class TestFuse:
    @pytest.mark.parametrize("m", TEACHERS)
    @pytest.mark.parametrize("k", KS)
    def test_equals_its_twin(self, m, k):
        predicted, scores = draw(m, 40 if k > 100 else 1500, k)
        fused, weights = attention_fuse(predicted, scores)
        expected, shares = reference.attention_fuse(predicted, scores)
        np.testing.assert_allclose(fused, expected, rtol=1e-12, atol=1e-300)
        np.testing.assert_allclose(weights, shares, rtol=1e-12, atol=1e-300)

    @pytest.mark.parametrize("k", [2, 3])
    def test_python_function_equals_the_compiled(self, k):
        predicted, scores = draw(3, 7, k)
        fused, weights = np.empty(7 * k), np.empty(21)
        assert (
            _jit.attention_fuse.py_func(flat(predicted), 7 * k, k, flat(scores), fused, weights)
            == -1
        )
        result = attention_fuse(predicted, scores)
        np.testing.assert_allclose(fused.reshape(7, k), result[0], rtol=1e-15)
        np.testing.assert_allclose(weights.reshape(7, 3), result[1], rtol=1e-15)

    @given(problems)
    def test_lies_between_the_teachers(self, problem):
        predicted, scores = problem
        fused, weights = attention_fuse(predicted, scores)
        np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-13)
        assert (fused <= predicted.max(axis=0) + 1e-12).all()
        assert (fused >= predicted.min(axis=0) - 1e-12).all()
        expected = reference.attention_fuse(predicted, scores)
        np.testing.assert_allclose(fused, expected[0], rtol=1e-11, atol=1e-14)

    def test_equal_scores_are_the_mean(self):
        predicted, _ = draw(4, 50, 3)
        fused, weights = attention_fuse(predicted, np.full((50, 4), -1e300))
        np.testing.assert_allclose(fused, predicted.mean(axis=0), rtol=1e-13)
        assert (weights == 0.25).all()

    def test_minus_infinity_is_no_weight(self):
        predicted, scores = draw(3, 50, 2)
        scores[:, 1] = -np.inf
        fused, weights = attention_fuse(predicted, scores)
        assert (weights[:, 1] == 0).all()
        rest = attention_fuse(predicted[[0, 2]], scores[:, [0, 2]])[0]
        np.testing.assert_allclose(fused, rest, rtol=1e-13)

    def test_a_row_has_the_same_bits_in_any_batch(self):
        predicted, scores = draw(4, 3000, 5)
        whole = attention_fuse(predicted, scores)
        part = attention_fuse(predicted[:, 1234:1300], scores[1234:1300])
        for one, other in zip(whole, part, strict=True):
            np.testing.assert_array_equal(one[1234:1300], other)

    def test_inputs_of_every_kind(self):
        predicted, scores = draw(3, 60, 4)
        expected = attention_fuse(predicted, scores)[0]
        locked = predicted.copy()
        locked.flags.writeable = False
        padded = np.zeros((5, 80, 4))
        padded[::2, 10:70] = predicted
        for form in (
            locked, predicted.tolist(), np.asfortranarray(predicted), predicted[::-1][::-1],
            padded[::2, 10:70],
            np.repeat(predicted, 2, axis=2)[:, :, ::2], predicted.astype(">f8"),
        ):  # fmt: skip
            np.testing.assert_array_equal(attention_fuse(form, scores)[0], expected)
        reverse = attention_fuse(predicted[::-1], scores[:, ::-1])[0]
        np.testing.assert_allclose(reverse, expected, rtol=1e-13)
        same = attention_fuse(np.broadcast_to(predicted[0], predicted.shape), scores)[0]
        np.testing.assert_allclose(same, predicted[0], rtol=1e-13)

    def test_single_precision_is_read_as_it_is(self):
        predicted, scores = draw(3, 60, 4)
        single = predicted.astype(np.float32)
        expected = attention_fuse(single.astype(np.float64), scores)[0]
        np.testing.assert_array_equal(attention_fuse(single, scores)[0], expected)
        assert len(_jit.attention_fuse.signatures) <= 2

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_allocates_its_results_only(self, dtype):
        predicted, scores = draw(4, 20_000, 10)
        predicted = predicted.astype(dtype)
        attention_fuse(predicted[:, :9], scores[:9])
        tracemalloc.start()
        fused, weights = attention_fuse(predicted[:, 5:], scores[5:])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < fused.nbytes + weights.nbytes + 50_000

    def test_writes_where_it_is_told(self):
        predicted, scores = draw(3, 20, 4)
        out = (np.full((20, 4), np.nan), np.full((20, 3), np.nan))
        result = attention_fuse(predicted, scores, out=out)
        assert result[0] is out[0]
        assert result[1] is out[1]
        np.testing.assert_array_equal(out[0], attention_fuse(predicted, scores)[0])
        with pytest.raises(ValueError, match="fused must be a writeable"):
            attention_fuse(predicted, scores, out=(np.empty((20, 3)), out[1]))
        with pytest.raises(ValueError, match="weights must be a writeable"):
            attention_fuse(predicted, scores, out=(out[0], np.empty((20, 3), dtype=np.float32)))

    def test_no_rows(self):
        fused, weights = attention_fuse(np.empty((3, 0, 2)), np.empty((0, 3)))
        assert fused.shape == (0, 2)
        assert weights.shape == (0, 3)

    @pytest.mark.parametrize("k", [2, 5])
    @pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 1.1])
    def test_unusable_probabilities_are_named(self, k, value):
        predicted, scores = draw(3, 3000, k)
        predicted[1, 2047, k - 1] = value
        with pytest.raises(ValueError, match="row 2047 "):
            attention_fuse(predicted, scores)

    @pytest.mark.parametrize("bad", [[0.0, np.nan], [np.nan, 0.0], [np.inf, 0.0], [-np.inf] * 2])
    def test_unusable_scores_are_named(self, bad):
        predicted, scores = draw(2, 3000, 3)
        scores[2047] = bad
        with pytest.raises(ValueError, match="row 2047 "):
            attention_fuse(predicted, scores)

    def test_shapes_must_match(self):
        predicted, scores = draw(3, 20, 4)
        with pytest.raises(ValueError, match=r"scores must have shape \(20, 3\)"):
            attention_fuse(predicted, scores.T)
        with pytest.raises(ValueError, match="probabilities must have shape"):
            attention_fuse(predicted[0], scores)
