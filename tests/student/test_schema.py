import numpy as np
import pandas as pd
import pytest

from hpmkd.errors import DataError
from hpmkd.student import Schema
from hpmkd.student.columns.calendar import Calendar
from hpmkd.student.columns.column import Column

NAN = float("nan")


def test_codes_fall_with_frequency_and_ties_go_by_name():
    schema = Schema.fit({"c": ["z", "b", "a", "c", "z", "c", None]})
    assert schema.columns[0].categories == ("c", "z", "a", "b")


def test_only_the_most_frequent_categories_are_kept():
    schema = Schema.fit({"c": ["a", "b", "b", "c", "c", "c"]}, max_categories=2)
    assert schema.columns[0].categories == ("c", "b")
    np.testing.assert_array_equal(schema.read({"c": ["a", "b", "c"]})[0], [NAN, 1, 0])


def test_columns_are_matched_by_name():
    schema = Schema.fit(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    table = pd.DataFrame({"extra": [0], "b": ["y"], "a": [9]})
    assert [values.tolist() for values in schema.read(table)] == [[9.0], [1.0]]


def test_arrays_are_matched_by_position():
    schema = Schema.fit(pd.DataFrame({"a": [1, 2], "b": [3, 4]}))
    assert [values.tolist() for values in schema.read(np.array([[5, 6]]))] == [[5.0], [6.0]]
    unnamed = Schema.fit(np.array([[1.0, 2.0]]))
    assert (unnamed.names, unnamed.named) == (("x0", "x1"), False)
    frame = pd.DataFrame({"q": [5], "a": [6]})
    assert [values.tolist() for values in unnamed.read(frame)] == [[5.0], [6.0]]


def test_missing_columns_are_named_with_close_matches():
    schema = Schema.fit({"age": [1], "income": [2], "job": ["a"]})
    with pytest.raises(DataError, match=r"lacks the columns 'income', 'job'.*'Incomes'"):
        schema.read({"age": [1], "Incomes": [2]})
    with pytest.raises(DataError, match="lacks the columns 'job'; it has 'age', 'income'"):
        schema.read({"age": [1], "income": [2]})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros(3), r"rows of shape \(3,\).*reshape\(1, -1\)"),
        ([1, 2], "reshape"),
        (np.zeros(0), r"rows of shape \(0,\)"),
        (pd.Series([1, 2]), "to_frame"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (3, r"shape \(\)"),
        ("text", r"shape \(\)"),
        ([[1, 2], [3]], r"they have \[1, 2\] cells"),
        ({"a": [1], "b": [1, 2]}, "do not form a table"),
        (np.zeros((2, 3)), "got 3 columns, expected 2"),
    ],
    ids=str,
)
def test_what_is_no_table_of_the_schema_is_refused(table, message):
    with pytest.raises(DataError, match=message):
        Schema.fit(pd.DataFrame({"a": [1], "b": [2]})).read(table)


def test_sparse_matrices_are_refused():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(DataError, match="toarray"):
        Schema.fit(sparse.csr_matrix(np.eye(2)))


def test_repeated_names_are_refused():
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(DataError, match="two columns have the same name: 'a'"):
        Schema.fit(twice)
    with pytest.raises(DataError, match="two columns have the same name: 'a'"):
        Schema.fit({"a": [1]}).read(twice)


@pytest.mark.parametrize(
    "table", [np.zeros((0, 2)), np.zeros((2, 0)), pd.DataFrame({"a": []}), [], ()]
)
def test_training_needs_cells(table):
    with pytest.raises(DataError, match="expected at least one of each"):
        Schema.fit(table)


def test_rows_may_be_dicts_lists_or_one_dict():
    schema = Schema.fit([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])
    expected = [[2.0], [1.0]]
    for table in ([{"b": "y", "a": 2}], {"a": 2, "b": "y"}, {"a": [2], "b": ["y"]}, [[2, "y"]]):
        assert [values.tolist() for values in schema.read(table)] == expected
    holes = [{"a": 1, "b": None}, {"a": NAN, "b": "x"}]
    np.testing.assert_array_equal(schema.read(holes), [[1, NAN], [NAN, 0]])


def test_a_row_that_lacks_a_key_is_refused_among_others_as_it_is_alone():
    schema = Schema.fit([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])
    rows = [{"a": 1.0, "b": "x", "more": 1}, {"b": "y", "a": 1}, {"a": 1.0}]
    assert schema.read(rows[:2])[0].tolist() == [1, 1]
    with pytest.raises(DataError, match="the table lacks the columns 'b'"):
        schema.read(rows[2:])
    with pytest.raises(DataError, match=r"row 2 lacks the columns 'b': .*None or NaN"):
        schema.read(rows)
    with pytest.raises(DataError, match="row 0 lacks the columns 'b', 'more'"):
        Schema.fit(rows[::-1])


def test_mappings_read_by_position_must_have_the_same_keys_in_the_same_order():
    schema = Schema.fit([[1.0, 2.0]])
    assert np.ravel(schema.read([{"b": 3, "a": 4}])).tolist() == [3, 4]
    for second in ({"b": 3, "a": 4}, {"a": 1}, {"a": 1, 7: 2}):
        with pytest.raises(DataError, match=r"row 1 has the keys .*row 0 has 'a', 'b'|3 columns"):
            schema.read([{"a": 1, "b": 2}, second])


