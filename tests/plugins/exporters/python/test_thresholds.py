"""Thresholds in few digits split float32 as the long ones do."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from hpmkd_defaults.exporters.python.thresholds import short_threshold

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
