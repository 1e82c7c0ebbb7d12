from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from hpmkd_defaults.exporters.thresholds import exact_bounds

thresholds = st.floats(width=32, allow_nan=False)
offsets = st.sampled_from([0.0, 1.7e12, -3.5, 1e-3])


@given(thresholds, offsets | st.floats(-1e13, 1e13), st.floats(allow_nan=False))
@example(0.0, 1.7e12, 1.7e12)
@example(np.inf, 1.7e12, 1e300)
@example(-np.inf, 1.7e12, -np.inf)
def test_comparing_doubles_is_comparing_what_they_round_to(threshold, offset, x):
    bound = exact_bounds([threshold], [offset])[0]
    beside = [np.nextafter(bound, -np.inf), bound, np.nextafter(bound, np.inf)]
    with np.errstate(over="ignore"):
        for cell in (*beside, np.float64(x), np.inf, -np.inf):
            assert (cell < bound) == (np.float32(cell - offset) < np.float32(threshold))


def test_a_tie_goes_to_the_even_neighbour():
    one = np.float32(1)
    for threshold in (one, np.nextafter(one, np.float32(2))):
        bound = exact_bounds([threshold], [0.0])[0]
        middle = (float(np.nextafter(threshold, np.float32(0))) + float(threshold)) / 2
        assert np.float32(middle) == one
        assert bound == (middle if threshold == one else np.nextafter(middle, 2))


def test_there_is_no_negative_zero():
    assert str(exact_bounds([0.0], [0.0])[0]) != "-0.0"
