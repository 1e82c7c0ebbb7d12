"""What tables hold, type by type: missing cells, text, collations, spellings, dates."""

from __future__ import annotations

import re
import sqlite3

import numpy as np
import pandas as pd
import pytest

from hpmkd.errors import UnsupportedStudentError
from hpmkd.student import LinearModel, Schema, Student, fit_encoder
from hpmkd.student.columns.cells import read_moments
from hpmkd.testing.students import EVERY_KIND, fitted_student
from hpmkd_defaults.exporters.parity import check_answers
from hpmkd_defaults.exporters.sql.duckdb import DuckDB
from hpmkd_defaults.exporters.sql.postgresql import PostgreSQL
from hpmkd_defaults.exporters.sql.query import query_of
from hpmkd_defaults.exporters.sql.sqlite import SQLite


def tell_apart(rows, missing=None):
    """A linear student whose margin tells all cells of a table of one column apart."""
    encoder = fit_encoder("linear", Schema.fit(rows, missing=missing or {}), rows)
    weights = np.arange(1.0, 1 + encoder.n_outputs)[:, np.newaxis]
    return Student(encoder, LinearModel(weights, [0.0]), ["no", "yes"])


def scored(connection, query):
    return [row[-1] for row in connection.execute(query).fetchall()]


def expected(student, column, cells):
    table = pd.DataFrame({column: pd.Series(cells, dtype=object)})
    return pytest.approx(student.predict_proba(table)[:, 1].tolist(), abs=1e-12)


@pytest.fixture
def sqlite():
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()


@pytest.fixture
def duckdb():
    module = pytest.importorskip("duckdb", reason="pip install duckdb")
    with module.connect(":memory:") as connection:
        yield connection


NUMBERS = pd.DataFrame({"x": [0.0, 1.0, 2.5, None, 30.0]})
WORDS = pd.DataFrame({"x": ["a", "A", "a ", "ä", "1", None]})


def test_sqlite_reads_numbers_in_any_column(sqlite):
    student = tell_apart(NUMBERS)
    cells = [1, 2.5, None, "2.5", " 1", "", "1e1", "true", -1e400]
    sqlite.execute("CREATE TABLE rows (x)")
    sqlite.executemany("INSERT INTO rows VALUES (?)", [(cell,) for cell in cells])
    found = scored(sqlite, query_of(student, SQLite(), ["rows"]).text)
    assert found == expected(student, "x", [1, 2.5, None, 2.5, 1, None, 10, 1, -np.inf])


@pytest.mark.parametrize("cell", ["many", "1,5", "1-2", "007", "[5]", "{}"])
def test_sqlite_stops_at_a_text_that_is_no_number(sqlite, cell):
    sqlite.execute("CREATE TABLE rows (x)")
    sqlite.execute("INSERT INTO rows VALUES (?)", [cell])
    with pytest.raises(
        sqlite3.OperationalError, match=re.escape(f"column x holds no number: {cell}")
    ):
        scored(sqlite, query_of(tell_apart(NUMBERS), SQLite(), ["rows"]).text)


def test_texts_that_stand_for_missing_cells(sqlite, duckdb):
    student = tell_apart(pd.DataFrame({"x": [1.0, 2.0, "?"]}, dtype=object), {"x": ("?", "it's")})
    wanted = expected(student, "x", [1, "?", "it's", None])
    for connection, dialect in ((sqlite, SQLite()), (duckdb, DuckDB())):
        connection.execute("CREATE TABLE rows (x VARCHAR)")
        connection.execute("INSERT INTO rows VALUES ('1'), ('?'), ('it''s'), (NULL)")
        assert scored(connection, query_of(student, dialect, ["rows"]).text) == wanted


