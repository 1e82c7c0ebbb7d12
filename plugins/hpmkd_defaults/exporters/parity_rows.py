"""Rows by which two forms of a student are compared: what its schema and numbers suggest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.student import Student
from hpmkd.student.columns.calendar import DAY, Calendar
from hpmkd.student.columns.column import Column
from hpmkd.student.columns.moments import MICROSECONDS
from hpmkd.student.explain.marks import marks_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hpmkd.values import FloatArray

N_ROWS = 2_000

_EXTREME = (np.inf, -np.inf, 1e300, -1e300, 1e-300, 0.0, -0.0, 1.0, -1.0, 2.0**31)

#: In microseconds since 1970: around the years 1700 and 2240, where seconds keep eighths.
EXTREME_MOMENTS = (-(2**53), 2**53)

#: A category that no training data show.
UNSEEN = "a category that training did not show"


def probe_rows(student: Student, n_rows: int = N_ROWS) -> pd.DataFrame:
    """Return raw rows that differ in all that a student distinguishes.

    Numbers lie at, beside and between the thresholds of its trees, within the training range
    and beyond it; some are extreme, some missing. Categories are known, unknown or missing.
    Moments lie around their thresholds and on all days and hours of some years.

    Returns
    -------
    DataFrame of shape (n_rows, d)
        The same for the same student.
    """
    import pandas as pd

    rng = np.random.default_rng(0)
    columns = student.encoder.schema.columns
    marks = marks_of(student)
    cells = [
        _moments(rng, column.calendar, marks[column.name], n_rows)
        if column.calendar is not None
        else _numbers(rng, marks[column.name], n_rows)
        if column.kind == "number"
        else _texts(rng, column, n_rows)
        for column in columns
    ]
    return pd.DataFrame(dict(zip(student.encoder.schema.names, cells, strict=True)))


def _numbers(rng: np.random.Generator, marks: FloatArray, n_rows: int) -> FloatArray:
    """Draw numbers around some marks."""
    low, high = marks.min(initial=-1.0), marks.max(initial=1.0)
    drawn = rng.choice([*marks, 0.0], n_rows)
    # Beside a mark by a bit of float32, and by less than float32 can hold.
    beside = rng.choice([0.0, 0.0, 1.2e-7, -1.2e-7, 2e-8, -2e-8], n_rows)
    drawn = drawn * (1.0 + beside)
    kind = rng.choice(4, n_rows, p=[0.5, 0.3, 0.08, 0.12])
    between = low + rng.random(n_rows) * (high - low) * 1.2 - 0.1 * (high - low)
    return np.select(
        [kind == 0, kind == 1, kind == 2], [drawn, between, rng.choice(_EXTREME, n_rows)], np.nan
    )


def _moments(
    rng: np.random.Generator, calendar: Calendar, marks: FloatArray, n_rows: int
) -> NDArray[np.datetime64]:
    """Draw moments around some marks, seconds since the origin, to the eighth of a second."""
    span = max(float(np.abs(marks).max(initial=0.0)), 400.0 * DAY)
    at_mark = np.round(rng.choice([*marks, 0.0], n_rows)) + rng.choice([0.0, 0.125, -1.0], n_rows)
    between = rng.integers(-10, 10, n_rows) * span / 8 + rng.integers(0, 8 * DAY, n_rows) / 8
    seconds = calendar.origin + np.where(rng.random(n_rows) < 0.5, at_mark, between)
    micros = (seconds * 8).astype(np.int64) * 125_000
    moments = micros.clip(*EXTREME_MOMENTS).astype(MICROSECONDS)
    moments[rng.random(n_rows) < 0.1] = np.datetime64("NaT")
    return moments


def _texts(rng: np.random.Generator, column: Column, n_rows: int) -> Any:
    """Draw categories, known, unknown and missing ones."""
    pool = np.array([*column.categories, UNSEEN], dtype=object)
    drawn = rng.choice(pool, n_rows)
    drawn[rng.random(n_rows) < 0.1] = UNSEEN
    drawn[rng.random(n_rows) < 0.1] = None
    return drawn
