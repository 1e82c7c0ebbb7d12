"""Conditions hold for just those doubles for which they hold in the student."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hpmkd_defaults.exporters.python.thresholds import exact_threshold, short_threshold

singles = st.floats(width=32, allow_nan=False).map(np.float32)


@given(singles)
@example(np.float32(0.7))
@example(np.float32(992.1))
@example(np.float32(-0.7))
@example(np.float32(1e-45))
@example(np.float32(-1e-45))
@example(np.float32(3.4028235e38))
@example(np.float32(-3.4028235e38))
@example(np.float32(-0.0))
def test_a_short_threshold_splits_float32_as_the_long_one(threshold):
    short = short_threshold(threshold)
    with np.errstate(over="ignore"):
        before = np.nextafter(threshold, np.float32(-np.inf))
    assert not float(threshold) < short
    assert before == threshold or float(before) < short


def test_a_short_threshold_is_short():
    assert [short_threshold(np.float32(text)) for text in ("37.5", "0.7", "992.1")] == [
        *(37.5, 0.69999998, 992.09997)
    ]


def rounded(x, offset):
    with np.errstate(over="ignore"):
        return np.float32(x - offset)


@given(singles, st.floats(-1e13, 1e13), st.floats(allow_nan=False))
@example(np.float32(0), 1.7e12, 1.7e12)
@example(np.float32(np.inf), 1.7e12, math.inf)
@example(np.float32(np.inf), 1.7e12, 1e300)
@example(np.float32(-np.inf), 1.7e12, -math.inf)
def test_an_exact_threshold_moves_the_condition_to_the_cell(threshold, offset, x):
    exact = exact_threshold(float(threshold), offset)
    beside = (math.nextafter(exact, -math.inf), exact, math.nextafter(exact, math.inf))
    for cell in (x, *beside, -math.inf, math.inf):
        assert (cell < exact) == bool(rounded(cell, offset) < threshold)


@pytest.mark.parametrize(("threshold", "expected"), [(-math.inf, -math.inf), (math.inf, 2.0**128)])
def test_infinite_thresholds(threshold, expected):
    assert exact_threshold(threshold, 0.0) == pytest.approx(expected)
