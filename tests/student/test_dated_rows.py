"""Students of columns of moments: the same in every format, and one row needs no pandas."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.errors import DataError
from hpmkd.student import Schema, Student
from hpmkd.student.columns.plain_rows import RowReader
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import EVERY_KIND, fitted_student


@pytest.fixture(scope="module", params=EVERY_KIND)
def student(request):
    return fitted_student(request.param, *dated())


def answers(student, table):
    return student.predict_proba(table).tobytes()


def as_text(column, **how):
    return [None if pd.isna(cell) else cell.isoformat(**how) for cell in column]


def as_datetime(cell):
    return None if pd.isna(cell) else cell.to_pydatetime()


def both(frame, change):
    return frame.assign(when=change(frame["when"]), until=change(frame["until"]))


DOORS = {
    "text": lambda c: pd.Series(as_text(c)),
    "text with a space": lambda c: pd.Series(as_text(c, sep=" ")),
    "text with a zone": lambda c: pd.Series(as_text(c.dt.tz_localize("UTC"))),
    "text elsewhere": lambda c: pd.Series(as_text(DOORS["aware"](c))),
    "milliseconds": lambda c: c.astype("datetime64[ms]"),
    "nanoseconds": lambda c: c.astype("datetime64[ns]"),
    "aware": lambda c: c.dt.tz_localize("UTC").dt.tz_convert("America/New_York"),
    "objects": lambda c: c.astype(object),
    "datetimes": lambda c: pd.Series(list(map(as_datetime, c)), dtype=object),
    "category": lambda c: c.astype("category"),
}  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_a_frame_of_every_form_is_answered_alike(student, door):
    frame, _ = dated()
    assert answers(student, both(frame, DOORS[door])) == answers(student, frame)


def test_rows_and_columns_are_answered_as_the_frame(student):
    frame, _ = dated()
    expected = student.predict_proba(frame)
    labels = student.predict(frame).tolist()
    for door in ("text", "datetimes", "objects", "aware"):
        rows = both(frame, DOORS[door]).to_dict("records")
        np.testing.assert_array_equal(student.predict_proba(rows), expected)
        alone = [student.predict_proba([row])[0] for row in rows[:20]]
        np.testing.assert_array_equal(alone, expected[:20])
        assert [student.predict_one(row) for row in rows] == labels
    columns = {name: frame[name].to_numpy() for name in frame}
    np.testing.assert_array_equal(student.predict_proba(columns), expected)
    cells = frame.to_numpy(dtype=object)
    np.testing.assert_array_equal(student.predict_proba(cells), expected)
    np.testing.assert_array_equal(student.predict_proba(cells.tolist()), expected)
    encoded = student.model.probabilities(student.encoder.transform(frame))
    np.testing.assert_array_equal(encoded, expected)
    matrix = np.array([student.packed.encode_row(row) for row in rows])
    np.testing.assert_array_equal(student.packed.probabilities_of(matrix), expected)


def test_arrow_is_answered_as_the_frame(student):
    pa = pytest.importorskip("pyarrow")
    frame, _ = dated()
    assert answers(student, pa.Table.from_pandas(frame)) == answers(student, frame)


def test_the_file_keeps_how_moments_are_read(student):
    again = Student.from_bytes(student.to_bytes())
    assert again.encoder.schema == student.encoder.schema
    assert answers(again, dated()[0]) == answers(student, dated()[0])


moments = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30))
zones = st.none() | st.timezones() | st.just(dt.UTC)


@settings(max_examples=50, deadline=None)
@given(moment=moments, zone=zones, x=st.floats(-3, 3))
def test_a_moment_is_answered_alike_in_every_form(moment, zone, x):
    student = known()
    aware = moment.replace(tzinfo=zone)
    utc = moment if zone is None else aware.astimezone(dt.UTC).replace(tzinfo=None)
    row = {"x": x, "job": "a", "until": None}
    forms = [aware, aware.isoformat(), utc, np.datetime64(utc, "us"), utc.isoformat(" ") + "Z"]
    expected = answers(student, [{**row, "when": forms[0]}])
    for form in forms:
        assert answers(student, [{**row, "when": form}, {**row, "when": None}])[:16] == expected
        assert student.predict_one({**row, "when": form}) == student.predict_one(
            {**row, "when": aware}
        )


_KNOWN = []


def known():
    if not _KNOWN:
        _KNOWN.append(fitted_student("additive", *dated()))
    return _KNOWN[0]


@pytest.mark.parametrize("bad", ["soon", "20240301", 1709251200, True])
def test_a_cell_that_is_no_moment_is_an_error_that_shows_it(student, bad):
    row = {"x": 1.0, "when": bad, "job": "a", "until": None}
    for ask in (student.predict_one, lambda row: student.predict_proba([row])):
        with pytest.raises(DataError, match="column 'when' holds") as raised:
            ask(row)
        assert repr(bad) in str(raised.value)


def test_a_row_without_its_moment_is_refused(student):
    with pytest.raises(DataError, match="'when'"):
        student.predict_one({"x": 1.0, "job": "a", "until": None})


def test_days_without_times_have_no_hour():
    frame, target = dated(times=False)
    student = fitted_student("boosted", frame[["x", "when"]], target)
    names = [feature.name for feature in student.encoder.features]
    assert names == ["x", "when", "year of when", "month of when", "weekday of when"]
    morning, evening = {"x": 1.0, "when": "2023-03-01"}, {"x": 1.0, "when": "2023-03-01T20:00"}
    assert answers(student, [morning]) == answers(student, [evening])


def test_a_lone_column_of_an_array_is_read():
    when = dated()[0]["until"].to_numpy().reshape(-1, 1)
    student = fitted_student("boosted", when, dated()[1])
    expected = student.predict_proba(when)
    np.testing.assert_array_equal(student.predict_proba(when.astype("datetime64[ns]")), expected)
    np.testing.assert_array_equal(student.predict_proba(when.tolist()), expected)
    labels = [student.predict_one({"x0": cell}) for cell in when[:5, 0]]
    assert labels == student.predict(when)[:5].tolist()


PLAIN_ROWS = """
import sys
from hpmkd.student import Student

