"""Warnings point at the line that called hpmkd."""

from __future__ import annotations

import numpy as np
import pytest

import hpmkd
from hpmkd.errors import DataWarning


def test_a_warning_from_deep_inside_points_at_the_callers_line(wine):
    X, y = wine
    constant = np.c_[X, np.zeros(len(X))]
    with pytest.warns(DataWarning, match="never change") as caught:
        hpmkd.distill(constant, y, student="tree", settings={"memory": "none", "front.size": 0})
    assert [each.filename for each in caught] == [__file__]
