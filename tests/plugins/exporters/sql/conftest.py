"""The three databases: SQLite and DuckDB in this process, and a server of PostgreSQL."""

from __future__ import annotations

import pytest

from hpmkd_defaults.exporters.sql.dialects import in_order
from hpmkd_defaults.exporters.sql.exporter import DIALECTS
from hpmkd_defaults.exporters.sql.postgresql import PostgreSQL
from tests.postgresql_server import MISSING, running_server

TYPES = {"M": "timestamp", "f": "float8", "O": "text"}


class Server(PostgreSQL):
    """PostgreSQL, at hand."""

    def __init__(self, connection):
        self.connection = connection

    def answers(self, query, table, key, rows):
        types = [f"{self.identifier(key)} integer"]
        types += [f"{self.identifier(n)} {TYPES[rows[n].dtype.kind]}" for n in rows.columns]
        name = self.identifier(table)
        self.connection.execute(f"DROP TABLE IF EXISTS {name}")
        self.connection.execute(f"CREATE TABLE {name} ({', '.join(types)})")
        cells = [rows[n].astype(object) for n in rows.columns]
        # NaN of numbers stays, of other columns it is NULL.
        cells = [c if rows[c.name].dtype.kind == "f" else c.where(c.notna(), None) for c in cells]
        with self.connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
            for row in zip(range(len(rows)), *cells, strict=True):
                copy.write_row(row)
        return in_order(self.connection.execute(query).fetchall())


@pytest.fixture(scope="session")
def postgresql():
    """A server."""
    psycopg = pytest.importorskip("psycopg", reason=f"{MISSING}pip install 'psycopg[binary]'")
    with (
        running_server() as server,
        psycopg.connect(server.url(), autocommit=True) as connection,
    ):
        yield Server(connection)


@pytest.fixture(params=[each.name for each in DIALECTS])
def dialect(request):
    """Each database, at hand."""
    known = {each.name: each for each in DIALECTS}
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql")
    if request.param == "duckdb":
        pytest.importorskip("duckdb", reason="no DuckDB to run the queries in: pip install duckdb")
    return known[request.param]
