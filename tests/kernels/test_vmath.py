"""The polynomial exponential and logarithm, and the code they compile to."""

import platform
import re

import numpy as np
import pytest
from numba import njit

from hpmkd.kernels import _jit

OPTIONS = {"fastmath": {"contract", "nsz", "arcp"}, "error_model": "numpy"}
extended = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="long double is no wider than double here"
)


@njit(**OPTIONS)
def each_exp(values, out):
    for j in range(values.size):
        out[j] = _jit.vexp(values[j])


@njit(**OPTIONS)
def each_log(values, out):
    for j in range(values.size):
        out[j] = _jit.vlog(values[j])


def apply(loop, values):
    out = np.empty_like(values)
    loop(values, out)
    return out


def worst_ulp(result, exact):
    return float((np.abs(result - exact) / np.spacing(np.abs(exact.astype(np.float64)))).max())


@extended
@pytest.mark.parametrize("decades", [300.0, 1.0, 0.2, 1e-3])
def test_log_is_within_bounds(decades):
    x = 10.0 ** np.random.default_rng(0).uniform(-decades, decades, 300_000)
    assert worst_ulp(apply(each_log, x), np.log(x.astype(np.longdouble))) <= 2.5


@extended
@pytest.mark.parametrize("bound", [690.8, 10.0, 1.0, 1e-3])
def test_exp_is_within_bounds(bound):
    x = np.random.default_rng(1).uniform(-bound, bound, 300_000)
    assert worst_ulp(apply(each_exp, x), np.exp(x.astype(np.longdouble))) <= 2.5


def test_exp_at_the_edges():
    x = np.array([-np.inf, -1e300, -709.2, 0.0, 709.0, 720.0, 1e300, np.inf, np.nan])
    expected = [0.0, 0.0, 0.0, 1.0, np.exp(709.0), np.inf, np.inf, np.inf, np.nan]
    np.testing.assert_allclose(apply(each_exp, x), expected, rtol=1e-15)


def test_log_at_the_edges():
    x = np.array([1.0, 2.2250738585072014e-308, 1.7976931348623157e308, 0.5, 2.0])
    np.testing.assert_allclose(apply(each_log, x), np.log(x), rtol=1e-15, atol=0)
    assert apply(each_log, x)[0] == 0.0


def test_python_twins_agree_with_the_compiled():
    for x in np.array([1e-300, 0.3, 0.7, 1.0, 1.5, 1e300]):
        assert _jit.vlog_ratio.py_func(x, 1.0) == pytest.approx(np.log(x), rel=1e-15, abs=1e-300)
        assert _jit.vlog.py_func(x) == pytest.approx(np.log(x), rel=1e-15, abs=1e-300)
    for x in np.array([-1e4, -700.0, -1.0, 0.0, 1.0, 700.0]):
        assert _jit.vexp.py_func(x) == pytest.approx(np.exp(x), rel=1e-15)


def test_log_ratio_of_equals_is_exactly_zero():
    for x in np.random.default_rng(2).random(1000):
        assert _jit.vlog_ratio(x, x) == 0.0


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="x86-64 registers")
def test_soften_multiplies_packed():
    # A kernel from the cache cannot be inspected, so this one is compiled anew.
    fresh = njit(**OPTIONS)(_jit.soften.py_func)
    source = np.full(8, 0.5)
    source.flags.writeable = False
    fresh(source, 2, 0.5, np.empty(8))
    assembly = next(iter(fresh.inspect_asm().values()))
    assert re.search(r"\bv?(mulpd|fn?m(add|sub)\d+pd)\s.*%?[yz]mm", assembly)
