"""What a query reads, returns and documents, and what is refused."""

from __future__ import annotations

import sqlite3

import numpy as np
import pandas as pd
import pytest

from hpmkd.errors import ExportError, UnsupportedStudentError
from hpmkd.student import LinearModel, NetworkModel, Schema, Student, fit_encoder
from hpmkd.testing.students import EVERY_KIND, fitted_student, known_student
from hpmkd_defaults.exporters.sql import limits
from hpmkd_defaults.exporters.sql.duckdb import DuckDB
from hpmkd_defaults.exporters.sql.parity import check_parity
from hpmkd_defaults.exporters.sql.postgresql import PostgreSQL
from hpmkd_defaults.exporters.sql.query import query_of
from hpmkd_defaults.exporters.sql.sqlite import SQLite


def described(student, table, keep=()):
    with sqlite3.connect(":memory:") as connection:
        columns = [name for name in (*keep, *student.encoder.schema.names) if name != "rowid"]
        names = ", ".join(f'"{name}"' for name in columns)
        connection.execute(f'CREATE TABLE "{table}" ({names})')
        cursor = connection.execute(query_of(student, SQLite(), [table], keep).text)
        return [each[0] for each in cursor.description]


def test_kept_columns_label_and_probabilities():
    student = known_student("tree", "wine", True)
    assert described(student, "rows", ["id", "a b"]) == ["id", "a b", "label", "p_0", "p_1", "p_2"]


@pytest.mark.parametrize("table", ["level_0", "LEVEL_1", "_level_0", "t", "x0", "a b"])
def test_a_table_may_be_called_as_a_subquery(table):
    assert described(known_student("tree", "wine", True), table) == ["label", "p_0", "p_1", "p_2"]


def test_a_table_may_be_in_a_schema():
    text = query_of(known_student("tree", "wine", True), SQLite(), ["main", "rows"]).text
    assert 'FROM "main"."rows" AS t' in text


@pytest.mark.parametrize(
    "keep", [["label"], ["id", "id"], ["p_0"], ["p_12"], ["ID", "id"], ["Label"]]
)
def test_kept_columns_that_clash_are_refused(keep):
    with pytest.raises(ExportError, match="expected names that differ"):
        query_of(known_student("tree", "wine", True), SQLite(), ["rows"], keep)


def test_the_number_of_the_row_can_be_kept():
    assert described(known_student("tree", "wine", True), "rows", ["rowid"])[0] == "rowid"


def test_kept_columns_that_no_table_has_are_refused():
    with pytest.raises(ExportError, match=r"keep got .* more than 63 bytes"):
        query_of(known_student("tree", "wine", True), PostgreSQL(), ["rows"], ["x" * 64])


def test_only_columns_that_the_student_looks_at_are_read(postgresql):
    """So names of others do not matter."""
    rows = pd.DataFrame({"x" * 100: np.zeros(40), "age": np.arange(40.0), "AGE2": 0.0, "age2": 0.0})
    student = fitted_student("tree", rows, np.arange(40) > 20)
    for dialect in (SQLite(), DuckDB(), postgresql):
        assert query_of(student, dialect, ["t"]).reads == ("age",)


def test_a_missing_column_is_an_error(dialect):
    student = known_student("tree", "wine", True)
    query = query_of(student, dialect, ["few"], ["row"])
    with pytest.raises(Exception, match="column"):
        dialect.answers(query.text, "few", "row", pd.DataFrame({"other": [1.0]}))


def test_the_head_says_what_it_is():
    rows = pd.DataFrame({"two\nlines": np.arange(40.0), "word": ["a", "b"] * 20})
    labels = np.array(['--\nDROP "x"', "y" * 500])
    head = query_of(
        fitted_student("boosted", rows, labels[np.arange(40) // 20]), SQLite(), ["rows"]
    )
    lines = head.text.split("WITH")[0].splitlines()
    assert all(line.startswith("-- ") and len(line) < 120 for line in lines)
    assert r'--   "two\nlines": INTEGER or REAL' in lines
    assert r'--   p_0: "--\nDROP \"x\""' in lines


@pytest.mark.parametrize("family", EVERY_KIND)
def test_long_queries_are_refused_with_advice(family, monkeypatch):
    monkeypatch.setattr(limits, "MAX_BYTES", 1_000)
    with pytest.raises(UnsupportedStudentError, match=r"expected 1,000 at most: .* --max-size"):
        query_of(known_student(family, "wine", True), DuckDB(), ["rows"])


def wide(n_units):
    """A network, the units of which stand beside each other."""
    rows = pd.DataFrame({"x": np.arange(20.0)})
    encoder = fit_encoder("linear", Schema.fit(rows), rows)
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(1, n_units)), rng.normal(size=(n_units, 1)) / n_units]
    return Student(encoder, NetworkModel(weights, [np.zeros(n_units), [0.0]]), [0, 1])


def test_wide_queries_are_refused_with_advice(dialect):
    n = dialect.max_columns
    with pytest.raises(UnsupportedStudentError, match=rf"expected {n:,} at most: .* --max-size"):
        query_of(wide(n + 1), dialect, ["rows"])


def test_as_wide_as_it_may_be_it_runs(dialect):
    check_parity(wide(dialect.max_columns - 2), dialect, 20)  # and the key, and x


def test_margins_that_may_overflow_are_refused():
    rows = pd.DataFrame({"x": [0.0, 1.0]})
    encoder = fit_encoder("linear", Schema.fit(rows), rows)
    with pytest.raises(UnsupportedStudentError, match=r"may be 3e\+300, expected 1e\+30 at most"):
        query_of(Student(encoder, LinearModel([[1e300]], [0.0]), [0, 1]), SQLite(), ["rows"])
    tree = known_student("boosted", "wine", False)
    huge = tree.model.with_leaf_values(np.full_like(tree.model.leaf_values, 3e38))
    with pytest.raises(UnsupportedStudentError, match="expected 1e"):
        query_of(Student(tree.encoder, huge, tree.classes), SQLite(), ["rows"])


def test_trees_on_scaled_columns_are_refused(wine):
    linear = fit_encoder("linear", Schema.fit(wine[0]), wine[0])
    trees = fitted_student("boosted", linear.transform(wine[0]), wine[1]).model
    with pytest.raises(UnsupportedStudentError, match="the exporter 'onnx' may write it"):
        query_of(Student(linear, trees, [0, 1, 2]), SQLite(), ["rows"])
