"""Columns of dates among text: what is none of them is settled before the rows are divided."""

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.dates import settle_dates
from hpmkd.data.make_dataset import make_dataset
from hpmkd.errors import DataError, DataWarning
from hpmkd.student import Schema

DAYS = [f"2024-03-{day:02d}" for day in range(1, 31)]


def settled(*cells, warned=None):
    table = pd.DataFrame({"a": np.arange(len(cells)), "when": pd.Series(cells, dtype=object)})
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found, _ = settle_dates(table)
    assert [warning.category for warning in seen] == [DataWarning] * (warned is not None)
    if warned is not None:
        assert warned in str(seen[0].message)
    assert (found is table) == found.equals(table)
    return found["when"]


def test_few_odd_cells_are_missing_and_named():
    when = settled(*DAYS, None, "unknown", warned="'when' holds dates, but 1 of 32 cells")
    assert when.isna().tolist() == [False] * 30 + [True, True]
    assert Schema.fit({"when": when}).columns[0].kind == "datetime"


def test_of_many_odd_cells_the_column_is_a_category():
    when = settled(*DAYS, "open", "closed", warned="other text in 6% of its cells")
    assert Schema.fit({"when": when}).columns[0].kind == "category"


def test_dates_with_and_without_a_zone_are_warned_of():
    settled(*DAYS, "2024-04-01T00:00Z", warned="with a time zone (1) and without one (30)")
    aware = dt.datetime(2024, 4, 1, tzinfo=dt.UTC)
    settled(dt.date(2024, 3, 1), aware, warned="are taken as UTC")
    settled(*DAYS)
    settled("2024-04-01T00:00Z", "2024-04-01T00:00+02:00")


def test_columns_without_dates_are_left_alone():
    settled("a", "b", None)
    settled(None, None)


def test_arrays_of_objects_are_settled_too():
    cells = np.array([[day, at] for at, day in enumerate([*DAYS, "?"])], dtype=object)
    with pytest.warns(DataWarning, match=r"'x0' holds dates, .* '\?'"):
        found = make_dataset(cells, np.arange(31) % 2)
    assert pd.isna(found.table[-1, 0])
    assert found.missing == {"x0": ("?",)}
    assert cells[-1, 0] == "?"


def test_a_dataset_is_settled_before_it_is_divided():
    rows = pd.DataFrame({"when": [*DAYS, "unknown"], "b": np.arange(31.0)})
    with pytest.warns(DataWarning, match="unknown"):
        dataset = make_dataset(rows, np.arange(31) % 2)
    assert dataset.table["when"].isna().sum() == 1
    schema = Schema.fit(dataset.features, missing=dataset.missing)
    assert schema.columns[0].missing == ("unknown",)
    assert Schema.from_json(schema.to_json()) == schema
    odd, known = schema.matrix({"when": ["unknown", DAYS[0]], "b": [1.0, 1.0]})[:, 0]
    assert np.isnan(odd)
    assert not np.isnan(known)
    with pytest.raises(DataError, match="'soon'"):
        schema.matrix({"when": ["unknown", "soon"], "b": [1.0, 1.0]})
