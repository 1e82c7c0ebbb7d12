"""Softened targets: twins, invariants and every degenerate row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hpmkd.kernels import _jit, soften, soften_logits
from tests.kernels import reference

KS = [1, 2, 3, 4, 5, 7, 26, 50, 3000]
TEMPERATURES = [0.1, 0.5, 1, 2, 3.0, 50.0]
temperatures = st.floats(0.2, 20.0)
tables = hnp.arrays(
    np.float64,
    st.tuples(st.integers(0, 9), st.integers(1, 9)),
    elements=st.floats(0.0, 1.0),
).map(lambda table: np.where(table.sum(axis=1, keepdims=True) > 0, table, 1.0))


def draw(n, k, seed=0):
    return np.random.default_rng(seed).dirichlet(np.full(k, 0.3), n)


def frozen(values):
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("k", KS)
def test_equals_its_twin(k, temperature):
    p = np.maximum(draw(40 if k > 100 else 1500, k), 1e-290)
    result = soften(p, temperature)
    np.testing.assert_allclose(result, reference.soften(p, temperature), rtol=1e-12, atol=1e-250)
    np.testing.assert_allclose(result.sum(axis=1), 1.0, rtol=1e-13)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("k", KS)
def test_logits_equal_their_twin(k, temperature):
    z = np.random.default_rng(1).normal(0, 5, (40 if k > 100 else 1500, k))
    result = soften_logits(z, temperature)
    np.testing.assert_allclose(
        result, reference.soften_logits(z, temperature), rtol=1e-12, atol=1e-300
    )


@pytest.mark.parametrize("k", [2, 3, 4])
def test_python_functions_equal_the_compiled(k):
    p, z = draw(7, k), np.random.default_rng(2).normal(size=(7, k))
    p[0, 0] = 0.0
    for inverse in (1.0, 0.25):
        out, logits_out = np.empty(7 * k), np.empty(7 * k)
        assert _jit.soften.py_func(frozen(p), k, inverse, out) == -1
        assert _jit.soften_logits.py_func(frozen(z), k, inverse, logits_out) == -1
        np.testing.assert_allclose(out.reshape(p.shape), soften(p, 1 / inverse), rtol=1e-15)
        np.testing.assert_allclose(
            logits_out.reshape(z.shape), soften_logits(z, 1 / inverse), rtol=1e-15
        )


@given(tables, temperatures)
def test_rows_are_distributions_in_the_old_order(p, temperature):
    result = soften(p, temperature)
    np.testing.assert_allclose(result.sum(axis=1), 1.0, rtol=1e-13)
    assert ((p > 0) | (result == 0)).all()
    for before, after in zip(p, result, strict=True):
        assert (np.diff(after[np.argsort(before, kind="stable")]) >= -1e-15).all()


@given(tables, temperatures, temperatures)
def test_softening_composes(p, a, b):
    p = np.where(p < 1e-12, 0.0, p)
    p[p.sum(axis=1) == 0] = 1.0
    np.testing.assert_allclose(soften(soften(p, a), b), soften(p, a * b), rtol=1e-10, atol=1e-14)


@given(tables, temperatures)
def test_softer_is_flatter(p, temperature):
    assert (
        soften(p, temperature + 1).max(axis=1) <= soften(p, temperature).max(axis=1) + 1e-12
    ).all()


@pytest.mark.parametrize("function", [soften, soften_logits])
@pytest.mark.parametrize("k", [2, 4, 26])
def test_bits_do_not_depend_on_the_batch(function, k):
    p = draw(3000, k)
    whole = function(p, 3.0)
    for i in (0, 1, 77, 1023, 2999):
        np.testing.assert_array_equal(function(p[i : i + 1], 3.0), whole[i : i + 1])
    np.testing.assert_array_equal(function(p[5:2001], 3.0), whole[5:2001])


def test_zeros_stay_zero_and_a_missing_class_stays_missing():
    p = [[0.0, 0.4, 0.6], [0.0, 1.0, 0.0]]
    for temperature in TEMPERATURES:
        result = soften(p, temperature)
        assert (result[:, 0] == 0).all()
        assert result[1].tolist() == [0, 1, 0]


def test_subnormals_are_softened_exactly():
    p = np.array([[5e-324, 1.0], [5e-324, 1e-323], [1e-310, 0.0]])
    result = soften(p, 10.0)
    np.testing.assert_allclose(result, reference.soften(p, 10.0), rtol=1e-12)
    np.testing.assert_allclose(soften(p, 1.0)[1], [1 / 3, 2 / 3], rtol=1e-12)


def test_powers_out_of_range_fall_back_to_logarithms():
    p = np.array([[0.01, 0.02, 0.0], [1e300, 2e300, 1e299], [0.5, 0.25, 0.25]])
    np.testing.assert_allclose(
        soften(p, 0.002), reference.soften(p, 0.002), rtol=1e-10, atol=1e-250
    )
    assert soften([[0.2, 0.8]], 5e-324).tolist() == [[0, 1]]
    assert soften_logits([[0.2, 0.8]], 5e-324).tolist() == [[0, 1]]
    np.testing.assert_allclose(soften([[0.2, 0.8]], 1e300), [[0.5, 0.5]])


def test_temperature_one_is_a_normalised_copy():
    p = np.array([[1.0, 3.0], [0.25, 0.75]])
    result = soften(p, 1)
    np.testing.assert_array_equal(result, [[0.25, 0.75], [0.25, 0.75]])
    assert not np.shares_memory(result, p)


def test_logits_of_minus_infinity_are_zero():
    result = soften_logits([[-np.inf, 0.0, -np.inf], [1e4, -1e4, -np.inf]], 2.0)
    assert result.tolist() == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize("function", [soften, soften_logits])
def test_no_rows(function):
    assert function(np.empty((0, 3)), 2.0).shape == (0, 3)


@pytest.mark.parametrize("function", [soften, soften_logits])
def test_inputs_of_every_kind_share_one_signature(function):
    kernel = getattr(_jit, function.__name__)
    p = draw(50, 4).astype(np.float32).astype(np.float64)
    expected = function(p, 2.0)
    locked = p.copy()
    locked.flags.writeable = False
    wide = np.repeat(p, 2, axis=1)[:, ::2]
    swapped = p.astype(p.dtype.newbyteorder())
    for same in (p.astype(np.float32), locked, np.asfortranarray(p), wide, p.tolist(), swapped):
        np.testing.assert_array_equal(function(same, 2), expected)
    assert len(kernel.signatures) == 1


@pytest.mark.parametrize("row", [[0, np.nan], [0.5, np.inf], [1.1, -0.1], [0, 0], [np.nan, 1]])
@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_unusable_probabilities_are_named(row, temperature):
    p = np.full((3000, 2), 0.5)
    p[2047] = row
    p[2500] = np.nan
    with pytest.raises(ValueError, match="row 2047 "):
        soften(p, temperature)


@pytest.mark.parametrize("row", [[0, np.nan], [0, np.inf], [-np.inf, -np.inf], [np.nan, 0]])
def test_unusable_logits_are_named(row):
    z = np.zeros((3000, 2))
    z[2047] = row
    with pytest.raises(ValueError, match="row 2047 "):
        soften_logits(z, 2.0)


@pytest.mark.parametrize("function", [soften, soften_logits])
@pytest.mark.parametrize("temperature", [0.0, -1.0, np.inf, np.nan])
def test_temperature_must_be_positive_and_finite(function, temperature):
    with pytest.raises(ValueError, match="temperature"):
        function([[0.5, 0.5]], temperature)


@pytest.mark.parametrize("function", [soften, soften_logits])
@pytest.mark.parametrize("values", [[0.5, 0.5], np.empty((2, 0)), np.ones((2, 2, 2))])
def test_shape_must_be_a_table(function, values):
    with pytest.raises(ValueError, match="shape"):
        function(values, 2.0)
