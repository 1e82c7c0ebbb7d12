"""Sketches of the training rows: what they keep, how small they are, and what is refused."""

from __future__ import annotations

import json
import pickle
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hpmkd.errors import DataError, StudentFileError
from hpmkd.student import Pool, Schema, Student, pool_students
from hpmkd.student.drift.columns import LevelSketch, NumberSketch
from hpmkd.student.drift.edges import MAX_EDGES, edges_of
from hpmkd.student.drift.sketch import Sketch
from hpmkd.testing.students import WITH_ATTENTION, fitted_student
from tests.student.crafting import altered, opened, sealed


def sketched(frame, family="tree", target=None):
    target = np.arange(len(frame)) % 2 if target is None else target
    return fitted_student(family, frame, target).with_sketch(frame)


def bytes_of(sketch):
    return len(json.dumps(sketch.to_json(), separators=(",", ":")))


# ---------------------------------------------------------------------- what is kept


def test_a_number_column_is_cut_into_ten_about_equal_shares():
    numbers = np.random.default_rng(0).normal(size=5000)
    (column,) = Sketch.fit(Schema.fit(numbers[:, None]), numbers[:, None]).columns
    assert len(column.edges) == MAX_EDGES
    assert all(80 <= share <= 120 for share in column.shares[:-2])
    assert column.shares[-2:] == (0, 0)
    assert column.edges[0] <= numbers.min() < numbers.max() <= column.edges[-1]


def test_a_value_that_fills_bins_has_one_of_its_own():
    zeros = np.concatenate([np.zeros(900), np.full(50, -1.0), np.linspace(1, 9, 50)])[:, None]
    (column,) = Sketch.fit(Schema.fit(zeros), zeros).columns
    assert column.shares == (50, 900, 50, 0, 0)
    flags = np.repeat([0.0, 1.0], [50, 950])[:, None]
    (column,) = Sketch.fit(Schema.fit(flags), flags).columns
    assert (column.shares, column.edges) == ((50, 950, 0, 0), (0.0, 0.5, 1.0))


def test_levels_are_kept_by_frequency_and_the_rare_ones_together():
    levels = [f"l{i:02}" for i in range(30)]
    frame = pd.DataFrame({"c": np.repeat(levels, [50] * 10 + [20] * 20)})
    frame.loc[:99, "c"] = None
    (column,) = Sketch.fit(Schema.fit(frame), frame).columns
    # Twenty levels, the last eight together, none unseen, a ninth missing.
    assert column.shares == (*[56] * 8, *[22] * 12, 178, 0, 111)


def test_levels_that_the_schema_does_not_keep_count_as_unknown():
    frame = pd.DataFrame({"c": ["a"] * 5 + ["b"] * 3 + ["c"] * 2})
    (column,) = Sketch.fit(Schema.fit(frame, max_categories=2), frame).columns
    assert column.shares == (500, 300, 200, 0)


def test_levels_that_occur_once_say_how_many_others_to_expect():
    frame = pd.DataFrame({"c": ["a"] * 5 + ["b"] * 3 + ["c", "d"]})
    (column,) = Sketch.fit(Schema.fit(frame), frame).columns
    assert column.shares == (500, 300, 0, 0, 200, 0)


def test_columns_of_one_value_and_of_none():
    frame = pd.DataFrame({"one": [5.0] * 4, "none": [np.nan] * 4, "empty": [None] * 4})
    sketch = Sketch.fit(Schema.fit(frame), frame)
    assert sketch.columns == (
        NumberSketch((1000, 0, 0), (5.0, 5.0)),
        NumberSketch((0, 1000), ()),
        LevelSketch((0, 1000)),
    )


def test_there_must_be_rows():
    frame = pd.DataFrame({"a": [1.0]})
    with pytest.raises(DataError, match="got no rows; expected the training rows"):
        Sketch.fit(Schema.fit(frame), frame[:0])


values = st.floats(allow_nan=True, allow_infinity=True, width=64)


@given(arrays.arrays(np.float64, st.integers(0, 80), elements=values))
def test_edges_ascend_and_hold_all_numbers(numbers):
    edges = edges_of(numbers)
    finite = numbers[np.isfinite(numbers)]
    assert list(edges) == sorted(edges)
    assert len(set(edges[1:-1])) == len(edges[1:-1])
    assert np.isfinite(edges).all()
    if len(finite):
        assert 2 <= len(edges) <= MAX_EDGES
        assert edges[0] <= finite.min() <= finite.max() <= edges[-1]
        sketch = Sketch.fit(Schema.fit(finite[:, None]), finite[:, None])
        assert len(json.dumps(sketch.columns[0].to_json())) < 400
        assert sketch.columns[0].count(Schema.fit(finite[:, None]).columns[0], finite)[-2] == 0
    else:
        assert edges == ()


# ------------------------------------------------------------------------------ size


def test_no_column_takes_a_kilobyte():
    rng = np.random.default_rng(0)
    n = 5000
    levels = [f"{i:04} " + "a long text, of which there are a thousand " * 5 for i in range(1000)]
    frame = pd.DataFrame(
        {
            "texts": rng.choice(levels, n),
            "digits": rng.normal(size=n) * 1e-300,
            "seconds": 1.7e9 + rng.normal(size=n) * 1e-3,
            "wide": np.exp(rng.normal(size=n) * 15),
        }
    )
    sketch = Sketch.fit(Schema.fit(frame), frame)
    for column in sketch.columns:
        assert len(json.dumps(column.to_json())) < 300
    student = sketched(frame)
    assert student.sketch_bytes < 4 * 200
    text = json.dumps(sketch.to_json())
    assert "text" not in text  # levels are known by their codes


