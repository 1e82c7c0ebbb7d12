"""Cells mean in a written file what they mean to the student, however they are spelt."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hpmkd.errors import DataError
from hpmkd.student import LinearModel, Schema, Student, fit_encoder
from hpmkd.student.columns import spelling
from hpmkd_defaults.exporters.python.parity import run_source
from hpmkd_defaults.exporters.python.parts import cells
from hpmkd_defaults.exporters.python.source import to_python

LEVELS = ("01", "2", "3.5", "TRUE", "no", "", "None", "2024-03-01T12:30:00", "90 seconds")
TABLE = {
    "number": [*np.linspace(-3, 3, len(LEVELS)).tolist(), None],
    "text": [*LEVELS, None],
}


@cache
def student():
    """A student of which every level, every number and a missing cell answer otherwise."""
    schema = Schema.fit(TABLE, missing={"number": ("?", "unknown")})
    encoder = fit_encoder("linear", schema, TABLE)
    weights = np.linspace(0.1, 1, encoder.n_outputs)[:, np.newaxis]
    return Student(encoder, LinearModel(weights, [0.0]), ["no", "yes"])


@cache
def module():
    return run_source(to_python(student()))


def check(row):
    """Both answer alike, or both refuse."""
    try:
        expected = student().predict_proba([row])[0]
    except DataError:
        expected = None
    for ask in (module()["predict_proba"], lambda row: module()["predict_proba_many"]([row])[0]):
        if expected is None:
            with pytest.raises(ValueError, match="column 'number' holds"):
                ask(row)
        else:
            np.testing.assert_allclose(ask(row), expected, rtol=0, atol=1e-12)


moments = st.datetimes(timezones=st.none() | st.timezones()) | st.dates()
# Beyond 292,000 years, NumPy wraps around.
spans = st.timedeltas(timedelta(days=-(10**8)), timedelta(days=10**8))
plain = st.floats() | st.integers() | st.booleans() | st.none() | st.decimals(allow_nan=False)
texts = st.text() | st.floats().map(str) | st.integers().map("{:,}".format)
texts |= st.sampled_from([*spelling.MISSING, "true", "False", " 1.5 ", "1_000", "0x10", "?", "٣"])


@given(plain | texts | moments | spans)
@settings(max_examples=150)
@example(10**400)
@example(2**53 + 1)
@example(" NA ")
@example("unknown")
@example(" unknown")
@example(Decimal("NaN"))
@example(Fraction(1, 3))
@example(np.float32(0.1))
@example(np.datetime64("NaT"))
@example(np.datetime64("2024-03-01T12:30:00.123456"))
@example(np.timedelta64(90, "m"))
@example(np.bool_(True))
@example(pd.NA)
@example(pd.NaT)
@example(pd.Timestamp("2024-03-01", tz="Europe/Berlin"))
@example(pd.Timedelta(90, "s"))
@example(b"12")
@example(1j)
@example(object)
def test_numbers(cell):
    check({"number": cell, "text": "no"})


@given(plain | texts | moments | spans | st.sampled_from(LEVELS))
@settings(max_examples=150)
@example(1)
@example(1.0)
@example("1")
@example("1.0")
@example(True)
@example("True")
@example("true")
@example(2)
@example(2.0)
@example("2.0")
@example(3.5)
@example(Decimal("3.5"))
@example(Decimal("2.0"))
@example(np.float32(2))
@example(np.int8(2))
@example(np.str_("no"))
@example(datetime(2024, 3, 1, 12, 30))
@example(datetime(2024, 3, 1, 14, 30, tzinfo=timezone(timedelta(hours=2))))
@example(np.datetime64("2024-03-01T12:30"))
@example(pd.Timestamp("2024-03-01T12:30"))
@example(timedelta(seconds=90))
@example(np.timedelta64(90_000, "ms"))
@example(date(2024, 3, 1))
@example(pd.NA)
@example([1, 2])
@example(b"no")
def test_categories(cell):
    check({"number": 1.0, "text": cell})


def test_texts_for_missing_cells_are_those_of_the_student():
    assert cells.MISSING == spelling.MISSING
    assert cells.TRUTHS == spelling.TRUTHS


def test_an_error_is_short_and_names_column_and_cell():
    with pytest.raises(ValueError, match=r"column 'number' holds 'x{59}…, expected a number"):
        module()["predict"]({"number": "x" * 10_000, "text": "no"})
