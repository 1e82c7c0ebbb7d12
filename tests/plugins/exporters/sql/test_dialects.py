"""Names, values and literals of each database."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpmkd.errors import ExportError
from hpmkd_defaults.exporters.sql.dialects import MAX_ARGUMENTS
from hpmkd_defaults.exporters.sql.exporter import DIALECTS
from hpmkd_defaults.exporters.sql.expressions import Sql


@pytest.fixture
def connection(dialect):
    """A connection to each database."""
    if dialect.name == "postgresql":
        yield dialect.connection
        return
    module = __import__({"sqlite": "sqlite3"}.get(dialect.name, dialect.name))
    with closing(module.connect(":memory:")) as opened:
        yield opened


def evaluate(connection, *texts):
    return list(connection.execute(f"SELECT {', '.join(texts)}").fetchone())


def test_doubles_are_exact(dialect, connection):
    rng = np.random.default_rng(0)
    cells = np.concatenate([rng.normal(size=300), 10.0 ** rng.uniform(-30, 30, 150)]).tolist()
    cells += [0.0, 1.0, -1.0, 1e300, float("inf"), -float("inf")]
    assert evaluate(connection, *map(dialect.double, cells)) == cells


def test_singles_are_exact(dialect, connection):
    cells = np.random.default_rng(0).normal(size=400).astype(np.float32)
    texts = (f"CAST({dialect.single(cell)} AS {dialect.double_type})" for cell in cells)
    assert evaluate(connection, *texts) == cells.tolist()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.text(max_size=8)
    | st.sampled_from(["'", "\\", "E'\\'", "a\x00b", "\x00", "--", "'; x"])
)
def test_texts_come_back(dialect, connection, value):
    if dialect.holds(value):
        assert evaluate(connection, dialect.text(value)) == [value]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(max_size=8) | st.sampled_from(['"', '""', '"; x', "a.b", "{}", "{0}", "%s", "\\"])
)
def test_names_come_back(dialect, connection, name):
    if not dialect.objection(name):
        quoted = dialect.identifier(name)
        connection.execute("DROP TABLE IF EXISTS named")
        connection.execute(f"CREATE TABLE named ({quoted} integer)")
        connection.execute("INSERT INTO named VALUES (7)")
        assert connection.execute(f"SELECT t.{quoted} FROM named AS t").fetchall() == [(7,)]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
def test_names_that_nothing_has_are_objected_to(dialect):
    assert all(map(dialect.objection, ("", "a\x00b", "\ud800")))


def test_postgresql_would_cut_long_names():
    *_, postgresql = DIALECTS
    assert not postgresql.objection("ä" * 31)
    assert "more than 63 bytes" in postgresql.objection("ä" * 32)


def test_labels_that_no_text_can_be_are_refused():
    *_, postgresql = DIALECTS
    with pytest.raises(ExportError, match=r"the label 'a\\x00b' cannot be a text in PostgreSQL"):
        postgresql.label("a\x00b")


def test_the_largest_of_many(dialect, connection):
    values = [Sql(str(at)) for at in range(3 * MAX_ARGUMENTS)]
    for count in (2, MAX_ARGUMENTS, MAX_ARGUMENTS + 1, 3 * MAX_ARGUMENTS):
        assert evaluate(connection, dialect.largest(values[:count]).text) == [count - 1]
