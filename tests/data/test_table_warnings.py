from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.make_dataset import make_dataset

N = 12
X = np.random.default_rng(0).normal(size=(N, 3))
CODES = np.arange(N) % 2


class TestLabelsInAnotherOrder:
    FRAME = pd.DataFrame(X, columns=["a", "b", "c"], index=np.arange(N) + 5)

    def warnings(self, rows, labels):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            dataset = make_dataset(rows, labels)
        assert dataset.labels.tolist() == np.asarray(labels).ravel().tolist()
        return [str(each.message) for each in caught]

    @pytest.mark.parametrize("kind", [pd.Series, pd.DataFrame])
    def test_a_permuted_index_is_warned_of(self, kind):
        labels = kind(CODES, index=self.FRAME.index[::-1])
        (warning,) = self.warnings(self.FRAME, labels)
        assert "labels are taken by position" in warning
        assert ".loc[X.index]" in warning

    def test_names_count_as_numbers_do(self):
        rows = self.FRAME.set_axis(list("abcdefghijkl"))
        (warning,) = self.warnings(rows, pd.Series(CODES, index=list("bacdefghijkl")))
        assert "by position" in warning

    @pytest.mark.parametrize(
        "index", [np.arange(N) + 5, np.arange(N), list("abcdefghijkl")], ids=["same", "new", "text"]
    )
    def test_another_index_is_no_reason_to_warn(self, index):
        assert self.warnings(self.FRAME, pd.Series(CODES, index=index)) == []

    def test_arrays_have_no_index(self):
        assert self.warnings(self.FRAME, CODES) == []
        assert self.warnings(X, pd.Series(CODES, index=np.arange(N)[::-1])) == []
        assert self.warnings(self.FRAME, CODES.tolist()) == []


@pytest.mark.parametrize(("columns", "warned"), [(2000, False), (2001, True)])
def test_too_many_columns_are_warned_of(columns, warned):
    wide = np.random.default_rng(0).normal(size=(N, columns))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make_dataset(wide, CODES)
    messages = [str(each.message) for each in caught]
    assert ["2,001 columns for 12 rows: above 2,000" in each for each in messages] == [
        True
    ] * warned