def test_categories_are_compared_letter_by_letter(sqlite, duckdb, postgresql):
    student = tell_apart(WORDS)
    cells = ["a", "A", "a ", "ä", "a\u0308", "AA", None]
    wanted = expected(student, "x", cells)
    server = postgresql.connection
    server.execute(
        "CREATE COLLATION IF NOT EXISTS folding "
        "(provider = icu, locale = 'und-u-ks-level1', deterministic = false)"
    )
    server.execute("DROP TABLE IF EXISTS words")
    for connection, dialect, kind, mark in (
        (sqlite, SQLite(), "TEXT COLLATE NOCASE", "?"),
        (duckdb, DuckDB(), "VARCHAR COLLATE NOCASE", "?"),
        (server, postgresql, "text COLLATE folding", "%s"),
    ):
        connection.execute(f"CREATE TABLE words (x {kind})")
        for cell in cells:
            connection.execute(f"INSERT INTO words VALUES ({mark})", [cell])
        assert scored(connection, query_of(student, dialect, ["words"]).text) == wanted


def test_all_spellings_of_a_level_are_known(sqlite, duckdb, postgresql):
    """A table may hold the number or the truth value that a level spells."""
    student = tell_apart(pd.DataFrame({"x": ["1", "02", "True", "no", "False"]}))
    server = postgresql.connection
    server.execute("DROP TABLE IF EXISTS spelt")
    for connection, dialect in ((sqlite, SQLite()), (duckdb, DuckDB()), (server, postgresql)):
        query = query_of(student, dialect, ["spelt"]).text
        types = {
            "INTEGER": (["1", "2"], "(1), (2)"),
            "DOUBLE PRECISION": (["1", "2"], "(1.0), (2.0)"),
        }
        if connection is not sqlite:
            types["BOOLEAN"] = (["True", "False"], "(true), (false)")
        for kind, (cells, values) in types.items():
            connection.execute(f"CREATE TABLE spelt (x {kind})")
            connection.execute(f"INSERT INTO spelt VALUES {values}")
            assert scored(connection, query) == expected(student, "x", cells)
            connection.execute("DROP TABLE spelt")


TEXTS = {
    "2024-03-01": "2024-03-01T00:00:00",
    "2024-03-01 12:30": "2024-03-01T12:30:00",
    "2024-03-01T12:30:01": "2024-03-01T12:30:01",
    "2024-03-01 12:30:00.5": "2024-03-01T12:30:00.500000",
    "2024-03-01 12:30:00.9999999": "2024-03-01T12:30:00.999999",
    "2024-03-01T12:30:00Z": "2024-03-01T12:30:00",
    "2024-03-01 12:30:00+02:00": "2024-03-01T10:30:00",
    "2024-03-01 12:30:00.123456-05:30": "2024-03-01T18:00:00.123456",
    "2024-03-01T12:30+02:00": "2024-03-01T10:30:00",
    "1492-10-12 23:59:59.000001": "1492-10-12T23:59:59.000001",
}
#: SQLite itself reads all but the first, some of them without their zones.
NO_DATES = [
    *("yesterday", 1_700_000_000, "2023-02-29", "2023-04-31", "0000-01-01", "now", "2024", "1.5"),
    *("12:30", "2024-03-01T24:00", "2024-03-01 12:30:00-0530", "2024-03-01 12:30:00+02"),
    *("2024-03-01 12:30:00 UTC", "2024-03-01 12:30:00.", "2024-03-01 12:30:00.5.5", "2024-03-01Z"),
    *("0001-01-01 00:00:00+01:00", "9999-12-31 23:59:00-01:00", "2024-03-01\n", "-024-03-01"),
]


def test_sqlite_reads_dates_of_text(sqlite):
    cells = [*TEXTS, "", None]
    sqlite.execute("CREATE TABLE rows (x)")
    sqlite.executemany("INSERT INTO rows VALUES (?)", [(cell,) for cell in cells])
    rows = pd.DataFrame({"x": np.array(["2024-01-01T01", "2024-12-31"], "datetime64[us]")})
    column = Schema.fit(rows).columns[0]
    query = f"SELECT {SQLite().microseconds('x', column)} FROM rows"
    moments = np.array(list(TEXTS.values()), "datetime64[us]")
    assert read_moments(np.array(list(TEXTS), object), "x").tolist() == moments.tolist()
    found = [row[0] for row in sqlite.execute(query)]
    assert found == [*moments.astype(int).tolist(), None, None]
    for odd in NO_DATES:
        sqlite.execute("DELETE FROM rows")
        sqlite.execute("INSERT INTO rows VALUES (?)", [odd])
        with pytest.raises(sqlite3.OperationalError, match="column x holds no date"):
            sqlite.execute(query).fetchall()