def test_an_empty_list_is_no_rows():
    for schema in (Schema.fit([[1.0, "a"]]), Schema.fit({"a": [1.0], "b": ["x"]})):
        for nothing in ([], ()):
            assert [values.tolist() for values in schema.read(nothing)] == [[], []]
            assert schema.matrix(nothing, np.float32).shape == (0, 2)


@pytest.mark.parametrize("odd", ["\ud800", "x\udfff"])
def test_a_lone_surrogate_is_a_category_in_every_form_of_table(odd):
    frame = pd.DataFrame({"a": [1.5], "b": pd.Series([odd], dtype=object)})
    row = {"a": 1.5, "b": odd}
    tables = [
        frame,
        [row],
        row,
        {"a": [1.5], "b": [odd]},
        [[1.5, odd]],
        {"a": 1.5, "b": np.array([odd])},
    ]
    for table in tables:
        np.testing.assert_array_equal(
            Schema.fit({"a": [1], "b": ["x"]}).read(table), [[1.5], [NAN]]
        )
        assert Schema.fit(table).columns[1].categories == (odd,)
    with pytest.raises(DataError, match="do not form a table"):
        Schema.fit({"a": [1.5, 2.5], "b": [odd]})


@pytest.mark.parametrize("cell", [np.array([3.0]), np.array([3.0, 4.0]), [3.0]], ids=repr)
def test_a_cell_that_is_a_whole_array_is_refused_in_every_form_of_table(cell):
    schema = Schema.fit({"a": [1.0], "b": ["x"]})
    frame = pd.DataFrame({"a": [cell], "b": ["x"]})
    assert frame.at[0, "a"] is cell
    cells = frame.to_numpy(dtype=object)
    row = {"a": cell, "b": "x"}
    for table in (
        frame,
        [row],
        [row, {"a": 1.0, "b": "x"}],
        [[cell, "x"]],
        {"a": [cell], "b": ["x"]},
        cells,
    ):
        with pytest.raises(DataError, match="column 'a' holds"):
            schema.read(table)


def test_a_number_may_be_an_array_without_dimensions():
    schema, three = Schema.fit({"a": [1.0], "b": ["x"]}), np.array(3.0)
    for table in ({"a": three, "b": "x"}, [{"a": three, "b": "x"}], [[three, "x"]]):
        assert schema.read(table)[0].tolist() == [3.0]


def test_lists_keep_numbers_among_text():
    schema = Schema.fit([[1, "a"], [None, "b"]])
    assert [column.kind for column in schema.columns] == ["number", "category"]


def test_masked_cells_are_missing():
    masked = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[False, True], [False, False]])
    np.testing.assert_array_equal(Schema.fit(masked).read(masked), [[1, 3], [NAN, 4]])


def test_objects_with_to_pandas_are_converted():
    class Foreign:
        def to_pandas(self):
            return pd.DataFrame({"a": [1, 2]})

    assert Schema.fit(Foreign()).names == ("a",)


def test_number_arrays_do_not_need_pandas(in_fresh_process):
    source = """
import sys, numpy as np
from hpmkd.student import Schema
schema = Schema.fit(np.array([[1.0, np.nan], [2.0, 3.0]]))
schema.read(np.ones((3, 2))), schema.matrix(np.ones((3, 2), dtype=int))
print([name for name in ("pandas", "numba", "sklearn", "xgboost") if name in sys.modules])
"""
    assert in_fresh_process(source) == "[]"


def test_matrix_agrees_with_read_for_every_dtype():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(7, 3)) * 1e3
    schema = Schema.fit(table)
    for dtype in ("f2", "f4", "f8", "i8", "u1", "?", ">f8"):
        cast = np.abs(table).astype("u1").astype(dtype)
        np.testing.assert_array_equal(schema.matrix(cast), np.transpose(schema.read(cast)))
    huge = np.array([[2**53 + 1, 2**62 + 1, 7]])
    by_column = schema.matrix(pd.DataFrame(huge), np.float32)
    assert schema.matrix(huge, np.float32).tolist() == by_column.tolist()


def test_matrix_is_never_the_table_itself():
    table = np.ones((2, 2))
    matrix = Schema.fit(table).matrix(table)
    assert not np.shares_memory(matrix, table)
    assert Schema.fit(table).matrix(np.asfortranarray(np.ones((5, 2)))).flags.c_contiguous


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"named": True, "columns": []},
        {"named": 1, "columns": ["a"]},
        {"named": True, "columns": ["a", "a"]},
        {"named": True, "columns": [["a", ["x", "x"]]]},
        {"named": True, "columns": [["a", [1]]]},
        {"named": True, "columns": [3]},
    ],
)
def test_odd_json_is_refused(plain):
    with pytest.raises(ValueError, match=r"column|schema"):
        Schema.from_json(plain)


def test_columns_check_themselves():
    with pytest.raises(ValueError, match="unknown kind"):
        Column("a", "colour")
    with pytest.raises(ValueError, match="lists categories"):
        Column("a", "number", ("x",))
    with pytest.raises(ValueError, match="lists a moment"):
        Column("a", "datetime", missing=("?", "9999-12-31"), calendar=Calendar())
