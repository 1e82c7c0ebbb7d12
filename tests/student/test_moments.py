"""Cells that hold a moment, in every form."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.errors import DataError
from hpmkd.student.columns.cells import kind_of, read_moments
from hpmkd.student.columns.moments import NO_MOMENT, as_microseconds, is_aware, moment_of

BERLIN = ZoneInfo("Europe/Berlin")
HALF_PAST = dt.datetime(2024, 3, 1, 12, 30)


def objects(*cells):
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


@pytest.mark.parametrize(
    "cell",
    [
        "2024-03-01T12:30:00Z",
        "2024-03-01 12:30",
        "2024-03-01T13:30:00.000+01:00",
        "2024-03-01T07:30:00-0500",
        HALF_PAST,
        HALF_PAST.replace(tzinfo=dt.UTC),
        dt.datetime(2024, 3, 1, 13, 30, tzinfo=BERLIN),
        pd.Timestamp("2024-03-01 12:30:00.000000999"),
        pd.Timestamp("2024-03-01 13:30", tz="Europe/Berlin"),
        np.datetime64("2024-03-01T12:30"),
        np.datetime64("2024-03-01T12:30:00.000000999"),
        np.datetime64("2024-03-01T12:30", "5m"),
    ],
    ids=repr,
)
def test_a_moment_is_the_same_in_every_form(cell):
    assert moment_of(cell).replace(tzinfo=None) == HALF_PAST


@pytest.mark.parametrize(
    "cell", [None, float("nan"), np.float32("nan"), pd.NaT, np.datetime64("NaT"), "", "NA", " "]
)
def test_missing_cells_hold_none(cell):
    assert moment_of(cell) is None


NO_DATES = [
    "soon", "20240301", "2024-W09-5", "2024-03", "2024-13-01", "2024-03-01T", "2024-03-01x12",
    3, 1.5, True, b"2024-03-01", dt.time(1), np.timedelta64(1, "s"), np.datetime64(20_000, "Y"),
    np.datetime64(10**18, "s"), "0001-01-01T00:00+01:00",
]  # fmt: skip


@pytest.mark.parametrize("cell", NO_DATES, ids=repr)
def test_what_is_no_moment_is_an_error(cell):
    with pytest.raises(NO_MOMENT):
        moment_of(cell)


@pytest.mark.parametrize("unit", ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "as"])
def test_units_are_rounded_down_to_microseconds(unit):
    count = np.array([-1, 0, 1, np.iinfo(np.int64).min]).astype(f"datetime64[{unit}]")
    found = as_microseconds(count)
    assert np.isnat(found[-1])
    for cell, expected in zip(count, found, strict=True):
        alone = moment_of(cell)
        assert expected == np.datetime64(None if alone is None else alone, "us") or alone is None


@given(st.datetimes())
def test_text_is_read_as_the_moment_that_it_was(moment):
    assert moment_of(moment.isoformat()) == moment_of(moment.isoformat(" ")) == moment


def test_text_and_moments_know_whether_they_have_a_zone():
    assert is_aware("2024-03-01T12:30Z")
    assert is_aware(dt.datetime(2024, 3, 1, tzinfo=BERLIN))
    assert not is_aware("2024-03-01")
    assert not is_aware(dt.date(2024, 3, 1))
    assert not is_aware(np.datetime64("2024-03-01"))


@pytest.mark.parametrize(
    "cells",
    [
        np.array(["2024-03-01"], dtype="datetime64[D]"),
        pd.Series(pd.to_datetime(["2024-03-01", None])),
        pd.Series(pd.to_datetime(["2024-03-01"])).dt.tz_localize("Europe/Berlin"),
        pd.Series([pd.NaT, pd.NaT]),
        pd.Series(["2024-03-01", None, "2024-03-01T12:30Z"]),
        objects("2024-03-01", HALF_PAST, np.datetime64("2024"), None),
        objects(dt.date(2024, 3, 1), float("nan")),
        pd.Series(["2024-03-01", "", "null"]),
    ],
    ids=str,
)
def test_columns_of_nothing_but_moments_are_such(cells):
    assert kind_of(cells) == "datetime"
    assert read_moments(cells, "c").dtype == "datetime64[us]"


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (pd.Series(["2024-03-01", "soon"]), "category"),
        (pd.Series(["20240301", "20240302"]), "category"),
        (pd.Series(["2024-03-01"], dtype="category"), "category"),
        (objects(None, None), "category"),
        (pd.Series(["", "null"]), "category"),
        (objects(HALF_PAST, 1.5), "number"),
        (pd.Series(pd.to_timedelta(["1s"])), "number"),
        (objects(dt.timedelta(1), None), "number"),
    ],
    ids=str,
)
def test_other_columns_are_not(cells, kind):
    assert kind_of(cells) == kind


def test_arrow_moments_are_read():
    pa = pytest.importorskip("pyarrow")
    typed = pd.Series(pd.to_datetime(["2024-03-01 12:30", None]))
    expected = typed.to_numpy("datetime64[us]")
    for kind in (pa.timestamp("ns"), pa.timestamp("s", tz="Europe/Berlin")):
        column = typed.astype(pd.ArrowDtype(kind))
        assert kind_of(column) == "datetime"
        np.testing.assert_array_equal(read_moments(column, "c"), expected)
    days = pd.Series(pa.array([dt.date(2024, 3, 1)]).to_pandas(types_mapper=pd.ArrowDtype))
    assert read_moments(days, "c").tolist() == [dt.datetime(2024, 3, 1)]


@pytest.mark.parametrize(
    "bad", ["soon", [1], 1709251200, 3.5, np.datetime64(20_000, "Y")], ids=repr
)
def test_a_cell_that_is_no_moment_is_shown(bad):
    with pytest.raises(DataError, match=r"column 'when' holds .*expected dates") as raised:
        read_moments(objects("2024-03-01", None, bad), "when")
    assert repr(bad) in str(raised.value)


def test_numbers_are_no_moments():
    with pytest.raises(DataError, match=r"holds .*1709251200"):
        read_moments(np.array([1709251200.0]), "when")
    assert np.isnat(read_moments(np.array([np.nan]), "when")).all()