def test_zones_are_taken_to_utc(duckdb, postgresql):
    rows = pd.DataFrame({"x": np.array(["2024-01-01T01", "2024-12-31"], "datetime64[us]")})
    column = Schema.fit(rows).columns[0]
    server = postgresql.connection
    for connection, dialect in ((duckdb, DuckDB()), (server, postgresql)):
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        for cell in (
            "TIMESTAMP '2024-03-01 12:00:00.123456'",
            "TIMESTAMPTZ '2024-03-01 14:00:00.123456+02'",
            "DATE '2024-03-01'",
        ):
            found = connection.execute(f"SELECT {dialect.microseconds(cell, column)}").fetchone()[0]
            assert found == 1_709_251_200_000_000 + ("DATE" not in cell) * 43_200_123_456


def test_nan_and_infinity(duckdb, postgresql):
    student = tell_apart(NUMBERS)
    wanted = expected(student, "x", [np.nan, np.inf, -np.inf, 1.0])
    for connection, dialect in ((duckdb, DuckDB()), (postgresql.connection, postgresql)):
        connection.execute("DROP TABLE IF EXISTS odd")
        connection.execute("CREATE TABLE odd (x double precision)")
        connection.execute("INSERT INTO odd VALUES ('nan'), ('inf'), ('-inf'), (1)")
        assert scored(connection, query_of(student, dialect, ["odd"]).text) == wanted


def test_names_that_differ_in_case_are_one_in_some_databases(postgresql):
    rows = pd.DataFrame({"Age": np.arange(40.0), "age": np.arange(40.0)[::-1], "size": 1.0})
    student = fitted_student("linear", rows, np.arange(40) % 2)
    for dialect in (SQLite(), DuckDB()):
        with pytest.raises(
            UnsupportedStudentError, match=r"'Age' cannot be read in .* the same as 'age'"
        ):
            query_of(student, dialect, ["t"])
    assert query_of(student, postgresql, ["t"]).reads == ("Age", "age", "size")


@pytest.mark.parametrize(
    ("name", "dialect", "reason"),
    [
        ("OID", SQLite(), "it is the number of the row"),
        ("rowid", DuckDB(), "it is the number of the row"),
        ("x" * 10_000, PostgreSQL(), "would be cut"),
        ("", SQLite(), "one character at least"),
    ],
)
def test_names_that_cannot_be_read_are_refused(name, dialect, reason):
    student = fitted_student("tree", pd.DataFrame({name: np.arange(40.0)}), np.arange(40) > 20)
    with pytest.raises(UnsupportedStudentError, match=reason) as caught:
        query_of(student, dialect, ["t"])
    assert len(str(caught.value)) < 300


def test_the_smallest_numbers_do_not_underflow(postgresql):
    """What PostgreSQL would stop at: quotients, products and roundings that are zero."""
    rows = pd.DataFrame({"x": np.linspace(-1e30, 1e30, 40), "y": np.linspace(-1, 1, 40)})
    cells = pd.DataFrame({"x": [5e-324, -1e-300, 1e-40, 0.0], "y": [5e-324, 1e-300, -1e-40, 1e-20]})
    for family in EVERY_KIND:
        student = fitted_student(family, rows, np.arange(40) % 2)
        query = query_of(student, postgresql, ["small"], ["row"])
        answers = postgresql.answers(query.text, "small", "row", cells[list(query.reads)])
        check_answers(student, cells, *answers, postgresql.title)
