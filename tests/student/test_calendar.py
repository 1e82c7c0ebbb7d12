"""Moments as numbers, alone and in columns."""

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.student.columns.calendar import PARTS, Calendar

ALL = Calendar(86_400, whole_days=False, parts=PARTS)


def column(*texts):
    return np.array(texts, dtype="datetime64[us]")


def test_parts_that_never_differ_are_left_out():
    days = column("2024-03-01", "2024-03-02", "NaT")
    assert Calendar.learn(days).parts == ("weekday",)
    assert Calendar.learn(days).whole_days
    hours = column("2024-03-01T10", "2024-04-05T11:30")
    assert Calendar.learn(hours).parts == ("month", "hour")
    assert not Calendar.learn(hours).whole_days
    assert Calendar.learn(column("NaT")) == Calendar(0, False, ())
    assert Calendar.learn(column("2024-03-01")).numbers == (("moment", ""),)


def test_the_origin_keeps_differences_in_single_precision():
    moments = np.datetime64("2024-03-01", "us") + np.arange(1000) * np.timedelta64(1, "s")
    (seconds, *_) = Calendar.learn(moments).read(moments)
    np.testing.assert_array_equal(np.diff(seconds.astype(np.float32)), 1)


def test_what_is_read():
    read = dict(zip(ALL.numbers, ALL.read_cell("1970-01-02T06:00"), strict=True))
    assert read["moment", ""] == 6 * 3600
    assert [read[part, ""] for part in PARTS] == [1970, 1, 4, 6]  # a Friday
    assert (read["month", "sine"], read["month", "cosine"]) == pytest.approx(
        (math.sin(math.pi / 6), math.cos(math.pi / 6))
    )
    assert (read["hour", "sine"], read["hour", "cosine"]) == (1.0, 0.0)


def test_days_alone_do_not_look_at_the_time():
    days = Calendar(0, whole_days=True, parts=("weekday",))
    assert days.read_cell("1970-01-03T23:59") == days.read_cell("1970-01-03") == (172_800, 5)
    assert [x.tolist() for x in days.read(column("1970-01-03T23:59"))] == [[172_800], [5]]


@given(st.lists(st.none() | st.datetimes(), min_size=1), st.booleans())
def test_a_cell_alone_is_read_as_in_a_column(moments, whole_days):
    calendar = Calendar(86_400, whole_days, PARTS)
    together = np.transpose(calendar.read(np.array(moments, dtype="datetime64[us]")))
    alone = [calendar.read_cell(cell) for cell in moments]
    np.testing.assert_array_equal(together, np.array(alone, dtype=np.float64))


@given(st.datetimes())
def test_parts_are_those_of_python(moment):
    read = dict(zip(ALL.numbers, ALL.read_cell(moment), strict=True))
    expected = [moment.year, moment.month, moment.weekday(), moment.hour]
    assert [read[part, ""] for part in PARTS] == expected
    since = (moment - dt.datetime(1970, 1, 2)).total_seconds()
    assert read["moment", ""] == pytest.approx(since, abs=1e-4)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-02"),
        (90, "1970-01-02T00:01:30"),
        (3600, "1970-01-02T01:00"),
        (0.5, "1970-01-02T00:00:00.500000"),
        (1e15, "the last day"),
        (-1e15, "the first day"),
    ],
)
def test_moments_are_written_as_dates(seconds, text):
    assert ALL.text(seconds) == text


@pytest.mark.parametrize(
    "odd",
    [
        {"origin": 1.5},
        {"origin": 10**15},
        {"whole_days": 1},
        {"parts": ("hour", "year")},
        {"parts": ("second",)},
    ],
    ids=str,
)
def test_other_calendars_are_refused(odd):
    with pytest.raises(ValueError, match="expected"):
        Calendar(**odd)


@pytest.mark.parametrize(
    "plain", [{}, {"origin": 0, "whole_days": True}, {**ALL.to_json(), "parts": None}], ids=str
)
def test_a_file_may_hold_no_other_calendar(plain):
    assert Calendar.from_json(ALL.to_json()) == ALL
    with pytest.raises(ValueError, match="odd calendar"):
        Calendar.from_json(plain)