def test_bounds_are_rounded_so_that_they_are_no_cells_of_a_row():
    rng = np.random.default_rng(0)
    numbers = rng.lognormal(10, 1, size=3000)
    edges = edges_of(numbers)
    assert not set(edges) & set(numbers)
    assert all(len(f"{edge:.17g}") <= 8 for edge in edges)


# -------------------------------------------------------------------------- the file


@pytest.mark.parametrize("family", WITH_ATTENTION)
def test_a_student_keeps_its_sketch(family, small):
    students, frame = small
    bare = students[family]
    student = bare.with_sketch(frame)
    for again in (
        Student.from_bytes(student.to_bytes()),
        pickle.loads(pickle.dumps(student)),
        replace(student, facts={"a": 1}),
    ):
        assert again.sketch == student.sketch
    assert student.predict_proba(frame).tobytes() == bare.predict_proba(frame).tobytes()
    assert student.n_bytes == bare.n_bytes == len(bare.to_bytes())
    assert student.sketch_bytes == len(student.to_bytes()) - bare.n_bytes > 0
    assert bare.sketch_bytes == 0


def test_a_size_may_leave_no_room_for_the_sketch(small):
    students, frame = small
    student = students["tree"].with_sketch(frame)
    whole = len(student.to_bytes())
    assert student.within(0) is student.within(whole) is student
    assert student.within(whole - 1).to_bytes() == students["tree"].to_bytes()
    assert students["tree"].within(1) is students["tree"]


def test_a_sketch_of_other_columns_is_refused(small):
    students, frame = small
    other = Sketch.fit(Schema.fit(frame[["a"]]), frame[["a"]])
    with pytest.raises(ValueError, match="the sketch of the training rows is of other columns"):
        replace(students["tree"], sketch=other)


def place(*path, value):
    """Return what puts a value somewhere into the sketch of a file."""

    def change(header):
        at = header["sketch"]
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        place("rows", value=0),
        place("rows", value=-5),
        place("rows", value=True),
        place("rows", value=1.5),
        place("rows", value=10**30),
        place("columns", value=None),
        place("columns", value=[]),
        place("columns", value="ab"),
        place("columns", 0, value=[]),
        place("columns", 0, value=5),
        place("columns", 0, value=[[500, 500, 0, 0], [0, 1, 2], 3]),
        place("columns", 0, 0, 0, value=-1),
        place("columns", 0, 0, 0, value=1001),
        place("columns", 0, 0, 0, value=0.1),
        place("columns", 0, 0, 0, value=True),
        place("columns", 0, 0, 0, value="1"),
        place("columns", 0, 1, 3, value=1e9),
        place("columns", 0, 1, 3, value=float("1e999")),
        place("columns", 0, 1, 3, value=10**400),
        place("columns", 0, 1, 3, value=None),
        place("columns", 0, value=[[1000, 0, 0], [1]]),
        place("columns", 0, value=[[1000] + [0] * 200, list(range(200))]),
        place("columns", 0, value=[[500, 500, 0, 0], [0, 1, 1, 2]]),
        place("columns", 0, value=[[500, 300, 200, 0]]),
        place("columns", 1, value=[[1000, 0]]),
        place("columns", 1, value=[[0] * 50 + [1000]]),
        place("columns", 1, value=[[500, 500, 0, 0], [0, 1, 2]]),
    ],
)
def test_a_tampered_sketch_is_refused(change, small):
    students, frame = small
    student = students["tree"].with_sketch(frame)
    text, payload = opened(student.to_bytes())
    header = json.loads(text)
    change(header)
    with pytest.raises(StudentFileError, match="the student file is damaged"):
        Student.from_bytes(sealed(json.dumps(header).encode(), payload))


def test_an_empty_sketch_is_damaged_and_none_is_none(small):
    students, frame = small
    student = students["tree"].with_sketch(frame)
    with pytest.raises(StudentFileError, match="damaged"):
        Student.from_bytes(altered(student, lambda header, _: header.update(sketch=None)))
    bare = Student.from_bytes(altered(student, lambda header, _: header.pop("sketch")))
    assert bare.sketch is None


def test_a_pool_takes_one_sketch(small):
    students, frame = small
    members = [students[family].with_sketch(frame) for family in ("linear", "tree")]
    pooled = pool_students(members, Pool.mean(2, 2)).with_sketch(frame)
    alone = members[0].sketch_bytes
    assert pooled.sketch == members[0].sketch
    assert pooled.sketch_bytes == pytest.approx(alone, abs=20)


def test_wide_tables_are_quickly_sketched():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 300)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a fragmented frame, an overflow
        sketch = Sketch.fit(Schema.fit(frame), frame)
    assert len(sketch.columns) == 300
    assert bytes_of(sketch) < 300 * 200


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(data=st.data(), value=st.one_of(json_values, st.integers(0, 1000), st.floats(-3, 3)))
def test_any_sketch_in_a_file_is_refused_or_compares(data, value, small):
    students, frame = small
    text, payload = opened(students["tree"].with_sketch(frame).to_bytes())
    header = json.loads(text)
    at, key = header, "sketch"
    while isinstance(at[key], list | dict) and at[key] and data.draw(st.booleans()):
        at = at[key]
        key = data.draw(st.sampled_from(range(len(at)) if isinstance(at, list) else sorted(at)))
    at[key] = value
    try:
        student = Student.from_bytes(sealed(json.dumps(header).encode(), payload))
    except StudentFileError:
        return
    drift = student.drift(frame)
    assert all(np.isfinite(psi) for psi in drift.psi.values())
    assert Student.from_bytes(student.to_bytes()).sketch == student.sketch