student = Student.load(sys.argv[1])
import datetime, numpy
for cell in ("2024-03-01", "2024-03-01T12:30:00Z", datetime.date(2024, 3, 1), None,
             datetime.datetime(2024, 3, 1), numpy.datetime64("2024-03-01"),
             numpy.datetime64("2024-03-01T12:30", "ns")):
    row = {"x": 1.0, "when": cell, "job": "a", "until": cell}
    student.predict_one(row)
    student.predict_proba([row])
print([name for name in ("pandas", "sklearn", "xgboost") if name in sys.modules])
"""


def test_a_row_is_answered_without_pandas(student, tmp_path, in_fresh_process):
    student.save(tmp_path / "s.hpmkd")
    assert in_fresh_process(PLAIN_ROWS, str(tmp_path / "s.hpmkd")).strip() == "[]"


def test_decimals_and_durations_need_no_frame():
    frame = pd.DataFrame({"a": pd.to_timedelta([1, 2, 3], "s"), "b": [1.5, 2.5, None]})
    schema = Schema.fit(frame)
    rows = [
        {"a": dt.timedelta(microseconds=1500), "b": Decimal("0.1")},
        {"a": np.timedelta64(3, "m"), "b": None},
        {"a": pd.Timedelta("-1.5s"), "b": Decimal("NaN")},
        {"a": pd.NaT, "b": True},
    ]
    reader = RowReader(schema)
    read = reader.read_table(rows)
    assert read is not None
    np.testing.assert_array_equal(read[:, reader.order], schema.matrix(rows))
