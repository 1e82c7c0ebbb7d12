"""Frames of Arrow and Polars are read by name, in training and in prediction."""

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.probabilities import given_probabilities
from hpmkd.errors import DataError
from hpmkd.student import LinearModel, Schema, Student, fit_encoder

COLUMNS = {
    "size": [1.0, None, 3.5, 4.0, 5.0] * 4,
    "count": [3, 1, 4, 1, 5] * 4,
    "word": ["a", None, "b", "c", "a"] * 4,
    "flag": [True, False, None, True, False] * 4,
    "target": ["yes", "no"] * 10,
}
PLAIN = pd.DataFrame(COLUMNS)


class Stream:
    """A frame that only knows the Arrow stream of PyCapsules."""

    def __init__(self, columns):
        self._table = pytest.importorskip("pyarrow").table(columns)

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def arrow(columns):
    return pytest.importorskip("pyarrow").table(columns)


def batch(columns):
    return pytest.importorskip("pyarrow").RecordBatch.from_pydict(columns)


def polars(columns):
    return pytest.importorskip("polars").DataFrame(columns)


def lazy(columns):
    return polars(columns).lazy()


FRAMES = pytest.mark.parametrize("frame", [arrow, batch, polars, lazy, Stream])


@FRAMES
def test_training_rows_keep_their_names_and_cells(frame):
    dataset = make_dataset(frame(COLUMNS), "target")
    assert dataset.table.columns.tolist() == ["size", "count", "word", "flag"]
    assert dataset.classes.tolist() == ["no", "yes"]
    expected = Schema.fit(PLAIN).read(PLAIN)[:-1]
    np.testing.assert_array_equal(Schema.fit(dataset.table).read(dataset.table), expected)


@FRAMES
def test_a_student_reads_them_by_name(frame):
    table = PLAIN.drop(columns="target")
    encoder = fit_encoder("linear", Schema.fit(table), table)
    weights = np.linspace(-1, 1, encoder.n_outputs)[:, None]
    student = Student(encoder, LinearModel(weights, [0.0]), ["no", "yes"])
    expected = student.predict_proba(table)
    turned = {name: COLUMNS[name] for name in ["flag", "word", "target", "count", "size"]}
    np.testing.assert_array_equal(student.predict_proba(frame(turned)), expected)


@pytest.mark.parametrize(
    "column",
    [
        lambda: arrow(COLUMNS)["target"],
        lambda: arrow(COLUMNS)["target"].combine_chunks(),
        lambda: arrow(COLUMNS).select(["target"]),
        lambda: arrow(COLUMNS)["target"].dictionary_encode(),
        lambda: polars(COLUMNS)["target"],
        lambda: polars(COLUMNS).select("target"),
    ],
    ids=["chunks", "array", "table", "dictionary", "series", "frame"],
)
def test_labels_may_be_a_column_of_theirs(column):
    dataset = make_dataset(PLAIN.drop(columns="target"), column())
    assert dataset.classes[dataset.labels].tolist() == COLUMNS["target"]


@pytest.mark.parametrize("make", [pd.DataFrame, arrow, polars, dict])
def test_probabilities_are_read_by_name(make):
    given = make({"p_yes": [0.9, 0.2], "p_no": [0.1, 0.8]})
    matrix = given_probabilities(given, np.array(["no", "yes"]), 2)
    assert matrix.tolist() == [[0.1, 0.9], [0.8, 0.2]]


def test_without_pyarrow_the_error_says_what_to_install(monkeypatch):
    table = polars(COLUMNS)

    def refuse(self):
        raise ModuleNotFoundError("pa.Table requires 'pyarrow'")

    monkeypatch.setattr(type(table), "to_pandas", refuse)
    with pytest.raises(DataError, match=r"got a polars DataFrame.*pip install pandas pyarrow"):
        Schema.fit(table)


def test_a_stream_of_no_table_is_an_error():
    pa = pytest.importorskip("pyarrow")

    class Column:
        def __arrow_c_stream__(self, requested_schema=None):
            return pa.chunked_array([[1, 2]]).__arrow_c_stream__(requested_schema)

    with pytest.raises(DataError, match="cannot be read as a table"):
        Schema.fit(Column())


def test_polars_is_not_imported(in_fresh_process):
    source = "import sys, hpmkd.student\nhpmkd.student.Schema.fit([{'a': 1}])\n"
    assert in_fresh_process(source + "print('polars' in sys.modules)") == "False"
