"""What fusers learn with: the gradient of attention, and the weights of a pool."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hpmkd.kernels import _jit, attention_gradient, em_weights
from tests.kernels import reference


def flat(values):
    array = np.array(values, dtype=np.float64).reshape(-1)
    array.flags.writeable = False
    return array


evidence = st.tuples(st.integers(1, 40), st.integers(1, 6)).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float64, shape, elements=st.floats(1e-15, 1.0)),
        hnp.arrays(np.float64, shape, elements=st.floats(-30, 30)),
    )
)


class TestGradient:
    @pytest.mark.parametrize("m", [1, 2, 3, 4, 9, 26])
    def test_equals_its_twin(self, m):
        rng = np.random.default_rng(m)
        predicted, scores = rng.uniform(1e-15, 1, (3000, m)), rng.normal(0, 3, (3000, m))
        loss, gradient = attention_gradient(predicted, scores)
        expected, slopes = reference.attention_gradient(predicted, scores)
        assert loss == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-11, atol=1e-14)

    @given(evidence)
    def test_is_the_slope_of_the_loss(self, problem):
        predicted, scores = problem
        loss, gradient = attention_gradient(predicted, scores)
        assert loss >= -1e-12
        np.testing.assert_allclose(gradient.sum(axis=1), 0.0, atol=1e-12)
        step = 1e-5
        for m in range(scores.shape[1]):
            moved = [scores.copy(), scores.copy()]
            moved[0][:, m] += step
            moved[1][:, m] -= step
            up, down = (attention_gradient(predicted, each)[0] for each in moved)
            slope = gradient[:, m].mean()
            assert (up - down) / (2 * step) == pytest.approx(slope, abs=1e-7)

    def test_python_function_equals_the_compiled(self):
        rng = np.random.default_rng(0)
        predicted, scores, gradient = rng.random((7, 3)), rng.normal(size=(7, 3)), np.empty(21)
        arguments = (flat(predicted), flat(scores), np.empty(0), 7, gradient)
        total, bad = _jit.attention_gradient.py_func(*arguments)
        assert bad == -1
        loss, expected = attention_gradient(predicted, scores)
        assert total / 7 == pytest.approx(loss, rel=1e-14)
        np.testing.assert_allclose(gradient.reshape(7, 3), expected, rtol=1e-12, atol=1e-16)

    def test_equal_evidence_has_no_slope(self):
        loss, gradient = attention_gradient(np.full((5, 3), 0.2), np.zeros((5, 3)))
        assert loss == pytest.approx(np.log(5))
        np.testing.assert_allclose(gradient, 0.0, atol=1e-16)

    def test_no_rows(self):
        loss, gradient = attention_gradient(np.empty((0, 3)), np.empty((0, 3)))
        assert loss == 0.0
        assert gradient.shape == (0, 3)

    @pytest.mark.parametrize(
        ("predicted", "scores"),
        [
            ([0.0, 0.0], [0, 0]),
            ([0.0, 1.0], [0, -np.inf]),
            ([0.5, np.nan], [0, 0]),
            ([0.5, -0.1], [0, 0]),
            ([0.5, 1.1], [0, 0]),
            ([0.5, 0.5], [0, np.nan]),
            ([0.5, 0.5], [np.nan, 0]),
            ([0.5, 0.5], [np.inf, 0]),
            ([0.5, 0.5], [-np.inf, -np.inf]),
        ],
    )
    def test_unusable_rows_are_named(self, predicted, scores):
        all_said, all_scores = np.full((3000, 2), 0.5), np.zeros((3000, 2))
        all_said[2047], all_scores[2047] = predicted, scores
        with pytest.raises(ValueError, match="row 2047 "):
            attention_gradient(all_said, all_scores)

    def test_shapes_must_match(self):
        with pytest.raises(ValueError, match="one shape"):
            attention_gradient(np.ones((3, 2)), np.zeros((2, 3)))


def heavy(n, seed=0):
    """Return weights of rows, and as often the numbers of the rows."""
    times = np.random.default_rng(seed).integers(1, 5, n)
    return times.astype(float), np.arange(n).repeat(times)


@pytest.mark.parametrize("m", [1, 3, 9])
def test_a_row_of_weight_two_is_two_rows_for_the_gradient(m):
    rng, (weights, at) = np.random.default_rng(m), heavy(3000)
    predicted, scores = rng.uniform(1e-15, 1, (3000, m)), rng.normal(size=(3000, m))
    loss, gradient = attention_gradient(predicted, scores, weights)
    expected, slopes = attention_gradient(predicted[at], scores[at])
    assert loss == pytest.approx(expected, rel=1e-12)
    summed = np.add.reduceat(slopes, np.flatnonzero(np.diff(at, prepend=-1)), axis=0)
    np.testing.assert_allclose(gradient, summed, atol=1e-12)


@pytest.mark.parametrize("m", [2, 5])
def test_a_row_of_weight_two_is_two_rows_for_a_pool(m):
    rng, (weights, at) = np.random.default_rng(m), heavy(3000)
    predicted = rng.uniform(1e-15, 1, (3000, m))
    found = em_weights(predicted, weights=weights)
    np.testing.assert_allclose(found, em_weights(predicted[at]), atol=1e-9)


def test_weights_of_rows_are_checked():
    predicted = np.full((3, 2), 0.5)
    for weights in ([1, 2], [1, -1, 1], [1, np.inf, 1]):
        with pytest.raises(ValueError, match="weights must be 3 finite values, none negative"):
            em_weights(predicted, weights=weights)
        with pytest.raises(ValueError, match="weights must be 3 finite values, none negative"):
            attention_gradient(predicted, predicted, weights)


def step(predicted, weights):
    """Return the weights after one compiled step, and the mean log likelihood before it."""
    updated = np.empty(len(weights))
    arguments = (flat(predicted), flat(weights), flat(np.empty(0)), len(predicted), updated)
    total, bad = _jit.em_step(*arguments)
    assert bad == -1
    return updated, total / len(predicted)


class TestStep:
    @pytest.mark.parametrize("m", [1, 2, 4, 9])
    def test_equals_its_twin(self, m):
        rng = np.random.default_rng(m)
        predicted, weights = rng.uniform(1e-15, 1, (5000, m)), rng.dirichlet(np.ones(m))
        updated, likelihood = step(predicted, weights)
        expected, logs = reference.em_step(predicted, weights)
        np.testing.assert_allclose(updated, expected, rtol=1e-12)
        assert likelihood == pytest.approx(logs, rel=1e-12)

    @given(evidence)
    def test_never_lowers_the_likelihood(self, problem):
        predicted, scores = problem
        weights = np.exp(scores[0] / 10)
        weights /= weights.sum()
        updated, before = step(predicted, weights)
        assert updated.sum() == pytest.approx(1.0, abs=1e-14)
        assert (updated >= 0).all()
        assert step(predicted, updated)[1] >= before - 1e-12

    def test_python_function_equals_the_compiled(self):
        predicted, updated = np.random.default_rng(0).random((7, 3)), np.empty(3)
        weights = np.full(3, 1 / 3)
        arguments = (flat(predicted), flat(weights), np.empty(0), 7, updated)
        total, bad = _jit.em_step.py_func(*arguments)
        assert bad == -1
        expected, likelihood = step(predicted, weights)
        np.testing.assert_allclose(updated, expected, rtol=1e-14)
        assert total / 7 == pytest.approx(likelihood, rel=1e-14)

    def test_a_weight_of_zero_stays(self):
        updated, _ = step([[0.1, 0.9], [0.2, 0.8]], [1.0, 0.0])
        np.testing.assert_array_equal(updated, [1.0, 0.0])


class TestWeights:
    @pytest.mark.parametrize("m", [1, 2, 4, 9])
    @pytest.mark.parametrize("most", [0, 1, 7, 500])
    def test_equal_the_steps_of_the_twin(self, m, most):
        predicted = np.random.default_rng(m).beta(2, 1, (3000, m))
        predicted[:, 0] **= 0.5  # one of them knows more
        weights, before = np.full(m, 1 / m), -np.inf
        for _ in range(most):
            updated, likelihood = reference.em_step(predicted, weights)
            if likelihood - before < 1e-6:
                break
            weights, before = updated, likelihood
        found = em_weights(predicted, most, tolerance=1e-6)
        np.testing.assert_allclose(found, weights, rtol=1e-9)

    @given(evidence)
    def test_no_other_weights_are_clearly_likelier(self, problem):
        predicted, scores = problem
        found = em_weights(predicted, most=20_000, tolerance=1e-12)
        assert found.sum() == pytest.approx(1.0, abs=1e-12)
        best = step(predicted, found)[1]
        for row in scores:
            other = np.exp(row / 10)
            assert step(predicted, other / other.sum())[1] <= best + 1e-3

    def test_the_one_that_is_always_likelier_counts_alone(self):
        found = em_weights(np.tile([0.9, 0.3], (50, 1)), most=5000, tolerance=0.0)
        assert found == pytest.approx([1.0, 0.0], abs=1e-6)

    @pytest.mark.parametrize("bad", [[0.0, 0.0], [0.5, np.nan], [1.1, 0.5], [0.5, -0.1]])
    def test_unusable_rows_are_named(self, bad):
        predicted = np.full((3000, 2), 0.5)
        predicted[2047] = bad
        with pytest.raises(ValueError, match="row 2047 "):
            em_weights(predicted)

    @pytest.mark.parametrize("shape", [(0, 2), (3, 0)])
    def test_without_rows_or_columns_there_are_none(self, shape):
        with pytest.raises(ValueError, match=r"must have (rows|at least one)"):
            em_weights(np.ones(shape))
