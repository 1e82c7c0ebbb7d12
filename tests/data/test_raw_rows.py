"""Numbers of more than double precision become doubles, which every model and library reads."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.labels import as_labels
from hpmkd.data.probabilities import given_probabilities
from hpmkd.data.raw_rows import as_table
from hpmkd.errors import DataError

ROWS = np.array([[1, 2.5], [np.nan, 4]], dtype=np.longdouble)


def test_long_doubles_become_doubles():
    table = as_table(ROWS)
    assert table.dtype == np.float64
    np.testing.assert_array_equal(table, ROWS.astype(float))
    frame = as_table(pd.DataFrame(ROWS, columns=["a", "b"]).assign(c=["x", "y"]))
    assert [str(kind) for kind in frame.dtypes[:2]] == ["float64", "float64"]


@pytest.mark.skipif(
    np.finfo(np.longdouble).max == np.finfo(float).max, reason="long doubles are doubles here"
)
def test_a_long_double_beyond_the_doubles_is_infinite():
    with pytest.raises(DataError, match="column 1 holds 1 cells that are infinite"):
        as_table(np.array([[1, 2], [3, np.longdouble("1e400")]], dtype=np.longdouble))


def test_labels_and_probabilities_may_be_long_doubles():
    labels = as_labels(np.array([0, 1, 1], dtype=np.longdouble), 3)
    assert labels.dtype == np.float64
    matrix = np.array([[0.25, 0.75]], dtype=np.longdouble)
    classes = np.array([0.0, 1.0])
    assert given_probabilities(matrix, classes, 1).dtype == np.float64
    named = pd.DataFrame(matrix[:, ::-1], columns=["p_1", "p_0"])
    np.testing.assert_array_equal(given_probabilities(named, classes, 1), [[0.25, 0.75]])
