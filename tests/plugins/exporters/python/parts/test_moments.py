"""Dates and times in every form mean in a written file what they mean to the student."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hpmkd.errors import DataError
from hpmkd.student import LinearModel, Schema, Student, fit_encoder
from hpmkd.student.columns import calendar
from hpmkd_defaults.exporters.python.parity import run_source
from hpmkd_defaults.exporters.python.parts import moments as written
from hpmkd_defaults.exporters.python.source import to_python


@cache
def student(whole_days):
    """A student that reads everything of a moment."""
    hours = 0 if whole_days else 7
    when = [
        np.datetime64("2019-01-01T00", "us") + np.timedelta64(k * (24 * 40 + hours), "h")
        for k in range(50)
    ]
    table = pd.DataFrame({"when": [*when, np.datetime64("NaT")]})
    schema = Schema.fit(table, missing={"when": ("?",)})
    encoder = fit_encoder("linear", schema, table)
    weights = np.linspace(0.1, 1, encoder.n_outputs)[:, np.newaxis]
    return Student(encoder, LinearModel(weights, [0.0]), ["no", "yes"])


@cache
def module(whole_days):
    return run_source(to_python(student(whole_days)))


def check(cell):
    """Both answer alike, or both refuse."""
    for whole_days in (True, False):
        ask = module(whole_days)["predict_proba"]
        try:
            expected = student(whole_days).predict_proba([{"when": cell}])[0]
        except DataError:
            with pytest.raises(ValueError, match="column 'when' holds"):
                ask({"when": cell})
            continue
        np.testing.assert_allclose(ask({"when": cell}), expected, rtol=0, atol=1e-12)


@given(st.datetimes(timezones=st.none() | st.timezones()) | st.dates())
@settings(max_examples=50)
@example(datetime(1, 1, 1))
@example(datetime.max)
@example(datetime.max.replace(tzinfo=UTC))
@example(pd.Timestamp("2024-03-01T12:30:00.123456789"))
@example(np.datetime64("2024-03-01T12", "h"))
@example(np.datetime64("NaT"))
@example(pd.NaT)
@example(pd.NA)
@example(None)
@example(float("nan"))
@example(5)
@example(5.0)
@example(True)
def test_typed(cell):
    check(cell)


digits = st.integers(0, 70).map("{:02}".format)
ends = st.sampled_from(["", ".1", ",12", ".123456", ",1234567890", ":1"])
clock = st.builds("{}{}{}{}{}{}".format, digits, st.sampled_from(["", ":"]), digits,
                  st.sampled_from(["", ":"]), digits, ends)  # fmt: skip
zone = st.sampled_from(["", "Z", "z", "+00", "-00:00", "+02:00", "+0230", "+02:30:15",
                        "-12:34:56.7", "+24:00", "+23:59", "+2", " +02:00", "+02:3"])  # fmt: skip
times = st.builds(
    "{}{}{}".format, clock | digits | st.just("12:30"), zone, st.sampled_from(["", " "])
)
days = st.dates().map(str) | st.sampled_from(["2024-02-30", "2024-3-01", "20240301", "2024-W10-5"])
texts = st.builds("{}{}{}".format, days, st.sampled_from(["T", " ", "t", "", "  "]), times)


@given(texts | days | st.datetimes(timezones=st.none() | st.timezones()).map(datetime.isoformat))
@settings(max_examples=250)
@example("2024-03-01T")
@example("2024-03-01T12")
@example("2024-03-01T12:30Z")
@example("2024-03-01 12:30:00,5+02:00")
@example("2024-03-01T1230")
@example("2024-03-01T12:3015")
@example("2024-03-01T24:00")
@example("2024-03-01T12:30:00.+02:00")
@example("0001-01-01T00:00+01:00")
@example("9999-12-31T23:59-01:00")
@example("٢٠٢٤-03-01")
@example(" NA ")
@example("?")
@example(" ?")
@example("")
@example("soon")
def test_texts(cell):
    check(cell)


def test_parts_and_waves_are_those_of_the_student():
    named = [f"{form} of {part}" if form else part for part, form in calendar.NUMBERS]
    assert list(written.PARTS) == named
    for values, part in ((written.MONTHS, "month"), (written.HOURS, "hour")):
        expected = zip(calendar.waves(part, "sine"), calendar.waves(part, "cosine"), strict=True)
        assert values == list(expected)
