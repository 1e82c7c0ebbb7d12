"""Names, values and literals of each database."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpmkd.errors import ExportError, UnsupportedStudentError
from hpmkd_defaults.exporters.sql.dialects import MAX_ARGUMENTS
from hpmkd_defaults.exporters.sql.exporter import DIALECTS
from hpmkd_defaults.exporters.sql.expressions import Sql


@pytest.fixture(scope="module")
def ask(request):
    """Return a function that evaluates expressions, 500 at most, in a database."""
    import sqlite3

    opened = {"sqlite": sqlite3.connect(":memory:")}

    def evaluate(dialect, *texts):
        if dialect.name == "duckdb" and "duckdb" not in opened:
            import duckdb

            opened["duckdb"] = duckdb.connect(":memory:")
        connection = opened.get(dialect.name) or dialect.connection
        return list(connection.execute(f"SELECT {', '.join(texts)}").fetchone())

    yield evaluate
    for connection in opened.values():
        connection.close()


def test_doubles_are_exact(dialect, ask):
    rng = np.random.default_rng(0)
    cells = np.concatenate([rng.normal(size=300), 10.0 ** rng.uniform(-30, 30, 150)]).tolist()
    cells += [0.0, 1.0, -1.0, 1e300, float("inf"), -float("inf")]
    assert ask(dialect, *map(dialect.double, cells)) == cells


def test_singles_are_exact(dialect, ask):
    cells = np.random.default_rng(0).normal(size=400).astype(np.float32)
    found = ask(
        dialect, *(f"CAST({dialect.single(cell)} AS {dialect.double_type})" for cell in cells)
    )
    assert found == cells.tolist()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.text(max_size=8)
    | st.sampled_from(["'", "\\", "E'\\'", "a\x00b", "\x00", "--", "'; x"])
)
def test_texts_come_back(dialect, ask, value):
    if dialect.holds(value):
        assert ask(dialect, dialect.text(value)) == [value]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(max_size=8) | st.sampled_from(['"', '""', '"; x', "a.b", "{}", "{0}", "%s", "\\"])
)
def test_names_come_back(dialect, ask, name):
    if not dialect.objection(name):
        quoted = dialect.identifier(name)
        assert ask(dialect, f"(SELECT t.{quoted} FROM (SELECT 7 AS {quoted}) AS t)") == [7]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
def test_names_that_no_table_has_are_refused(dialect):
    for name in ("", "a\x00b", "\ud800"):
        with pytest.raises(UnsupportedStudentError, match=f"cannot be used in {dialect.title}"):
            dialect.identifier(name)


def test_names_that_would_mean_something_else_are_refused():
    sqlite, duckdb, postgresql = DIALECTS
    for dialect, name in ((sqlite, "OID"), (sqlite, "rowid"), (duckdb, "rowid")):
        with pytest.raises(UnsupportedStudentError, match="it is the number of the row"):
            dialect.identifier(name)
    assert postgresql.identifier("ä" * 31)
    with pytest.raises(UnsupportedStudentError, match="more than 63 bytes") as caught:
        postgresql.identifier("x" * 10_000)
    assert len(str(caught.value)) < 300


def test_labels_that_no_text_can_be_are_refused():
    *_, postgresql = DIALECTS
    with pytest.raises(ExportError, match=r"the label 'a\\x00b' cannot be a text in PostgreSQL"):
        postgresql.label("a\x00b")


def test_the_largest_of_many(dialect, ask):
    values = [Sql(str(at)) for at in range(3 * MAX_ARGUMENTS)]
    for count in (2, MAX_ARGUMENTS, MAX_ARGUMENTS + 1, 3 * MAX_ARGUMENTS):
        assert ask(dialect, dialect.largest(values[:count]).text) == [count - 1]
