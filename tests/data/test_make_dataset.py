from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.raw_rows import aligned
from hpmkd.errors import DataError, DataWarning

N = 12
X = np.random.default_rng(0).normal(size=(N, 3))
CODES = np.arange(N) % 2

LABELS = {
    "str": (np.where(CODES, "yes", "no"), ["no", "yes"]),
    "str in an object array": (np.where(CODES, "yes", "no").astype(object), ["no", "yes"]),
    "str in a list": (np.where(CODES, "yes", "no").tolist(), ["no", "yes"]),
    "str in a series": (pd.Series(np.where(CODES, "yes", "no")), ["no", "yes"]),
    "pandas string": (pd.Series(np.where(CODES, "yes", "no"), dtype="string"), ["no", "yes"]),
    "pandas object": (pd.Series(np.where(CODES, "yes", "no"), dtype=object), ["no", "yes"]),
    "int": (CODES * 2 + 1, [1, 3]),
    "int in a list": ((CODES * 2 + 1).tolist(), [1, 3]),
    "negative int": (CODES * 2 - 1, [-1, 1]),
    "unsigned": (CODES.astype(np.uint8), [0, 1]),
    "nullable int": (pd.Series(CODES, dtype="Int64"), [0, 1]),
    "float": (CODES + 0.5, [0.5, 1.5]),
    "nullable float": (pd.Series(CODES + 0.5, dtype="Float64"), [0.5, 1.5]),
    "bool": (CODES.astype(bool), [False, True]),
    "nullable bool": (pd.Series(CODES.astype(bool), dtype="boolean"), [False, True]),
    "categorical": (pd.Categorical.from_codes(CODES, ["b", "a"]), ["a", "b"]),
    "categorical series": (pd.Series(pd.Categorical.from_codes(CODES, ["b", "a"])), ["a", "b"]),
    "categorical ints": (pd.Series(pd.Categorical.from_codes(CODES, [7, 5])), [5, 7]),
    "column vector": (CODES[:, None], [0, 1]),
    "frame of one column": (pd.DataFrame({"y": CODES}), [0, 1]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_every_type_of_label_is_coded_in_sorted_order(kind):
    given, classes = LABELS[kind]
    dataset = make_dataset(X, given)
    assert dataset.classes.tolist() == classes
    flat = pd.Series(np.asarray(given).ravel()).tolist()
    assert dataset.classes[dataset.labels].tolist() == flat
    assert dataset.labels.dtype == np.int64


@pytest.mark.parametrize("kind", LABELS)
def test_test_labels_of_every_type_are_matched_with_the_classes(kind):
    given, _ = LABELS[kind]
    training = make_dataset(X, given)
    test = make_dataset(X[:5], given[:5], classes=training.classes)
    assert np.array_equal(test.labels, training.labels[:5])


def test_a_test_set_may_lack_classes_and_be_small():
    test = make_dataset(X[:2], ["yes", "yes"], classes=np.array(["no", "yes"]))
    assert test.labels.tolist() == [1, 1]
    assert test.classes.tolist() == ["no", "yes"]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [(["1", "0"], np.array([0, 1])), ([1, 0], np.array(["0", "1"])), ([1.0, 0.0], np.arange(2))],
)
def test_test_labels_may_be_spelt_otherwise(labels, classes):
    assert make_dataset(X[:2], labels, classes=classes).labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("labels", "classes", "strange"),
    [
        (["yes", "maybe"], np.array(["no", "yes"]), "'maybe'; expected one of 'no', 'yes'"),
        ([0, 7], np.arange(2), "7; expected one of 0, 1"),
    ],
)
def test_test_classes_unseen_in_training_are_refused(labels, classes, strange):
    with pytest.raises(DataError, match=f"1 row has classes unseen in training: {strange}"):
        make_dataset(X[:2], labels, classes=classes)


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        (None, "got no labels"),
        (np.where(CODES, 1.0, np.nan), "6 of 12 are missing, the first in row 0; drop those"),
        ([None, *CODES[1:]], "1 of 12 are missing, the first in row 0"),
        (pd.Series([*CODES[:-1], pd.NA], dtype="Int64"), "1 of 12 are missing.*row 11"),
        (pd.Categorical([*["a", "b"] * 5, None, "a"]), "1 of 12 are missing.*row 10"),
        (np.full(N, np.nan), "12 of 12 are missing"),
        (np.ones(N), "all rows are of the class"),
        (["same"] * N, "all rows are of the class 'same'; expected at least two"),
        (CODES[:5], "got 5; expected 12, one per row"),
        (np.stack([CODES, CODES], axis=1), r"got shape \(12, 2\); expected one label per row"),
        (["a", 1] * 6, r"mix of types \(int, str\); expected one: convert with astype"),
        (["a", True] * 6, r"mix of types \(bool, str\)"),
        (np.where(CODES, np.inf, 1.0), "infinite"),
        (CODES + 1j, "expected strings, integers, floats or booleans"),
        (np.array(["2020-01-01", "2021-01-01"] * 6, "datetime64[D]"), "expected strings"),
        (pd.Series(pd.to_datetime(["2020-01-01", "2021-01-01"] * 6)), "expected strings"),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(labels, problem):
    with pytest.raises(DataError, match=problem):
        make_dataset(X, labels)


