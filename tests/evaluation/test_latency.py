import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from hpmkd.evaluation import latency as measure
from hpmkd.evaluation.latency import Latency, latency, row_latency_us, student_latency
from hpmkd.student import LinearModel, Schema, Student, fit_encoder


@pytest.fixture(autouse=True)
def as_long_as_ever(monkeypatch):
    """Undo what makes the other tests quick."""
    monkeypatch.setattr(measure, "SECONDS_EACH", 0.1)
    monkeypatch.setattr(measure, "SECONDS_QUICK", 0.02)


def student_on(table):
    encoder = fit_encoder("linear", Schema.fit(table), table)
    return Student(encoder, LinearModel(np.ones((encoder.n_outputs, 1)), [0.0]), ["no", "yes"])


class Other:
    """A predictor that is no Student."""

    classes_ = np.array([0, 1])

    def predict_proba(self, table):
        return np.full((len(table), 2), 0.5)


@pytest.fixture
def frame():
    return pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": ["x", "y", None], "c": [True, False, True]})


def rows_of(monkeypatch, table):
    rows = []
    monkeypatch.setattr(Student, "predict_one", lambda _, row: rows.append(row))
    row_latency_us(student_on(table), table)
    return rows


def test_rows_are_plain_mappings_and_all_different(monkeypatch, frame):
    rows = rows_of(monkeypatch, frame)
    assert len(rows) >= 2 * len(frame)
    assert rows[2]["a"] == 3.0
    assert pd.isna(rows[2]["b"])
    assert [type(cell) for cell in rows[0].values()] == [float, str, bool]
    assert len(rows) % len(frame) == 0


def test_rows_of_an_array_are_named_as_the_schema_names_them(monkeypatch):
    rows = rows_of(monkeypatch, np.arange(6.0).reshape(3, 2))
    assert rows[1] == {"x0": 2.0, "x1": 3.0}


def test_moments_of_an_array_are_handed_in_as_moments(monkeypatch):
    moments = np.array([["2024-03-01"], ["2024-03-02T10"]], dtype="datetime64[ns]")
    assert rows_of(monkeypatch, moments)[1] == {"x0": moments[1, 0]}


def test_rows_of_dates_decimals_and_durations_need_no_frame(monkeypatch):
    until = pd.Series(pd.to_datetime(["2024-03-01T00:00", None, "2024-04-01T12:30"]))
    table = pd.DataFrame({"until": until, "text": ["2024-03-01", None, "2024-03-02 10:30Z"]})
    table = table.assign(aware=table["until"].dt.tz_localize("Europe/Berlin"))
    table = table.assign(day=pd.Series([dt.date(2024, 3, 1), None, None], dtype=object))
    table = table.assign(price=pd.Series([Decimal("1.5"), None, Decimal("2")], dtype=object))
    table = table.assign(wait=pd.to_timedelta([1, None, 2], "s"))
    student = student_on(table)
    monkeypatch.setattr(Schema, "matrix", None)
    row_latency_us(student, table)


def test_a_student_is_asked_one_row_at_a_time_and_a_thousand(monkeypatch, frame):
    sizes = []
    honest = Student.predict_proba

    def counted(self, table):
        sizes.append(len(table))
        return honest(self, table)

    monkeypatch.setattr(Student, "predict_proba", counted)
    monkeypatch.setattr(measure, "row_latency_us", lambda *_: 3.0)
    speed = student_latency(student_on(frame), frame)
    assert speed.row_us == 3.0
    assert set(sizes) == {measure.BATCH}
    assert speed.batch_us > 0


def test_what_is_no_student_is_timed_like_a_teacher(monkeypatch, frame):
    monkeypatch.setattr(measure, "latency", lambda *_: Latency(1.0, 2.0))
    assert student_latency(Other(), frame) == Latency(1.0, 2.0)


def test_a_teacher_is_timed_with_one_row_and_with_a_thousand(frame):
    sizes = []

    def answer(table):
        sizes.append(len(table))
        return Other().predict_proba(table)

    speed = latency(answer, frame)
    assert set(sizes) == {1, measure.BATCH}
    assert speed.row_us > 0
    assert speed.batch_us > 0


class Busy:
    """A clock on a machine that is half as fast for 80 ms of every 120 ms."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds

    def work(self, seconds):
        self.now += 2 * seconds if self.now % 0.12 < 0.08 else seconds


@pytest.mark.parametrize("since", [0.0, 0.03, 0.06, 0.09, 0.11])
def test_other_work_of_the_machine_does_not_make_a_row_slow(monkeypatch, frame, since):
    busy = Busy()
    busy.now = since
    monkeypatch.setattr(measure, "time", busy)
    monkeypatch.setattr(Student, "predict_one", lambda *_: busy.work(2e-6))
    assert row_latency_us(student_on(frame), frame) == pytest.approx(2.0)


def test_a_teacher_is_timed_by_its_fastest_calls_as_a_student_is(monkeypatch, frame):
    busy = Busy()
    monkeypatch.setattr(measure, "time", busy)
    assert latency(lambda _: busy.work(1e-3), frame).row_us == pytest.approx(1000.0)
