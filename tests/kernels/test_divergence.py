"""The Kullback-Leibler divergence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hpmkd.kernels import _jit, kl_divergence
from tests.kernels import reference


def draw(n, k, seed=0):
    return np.random.default_rng(seed).dirichlet(np.full(k, 0.3), n)


pairs = st.tuples(st.integers(0, 9), st.integers(1, 9)).flatmap(
    lambda shape: st.tuples(
        *(hnp.arrays(np.float64, shape, elements=st.floats(0.0, 1.0)) for _ in range(2))
    )
)


def normalise(table):
    table = np.where(table.sum(axis=1, keepdims=True) > 1e-300, table, 1.0)
    return table / table.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 26, 3000])
def test_equals_its_twin(k):
    n = 40 if k > 100 else 1500
    p, q = draw(n, k), draw(n, k, 1)
    np.testing.assert_allclose(
        kl_divergence(p, q), reference.kl_divergence(p, q), rtol=1e-13, atol=1e-13
    )


def test_python_function_equals_the_compiled():
    p, q = draw(5, 3), draw(5, 3, 1)
    p[0] = [0, 1, 0]
    out = np.empty(5)
    assert _jit.kl_divergence.py_func(p.reshape(-1), q.reshape(-1), 3, out) == -1
    np.testing.assert_allclose(out, kl_divergence(p, q), rtol=1e-14)


@given(pairs)
def test_never_negative_always_finite_and_zero_for_equals(pair):
    p, q = (normalise(table) for table in pair)
    result = kl_divergence(p, q)
    assert (result >= 0).all()
    assert np.isfinite(result).all()
    assert (kl_divergence(p, p) <= 1e-13).all()
    np.testing.assert_allclose(result, reference.kl_divergence(p, q), rtol=1e-11, atol=1e-12)


def test_equal_rows_are_exactly_zero():
    p = draw(500, 5)
    assert (kl_divergence(p, p) == 0).all()


def test_zeros_and_subnormals():
    p = [[0.0, 1.0], [1.0, 0.0], [5e-324, 1.0], [0.5, 0.5]]
    q = [[0.5, 0.5], [0.0, 1.0], [0.5, 0.5], [0.5, 5e-324]]
    half = 0.5 * np.log(0.5 / 1e-15)
    expected = [np.log(2), np.log(1e15), np.log(2), half]
    np.testing.assert_allclose(kl_divergence(p, q), expected, rtol=1e-14)


def test_no_rows():
    assert kl_divergence(np.empty((0, 3)), np.empty((0, 3))).shape == (0,)


def test_inputs_of_every_kind_share_one_signature():
    p, q = draw(30, 4).astype(np.float32), draw(30, 4, 1).astype(np.float32)
    expected = kl_divergence(p.astype(np.float64), q.astype(np.float64))
    locked = p.copy()
    locked.flags.writeable = False
    for left in (p, locked, np.asfortranarray(p), np.repeat(p, 2, axis=1)[:, ::2], p.tolist()):
        np.testing.assert_array_equal(kl_divergence(left, q), expected)
    assert len(_jit.kl_divergence.signatures) == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 1.1])
@pytest.mark.parametrize("side", [0, 1])
def test_unusable_values_are_named(value, side):
    pair = [np.full((3000, 2), 0.5), np.full((3000, 2), 0.5)]
    pair[side][2047, 1] = value
    with pytest.raises(ValueError, match="row 2047 "):
        kl_divergence(*pair)


def test_shapes_must_match():
    with pytest.raises(ValueError, match="one shape"):
        kl_divergence(np.full((3, 2), 0.5), np.full((2, 2), 0.5))