def test_fifty_classes_are_fine_and_fifty_one_are_not():
    many = np.arange(102)
    rows = np.random.default_rng(0).normal(size=(102, 2))
    assert len(make_dataset(rows, many % 50).classes) == 50
    with pytest.raises(DataError, match="got 51 classes; expected at most 50"):
        make_dataset(rows, many % 51)


def test_a_regression_target_is_recognised():
    rows = np.random.default_rng(0).normal(size=(100, 2))
    with pytest.raises(DataError, match=r"look like measurements.*regression.*bins"):
        make_dataset(rows, rows[:, 0])


def test_the_target_is_found_by_name(people):
    dataset = make_dataset(people, "bought")
    assert "bought" not in dataset.table.columns
    assert dataset.classes.tolist() == ["no", "yes"]
    assert (dataset.facts.n_rows, dataset.facts.n_columns, dataset.facts.n_classes) == (150, 5, 2)


@pytest.mark.parametrize(
    ("X", "y", "problem"),
    [
        (pd.DataFrame(X, columns=["age", "b", "c"]), "agee", "did you mean 'age'?"),
        (pd.DataFrame(X, columns=["Age", "b", "c"]), "age", "did you mean 'Age'? Columns: Age"),
        (
            pd.DataFrame(X, columns=["age", "b", "c"]),
            "zzz",
            "no column is called 'zzz'. Columns: age",
        ),
        (X, "age", "array without names"),
        (pd.DataFrame({"y": CODES}), "y", "no column beside the target"),
    ],
)
def test_a_target_that_is_no_column_is_refused(X, y, problem):
    with pytest.raises(DataError) as raised:
        make_dataset(X, y)
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (scipy.sparse.csr_matrix(X), "sparse matrix.*toarray"),
        (X[:, 0], r"shape \(12,\); expected rows × columns"),
        (pd.Series(X[:, 0]), "to_frame"),
        (X[:0], "the data is empty: got 0 rows and 3 columns"),
        (X[:, :0], "the data is empty: got 12 rows and 0 columns"),
        (pd.DataFrame(), "the data is empty: got 0 rows and 0 columns"),
        ([], "got rows of shape"),
        (X[None], "got rows of shape"),
        (pd.DataFrame(X, columns=["a", "b", "a"]), "column names appear twice: a; rename"),
        (pd.DataFrame(X, columns=[1, "1", 2]), "column names appear twice: 1"),
        (np.where(X > 1, np.inf, X), r"column \d holds \d+ cells that are infinite .*; replace"),
        (pd.DataFrame({"a": CODES, "b": [-np.inf] * N}), "b holds 12 cells that are infinite"),
    ],
)
def test_rows_that_cannot_be_used_are_refused(rows, problem):
    with pytest.raises(DataError, match=problem):
        make_dataset(rows, CODES)


