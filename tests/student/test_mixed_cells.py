"""A cell is read alike whatever stands beside it, in every form of table."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.errors import DataError
from hpmkd.student import Schema
from hpmkd.student.columns.cells import kind_of, read_numbers, read_texts

NEW_YEAR = 1609459200.0  # 2021-01-01 UTC
OTHERS = [(), (1.5,), (None, 3), (dt.date(1970, 1, 2), True, "7")]
PARIS = dt.timezone(dt.timedelta(hours=1))
SCHEMA = Schema.fit({"c": [1.5, 2.5], "d": [1.0, 2.0]})


def column(*cells):
    array = np.empty(len(cells), dtype=object)
    for at, cell in enumerate(cells):
        array[at] = cell
    return array


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        (np.datetime64("2021-01-01"), NEW_YEAR),
        (np.datetime64("2021-01-01", "ns"), NEW_YEAR),
        (np.datetime64("2021"), NEW_YEAR),
        (np.datetime64("2021-01-01", "25s"), NEW_YEAR),
        (np.datetime64("9999-01-01T00:00:00.5"), 253370764800.5),
        (pd.Timestamp("2021-01-01"), NEW_YEAR),
        (pd.Timestamp("2021-01-01 00:00:00.000000001"), NEW_YEAR + 1e-9),
        (pd.Timestamp("2021-01-01 01:00", tz="Europe/Paris"), NEW_YEAR),
        (dt.datetime(2021, 1, 1), NEW_YEAR),
        (dt.datetime(2021, 1, 1, 1, tzinfo=PARIS), NEW_YEAR),
        (dt.datetime(9999, 1, 1), 253370764800.0),
        (dt.date(2021, 1, 1), NEW_YEAR),
        (np.timedelta64(5, "m"), 300.0),
        (np.timedelta64(5, "ms"), 0.005),
        (pd.Timedelta(1500, "ms"), 1.5),
        (dt.timedelta(days=1), 86400.0),
        (np.datetime64("NaT", "s"), np.nan),
        (np.timedelta64("NaT", "s"), np.nan),
        (pd.NaT, np.nan),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "others", [(), (1.5,), (None, 3), (dt.date(1970, 1, 2), True, "7")], ids=repr
)
def test_moments_and_durations_are_seconds_whatever_stands_beside_them(cell, seconds, others):
    np.testing.assert_array_equal(read_numbers(column(cell, *others), "c")[0], seconds)
    np.testing.assert_array_equal(read_numbers(column(*others, cell), "c")[-1], seconds)


def test_numbers_beside_moments_stay_as_they_are():
    cells = column(1.5, np.datetime64("2021-01-01"), 3, None, True, np.timedelta64(5, "m"), "7")
    expected = [1.5, NEW_YEAR, 3, np.nan, 1, 300, 7]
    np.testing.assert_array_equal(read_numbers(cells, "c"), expected)


def test_a_column_of_moments_and_numbers_is_a_number_column_in_training_too():
    assert kind_of(column(pd.Timestamp("2021-01-01"), 1.5, None)) == "number"
    assert kind_of(column(np.timedelta64(5, "m"), pd.Timedelta("1s"), 2)) == "number"
    assert kind_of(column(np.datetime64("2021-01-01"), dt.date(2021, 1, 1))) == "datetime"
    assert kind_of(column(dt.date(2021, 1, 1), "soon")) == "category"


@pytest.mark.parametrize("odd", ["soon", dt.time(1, 2), pd.Period("2021-01"), 1j, [3.0]], ids=repr)
def test_what_is_no_number_is_named_among_moments(odd):
    with pytest.raises(DataError, match="column 'c' holds") as raised:
        read_numbers(column(dt.date(2021, 1, 1), 1.5, odd, np.timedelta64(1, "s")), "c")
    assert repr(odd) in str(raised.value)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        (
            "2021-01-01T00:00:00",
            [
                np.datetime64("2021-01-01"),
                np.datetime64("2021-01-01", "ns"),
                dt.date(2021, 1, 1),
                dt.datetime(2021, 1, 1),
                dt.datetime(2021, 1, 1, 1, tzinfo=PARIS),
                pd.Timestamp("2021-01-01"),
                pd.Timestamp("2021-01-01 01:00", tz="Europe/Paris"),
            ],
        ),
        ("2021-01-01T00:00:00.000000001", [pd.Timestamp("2021-01-01 00:00:00.000000001")]),
        ("9999-01-01T00:00:00.500", [dt.datetime(9999, 1, 1, 0, 0, 0, 500_000)]),
        ("300 seconds", [np.timedelta64(5, "m"), pd.Timedelta("5min"), dt.timedelta(minutes=5)]),
        ("1500 milliseconds", [np.timedelta64(1_500_000, "us"), pd.Timedelta("1.5s")]),
    ],
    ids=str,
)
def test_moments_that_are_categories_are_spelt_alike(text, cells):
    for cell in cells:
        for others in ([], ["x"], [1.5, None]):
            for make in (lambda all_: pd.DataFrame([{"c": each} for each in all_])["c"],
                         lambda all_: column(*all_)):  # fmt: skip
                codes, texts = read_texts(make([cell, *others]))
                assert texts[codes[0]] == text


def test_what_no_nanosecond_holds_is_spelt_in_its_own_unit():
    assert read_texts(column(np.timedelta64(5, "as")))[1] == ["5 attoseconds"]


def in_unit(kind, low, high, *units):
    return st.builds(kind, st.integers(low, high), st.sampled_from(units))


NUMBERS = st.one_of(st.floats(), st.integers(-(2**70), 2**70), st.booleans(), st.none())
MISSING = st.sampled_from(
    [None, np.nan, pd.NaT, pd.NA, np.datetime64("NaT", "D"), np.timedelta64("NaT", "s")]
)
NAIVE = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1))
AWARE = st.datetimes(
    dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1), timezones=st.sampled_from([dt.UTC, PARIS])
)
SPANS = st.timedeltas(dt.timedelta(days=-9999), dt.timedelta(days=9999))
MOMENTS = st.one_of(
    NAIVE,
    AWARE,
    st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)),
    st.builds(pd.Timestamp, st.one_of(NAIVE, AWARE)),
    st.integers(-(2**60), 2**60).map(pd.Timestamp),
    in_unit(np.datetime64, -(10**5), 10**5, "D", "h", "s", "ms", "us", "ns"),
    in_unit(np.datetime64, -(2**60), 2**60, "us", "ns"),
)
DURATIONS = st.one_of(
    SPANS,
    SPANS.map(pd.Timedelta),
    in_unit(np.timedelta64, -(10**5), 10**5, "W", "D", "h", "m", "s", "ms", "us", "ns"),
)
CELLS = st.one_of(NUMBERS, MISSING, MOMENTS, DURATIONS)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6))
def test_a_row_alone_is_read_as_among_others(rows):
    dicts = [dict(zip("cd", row, strict=True)) for row in rows]
    frame = pd.DataFrame(
        {"c": pd.Series(column(*(row[0] for row in rows)), dtype=object),
         "d": pd.Series(column(*(row[1] for row in rows)), dtype=object)}
    )  # fmt: skip
    whole = np.transpose(SCHEMA.read(dicts))
    columns = {name: [row[name] for row in dicts] for name in "cd"}
    for table in (frame, columns, rows, np.array(rows, dtype=object)):
        np.testing.assert_array_equal(np.transpose(SCHEMA.read(table)), whole)
    for at, row in enumerate(dicts):
        np.testing.assert_array_equal(np.ravel(SCHEMA.read([row])), whole[at])
        np.testing.assert_array_equal(np.ravel(SCHEMA.read(frame.iloc[[at]])), whole[at])
