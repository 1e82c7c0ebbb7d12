import datetime as dt
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.errors import DataError
from hpmkd.student import Schema

NAN = float("nan")


def read_one(fitted_on, cells=None):
    schema = Schema.fit(pd.DataFrame({"c": fitted_on}))
    (values,) = schema.read(pd.DataFrame({"c": fitted_on if cells is None else cells}))
    return schema.columns[0].kind, values.tolist()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([True, False, True], [1, 0, 1]),
        ([1.5, None, np.inf], [1.5, NAN, np.inf]),
        (pd.array([1, None, 3], dtype="Int64"), [1, NAN, 3]),
        (pd.array([True, None, False], dtype="boolean"), [1, NAN, 0]),
        (pd.array([1.5, pd.NA, 2], dtype="Float64"), [1.5, NAN, 2]),
        (pd.arrays.SparseArray([0.0, NAN, 1.0]), [0, NAN, 1]),
        (pd.Series([1, True, None], dtype=object), [1, 1, NAN]),
        (pd.Series([Decimal("1.5"), Fraction(1, 2), pd.NA], dtype=object), [1.5, 0.5, NAN]),
        ([NAN, NAN], [NAN, NAN]),
        (pd.array([None, None], dtype="Int64"), [NAN, NAN]),
        (pd.to_timedelta(["1s", None, "2.5s"]), [1, NAN, 2.5]),
        (pd.Series([dt.timedelta(days=1), None], dtype=object), [86400, NAN]),
    ],
    ids=str,
)
def test_numbers(cells, expected):
    kind, values = read_one(cells)
    assert kind == "number"
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["a", None, "b", "b"], [1, NAN, 0, 0]),
        (pd.Series(["b", "a", NAN], dtype=object), [1, 0, NAN]),
        (pd.array(["x", None, "y"], dtype="string"), [0, NAN, 1]),
        (pd.Categorical([1, None, 2], categories=[3, 2, 1]), [0, NAN, 1]),
        (pd.Categorical(pd.to_datetime(["2021", "2020"])), [1, 0]),
        (pd.Series([1, "1", 1.0, None, "a"], dtype=object), [0, 0, 0, NAN, 1]),
        (pd.Series([1, True, "True"], dtype=object), [1, 0, 0]),
        (pd.Series([[1], None, {2}], dtype=object), [0, NAN, 1]),
        (pd.Series([b"a", b"b", b"b"], dtype=object), [1, 0, 0]),
        (pd.Series([1j, 2j], dtype=object), [0, 1]),
        (pd.Series([None, NAN], dtype=object), [NAN, NAN]),
        (pd.Series([None, None], dtype="str"), [NAN, NAN]),
    ],
    ids=str,
)
def test_categories(cells, expected):
    kind, values = read_one(cells)
    assert kind == "category"
    np.testing.assert_array_equal(values, expected)


def test_arrow_columns():
    pa = pytest.importorskip("pyarrow")
    moments = pd.Series(pd.to_datetime(["2020-01-01T06:00", None]))
    frame = pd.DataFrame(
        {
            "i": pd.array([1, None], dtype=pd.ArrowDtype(pa.int64())),
            "t": moments.astype(pd.ArrowDtype(pa.timestamp("us"))),
            "s": pd.array(["x", None], dtype=pd.ArrowDtype(pa.string())),
        }
    )
    schema = Schema.fit(frame)
    assert [column.kind for column in schema.columns] == ["number", "datetime", "category"]
    np.testing.assert_array_equal(schema.read(frame), [[1, NAN], [6 * 3600, NAN], [0, NAN]])


def test_a_missing_cell_does_not_change_how_integers_are_spelt():
    schema = Schema.fit({"c": pd.Categorical([1, 2, 2])})
    np.testing.assert_array_equal(schema.read({"c": [2.0, NAN, 1.0]})[0], [0, NAN, 1])


def test_unseen_categories_are_missing():
    assert np.isnan(read_one(["a", "b"], ["new", "A"])[1]).all()


def test_a_column_that_was_empty_may_hold_anything_later():
    assert np.isnan(read_one([None, None], ["text", 3])[1]).all()


def test_the_unit_of_a_moment_does_not_matter():
    moments = np.array(["2021-03-04T05:06:07.123457", "1900-01-01"], dtype="datetime64[us]")
    schema = Schema.fit({"c": moments})
    expected = schema.matrix({"c": moments})
    np.testing.assert_array_equal(schema.matrix({"c": moments.astype("datetime64[ns]")}), expected)


def test_text_that_spells_a_number_is_read_as_one():
    assert read_one([1.5, 2.0], ["3.25", " 4 "])[1] == [3.25, 4.0]
    assert read_one([1.5, 2.0], pd.Categorical(["7", "8"]))[1] == [7.0, 8.0]


@pytest.mark.parametrize("bad", ["many", "1_000", "12 km"])
def test_text_that_is_no_number_is_named(bad):
    schema = Schema.fit({"age": [1.0, 2.0]})
    with pytest.raises(DataError, match=f"'age' holds '{bad}'"):
        schema.read({"age": ["3", None, bad]})


cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just(pd.NA)
)


@settings(deadline=None)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=12))
def test_any_cells_are_learnt_and_read_row_by_row(rows):
    frame = pd.DataFrame({str(j): pd.Series(list(c), dtype=object) for j, c in
                          enumerate(zip(*rows, strict=True))})  # fmt: skip
    try:
        schema = Schema.fit(frame)
        whole = np.transpose(schema.read(frame))
    except DataError:  # an integer beyond every float
        return
    for i in range(len(frame)):
        np.testing.assert_array_equal(schema.read(frame.iloc[[i]]), whole[i][:, np.newaxis])
    for column, name in zip(schema.columns, frame, strict=True):
        missing = pd.isna(frame[name])
        assert np.isnan(schema.read(frame)[int(name)])[missing].all()
        if column.kind == "category":
            assert not np.isnan(schema.read(frame)[int(name)])[~missing].any()
    assert Schema.from_json(schema.to_json()) == schema
    assert pickle.loads(pickle.dumps(schema)) == schema