def test_infinite_cells_of_nullable_and_object_columns_are_refused():
    nullable = pd.DataFrame({"a": pd.array([np.inf, *[1.0] * (N - 2), None], dtype="Float64")})
    with pytest.raises(DataError, match="a holds 1 cells that are infinite"):
        make_dataset(nullable, CODES)


def test_numbers_of_any_width_are_fine():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for width in (np.float16, np.float32, np.float64, np.int8, np.uint64, bool):
            make_dataset((X > 0).astype(width) + np.eye(N, 3, dtype=width), CODES)
    with pytest.raises(DataError, match="column 0 holds 12 cells that are infinite or beyond"):
        make_dataset(np.c_[X + 1e300, X], CODES)


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="got 9 rows; expected at least 10"):
        make_dataset(X[:9], CODES[:9])


@pytest.mark.parametrize(
    ("column", "problem"),
    [(1.0, "columns that never change: 1; .*drop them"), (np.nan, "missing in every row: 1")],
)
def test_dull_columns_of_an_array_are_warned_of_and_kept(column, problem):
    with pytest.warns(DataWarning, match=problem) as caught:
        dataset = make_dataset(np.c_[X[:, 0], np.full(N, column)], CODES)
    assert len(caught) == 1
    assert dataset.left_out == ()


@pytest.mark.filterwarnings("error")
def test_a_column_that_changes_late_is_not_dull():
    late = np.zeros((2000, 1))
    late[-1] = 1
    make_dataset(late, np.arange(2000) % 2)


def test_the_warning_points_at_the_caller():
    with pytest.warns(DataWarning) as caught:
        make_dataset(np.c_[X, np.ones(N)], CODES)
    assert "3" in str(caught[0].message)


def test_numbers_among_text_in_a_list_stay_numbers():
    rows = [[float(at), "ab"[at % 2]] for at in range(N)]
    assert [type(cell) for cell in make_dataset(rows, CODES).table[0]] == [float, str]


def test_good_data_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_dataset(X, CODES)


def test_the_callers_data_is_left_alone(people):
    before = people.copy()
    make_dataset(people, "bought")
    pd.testing.assert_frame_equal(people, before)


def test_an_odd_index_does_not_matter(people):
    odd = people.set_axis(np.arange(len(people))[::-1] % 7)
    assert make_dataset(odd, "bought").digest == make_dataset(people, "bought").digest


def test_the_bytes_of_other_machines_are_put_in_order():
    dataset = make_dataset(X.astype(">f8"), CODES.astype(">i8"))
    assert dataset.table.dtype.isnative
    assert dataset.digest == make_dataset(X, CODES).digest
    frame = pd.DataFrame({"a": X[:, 0].astype(">f4"), "b": CODES})
    assert all(kind.isnative for kind in make_dataset(frame, CODES).table.dtypes)
    assert make_dataset(X, np.where(CODES, "b", "a").astype(">U1")).classes.tolist() == ["a", "b"]


def test_half_precision_becomes_single():
    assert make_dataset(X.astype(np.float16), CODES).table.dtype == np.float32
    frame = pd.DataFrame(X.astype(np.float16), columns=list("abc"))
    assert set(make_dataset(frame, CODES).table.dtypes) == {np.dtype(np.float32)}


def test_sparse_columns_become_dense():
    frame = pd.DataFrame({"a": pd.arrays.SparseArray(CODES * 1.0), "b": X[:, 0]})
    table = make_dataset(frame, CODES).table
    assert table["a"].dtype == np.float64
    assert table["a"].tolist() == CODES.tolist()


