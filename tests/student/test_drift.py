"""Drift: the population stability index by hand, false alarms, and cells beyond training."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.errors import DataError, StudentFileError
from hpmkd.student import Schema, Student
from hpmkd.student.drift.result import chance, index
from hpmkd.student.drift.sketch import Sketch
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import fitted_student


def drift_of(training, table):
    schema = Schema.fit(training)
    return Sketch.fit(schema, training).compare(schema, table)


def column(training, table):
    """Drift of one column."""
    return drift_of(pd.DataFrame({"x": training}), pd.DataFrame({"x": table}))["x"]


def people(rng, n):
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "income": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(10, 1, n)),
            "flag": rng.random(n) < 0.03,
            "city": rng.choice(["Rome", "Oslo", "Lima", None], n, p=[0.5, 0.3, 0.15, 0.05]),
            "code": rng.choice([f"c{i}" for i in range(60)], n),
        }
    )


# --------------------------------------------------------------------------- by hand


def test_the_index_by_hand():
    # (.5 - .3) ln(.5 / .3) + (.3 - .4) ln(.3 / .4) + (.2 - .3) ln(.2 / .3)
    by_hand = 0.2 * math.log(5 / 3) + 0.1 * math.log(4 / 3) + 0.1 * math.log(3 / 2)
    assert by_hand == pytest.approx(0.1715, abs=1e-4)
    training = ["a"] * 300 + ["b"] * 400 + ["c"] * 300
    table = ["a"] * 50_000 + ["b"] * 30_000 + ["c"] * 20_000
    found = column(training, table)
    assert found.psi == pytest.approx(by_hand, rel=1e-3)
    assert found.shift == "moderate"


def test_the_index_of_numbers_is_that_of_their_bins():
    training, table = np.arange(1000) % 10, np.repeat([0, 9], [20_000, 60_000])
    found = column(training, table)
    # Of ten bins of a tenth each, eight are empty: half a row per bin was added.
    q = (np.array([20_000, *[0] * 8, 60_000]) + 0.5) / 80_005
    assert found.psi == pytest.approx(np.sum((q - 0.1) * np.log(q / 0.1)), rel=1e-9)
    assert (found.shift, found.outside) == ("large", 0)


def test_chance_is_that_of_chi_squared():
    # The quantile of chi squared with 9 degrees of freedom at .9999 is 33.72.
    assert chance(10, 1000, 250) == pytest.approx(33.72 * (1 / 1000 + 1 / 250), rel=0.02)
    assert chance(2, 100, 100) == pytest.approx(15.14 * 2 / 100, rel=0.1)


# ---------------------------------------------------------------------- false alarms


def test_the_training_rows_themselves_have_not_drifted():
    frame = people(np.random.default_rng(0), 700)
    drift = drift_of(frame, frame)
    assert all(psi < 0.001 for psi in drift.psi.values())
    assert all(each.shift == "none" and not each.unusual for each in drift.values())
    assert drift.hint == "none of 5 columns shifted: the student still fits"


@pytest.mark.parametrize("n", [40, 400, 4000])
def test_other_rows_of_the_same_kind_hardly_ever_give_an_alarm(n):
    rng = np.random.default_rng(n)
    shifted = unusual = columns = 0
    for m in (1, 3, 10, 30, 100, 1000) * 10:
        drift = drift_of(people(rng, n), people(rng, m))
        shifted += sum(each.shift != "none" for each in drift.values())
        unusual += sum(each.unusual for each in drift.values())
        columns += len(drift)
    assert columns == 300
    # Sixty levels in forty rows: not even what is to be expected is known.
    assert shifted + unusual <= (2 if n == 40 else 0)


def test_the_order_of_rows_and_columns_does_not_matter():
    rng = np.random.default_rng(3)
    training, table = people(rng, 500), people(rng, 300)
    shuffled = table.sample(frac=1, random_state=0)[["code", "city", "age", "flag", "income"]]
    assert drift_of(training, table) == drift_of(training, shuffled)


# ----------------------------------------------------------------- what has drifted


def test_a_shifted_column_is_found_and_no_other():
    rng = np.random.default_rng(5)
    training, table = people(rng, 2000), people(rng, 500)
    table["age"] += 25
    drift = drift_of(training, table)
    assert [name for name, each in drift.items() if each.shift != "none"] == ["age"]
    assert drift["age"].psi > 0.25
    assert drift["age"].outside == (table["age"] > 89).sum()
    assert drift.hint == "1 of 5 columns (age) shifted strongly (PSI over 0.25): distil again"


def test_a_moderate_shift_has_a_milder_hint():
    rng = np.random.default_rng(5)
    training, table = people(rng, 5000), people(rng, 5000)
    table["city"] = rng.choice(["Rome", "Oslo", "Lima", None], 5000, p=[0.35, 0.35, 0.25, 0.05])
    drift = drift_of(training, table)
    assert drift["city"].shift == "moderate"
    assert drift.hint == "1 of 5 columns (city) shifted (PSI over 0.1): keep an eye on it"


def test_what_is_constant_may_change():
    found = column([5.0] * 100, [7.0] * 100)
    assert (found.outside, found.shift, found.unusual) == (100, "large", True)
    assert column(["a"] * 100, ["a"] * 100).psi == 0
    assert column(["a"] * 100, ["b"] * 100).shift == "large"


def test_cells_beyond_training_are_counted():
    training = pd.DataFrame({"n": [1.0, 2.0, 3.0, None], "c": ["a", "b", "a", None]})
    table = pd.DataFrame({"n": [0.5, 1.5, np.inf, None, 9], "c": ["z", None, None, "b", "y"]})
    drift = drift_of(training, table)
    number, category = drift["n"], drift["c"]
    assert (number.missing, number.unseen, number.outside) == (1, 0, 3)
    assert (category.missing, category.unseen, category.outside) == (2, 2, 0)
    assert (number.share, number.usual) == (0.8, 0.25)


def test_missing_cells_are_a_shift():
    rng = np.random.default_rng(1)
    training = rng.normal(size=1000)
    found = column(training, np.where(rng.random(1000) < 0.4, np.nan, rng.normal(size=1000)))
    assert (found.shift, found.unusual) == ("large", True)


def test_levels_under_another_spelling_are_unusual_from_a_few_rows_on():
    training = ["yes", "no"] * 500
    assert not column(training, ["Yes"]).unusual  # one row says little
    assert column(training, ["Yes"] * 3).unusual
    assert column(training, ["Yes"] * 6 + ["no"] * 94).unusual
    assert not column(training, ["Yes"] * 5 + ["no"] * 95).unusual  # 5 % are let pass


def test_any_table_that_the_student_reads_will_do():
    rng = np.random.default_rng(0)
    block = rng.normal(size=(200, 3))
    schema = Schema.fit(block)
    sketch = Sketch.fit(schema, block)
    drift = sketch.compare(schema, block[:50] + 3)
    assert drift == sketch.compare(schema, (block[:50] + 3).tolist())
    assert list(drift) == ["x0", "x1", "x2"]
    assert sketch.compare(schema, []).rows == 0
    assert sketch.compare(schema, []).psi == pytest.approx({"x0": 0, "x1": 0, "x2": 0})
    with pytest.raises(DataError, match="got 2 columns, expected 3"):
        sketch.compare(schema, block[:, :2])


def test_moments_and_booleans_are_numbers():
    rng = np.random.default_rng(0)
    days = pd.to_datetime("2024-01-01") + pd.to_timedelta(rng.integers(0, 365, 1000), unit="D")
    frame = pd.DataFrame({"day": days, "flag": rng.random(1000) < 0.5})
    later = frame.assign(day=frame["day"] + pd.Timedelta(days=365))
    drift = drift_of(frame, later)
    assert (drift["day"].shift, drift["day"].outside) == ("large", 1000)
    assert drift["flag"].psi < 0.001


# ------------------------------------------------------------------------ properties

cells = st.lists(
    st.one_of(st.floats(), st.integers(-3, 3), st.none()), min_size=1, max_size=40
).map(lambda each: np.array(each, dtype=np.float64))
texts = st.lists(st.one_of(st.sampled_from("abcde"), st.none()), min_size=1, max_size=40)


@given(st.one_of(st.tuples(cells, cells), st.tuples(texts, texts)))
def test_every_index_is_finite_and_not_negative(pair):
    training, table = (pd.DataFrame({"x": each}) for each in pair)
    for rows in (table, table[:0], training):
        (found,) = drift_of(training, rows).values()
        assert 0 <= found.psi < math.inf
        assert 0 < found.chance < math.inf
        assert 0 <= found.share <= 1
        assert found.missing + found.unseen + found.outside <= len(rows)


@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=24).filter(any),
    st.data(),
    st.integers(1, 2**53),
)
def test_the_index_of_any_shares_and_counts_is_finite_and_not_negative(shares, data, rows):
    counts = data.draw(st.lists(st.integers(0, 10**9), min_size=len(shares), max_size=len(shares)))
    found = index(np.array(shares) / 1000, rows, np.array(counts))
    assert 0 <= found < math.inf


# --------------------------------------------------------------------------- student


def test_a_student_tells_the_drift_of_a_table(small):
    students, frame = small
    student = Student.from_bytes(students["pooled"].with_sketch(frame).to_bytes())
    drift = student.drift(frame.assign(a=frame["a"] + 9))
    assert isinstance(drift, Mapping)
    assert drift.rows == len(frame)
    assert list(drift.psi) == ["a", "b"]
    assert "distil again" in drift.hint
    assert drift.to_mapping()["columns"]["a"]["shift"] == "large"


def test_a_student_without_a_sketch_says_how_to_get_one(small):
    students, frame = small
    with pytest.raises(StudentFileError, match="has no sketch") as caught:
        students["tree"].drift(frame)
    assert "distil again without --no-sketch" in str(caught.value)
    assert "student.with_sketch(training_rows)" in str(caught.value)


def test_drift_of_numbers_needs_no_pandas(tmp_path, in_fresh_process):
    rows = np.random.default_rng(0).normal(size=(100, 3))
    student = fitted_student("tree", rows, rows[:, 0] > 0).with_sketch(rows)
    path = student.save(tmp_path / "s.hpmkd")
    code = (
        "import sys; sys.modules['pandas'] = None; import numpy as np; "
        "from hpmkd.student import Student; "
        f"found = Student.load({str(path)!r}).drift(np.full((50, 3), 9.0)); "
        "print(found['x0'].outside, found['x0'].shift)"
    )
    assert in_fresh_process(code) == "50 large"


def test_moments_drift_by_when_they_are():
    frame, _ = dated()
    assert drift_of(frame, frame)["when"].psi < 0.1
    later = frame.assign(when=frame["when"] + pd.DateOffset(years=5))
    assert drift_of(frame, later)["when"].shift == "large"
    assert drift_of(frame, later)["when"].outside == later["when"].notna().sum()