@pytest.mark.parametrize("cell", [[1, 2], {"a": 1}, (1,), {1}, np.arange(2)])
def test_cells_of_several_values_are_refused_by_column(cell):
    cells = pd.Series([1.0, cell] * (N // 2), dtype=object)
    problem = f"holds 6 cells of several values, the first in row 1: {type(cell).__name__}"
    with pytest.raises(DataError, match=f"tags {problem}"):
        make_dataset(pd.DataFrame({"a": X[:, 0], "tags": cells}), CODES)
    array = np.empty((N, 1), dtype=object)
    array[:, 0] = cells
    with pytest.raises(DataError, match=f"column 0 {problem}"):
        make_dataset(array, CODES)


def test_complex_columns_are_refused():
    with pytest.raises(DataError, match=r"z holds complex numbers; .* as two columns"):
        make_dataset(pd.DataFrame({"a": X[:, 0], "z": X[:, 0] + 1j}), CODES)
    with pytest.raises(DataError, match="the array holds complex numbers"):
        make_dataset(X + 1j, CODES)


@pytest.mark.parametrize(
    "labels",
    [
        [2**70, 1] * 6,
        [-(2**70), 1] * 6,
        np.array([2**63 + 1, 1] * 6, dtype=np.uint64),
        pd.Series([2**63 + 1, 1] * 6, dtype="UInt64"),
    ],
)
def test_labels_beyond_64_bits_are_refused(labels):
    with pytest.raises(DataError, match=r"got the integer -?\d+; expected at most .*astype\(str\)"):
        make_dataset(X, labels)


def test_mappings_are_tables_too():
    frame = pd.DataFrame({"a": X[:, 0], "b": np.where(CODES, "x", "y")})
    for rows in (frame.to_dict("list"), frame.to_dict("records")):
        assert make_dataset(rows, CODES).digest == make_dataset(frame, CODES).digest
    with pytest.raises(DataError, match="the rows do not form a table"):
        make_dataset({"a": [1, 2], "b": [1]}, CODES)
    with pytest.raises(DataError, match="the rows do not form a table"):
        make_dataset([[1, 2], [1]] * 6, CODES)


def test_missing_labels_say_what_a_file_reads_as_missing():
    with pytest.raises(DataError, match="texts NA, None, null and the empty text are read as"):
        make_dataset(X, ["a", None] * 6)


def test_test_rows_take_the_columns_of_the_training_rows():
    training = pd.DataFrame(X, columns=list("abc"))
    mixed = training.assign(more=1)[["c", "more", "b", "a"]]
    pd.testing.assert_frame_equal(aligned(mixed, training), training)
    pd.testing.assert_frame_equal(aligned(X, training), training)
    assert np.array_equal(aligned(training, X), X)
    assert aligned(X, X) is X
    with pytest.raises(DataError, match="the test rows lack the columns b"):
        aligned(training.drop(columns="b"), training)
    with pytest.raises(DataError, match="got 2 columns in the test rows; expected 3"):
        aligned(X[:, :2], training)


class TestMaskedArrays:
    def test_hidden_numbers_are_missing(self):
        masked = np.ma.array(X, mask=np.eye(N, 3))
        table = make_dataset(masked, CODES).table
        assert table.dtype == np.float64
        np.testing.assert_array_equal(table, np.where(np.eye(N, 3), np.nan, X))

    def test_hidden_text_is_missing(self):
        masked = np.ma.array([["a", "b"]] * N, mask=np.eye(N, 2))
        table = make_dataset(masked, CODES).table
        assert table[:2].tolist() == [[None, "b"], ["a", None]]

    def test_hidden_labels_are_missing_and_no_class(self):
        labels = np.ma.array([9, *CODES[1:]], mask=[True] + [False] * (N - 1))
        with pytest.raises(DataError, match=f"labels: 1 of {N} are missing, the first in row 0"):
            make_dataset(X, labels)

    def test_with_nothing_hidden_they_are_as_others(self):
        assert make_dataset(X, np.ma.array(CODES)).classes.tolist() == [0, 1]
        assert make_dataset(np.ma.array(X), CODES).table.tolist() == X.tolist()


@pytest.mark.parametrize("make", [list, np.array, pd.Series], ids=["list", "objects", "series"])
def test_labels_that_end_in_nul_are_refused(make):
    # NumPy drops the NUL: two classes would become one.
    labels = ["no", "no\0"] * (N // 2)
    labels = np.array(labels, dtype=object) if make is np.array else make(labels)
    with pytest.raises(DataError, match=r"labels: 6 end in the character NUL, the first in row 1"):
        make_dataset(X, labels)
