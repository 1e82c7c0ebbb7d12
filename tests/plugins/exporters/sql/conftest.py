"""The three databases: SQLite and DuckDB in this process, PostgreSQL as a server of this session.

The server is Debian's package ``postgresql``. ``initdb`` makes a cluster in a temporary folder, as
the user ``postgres`` if this is root, whom PostgreSQL refuses; it listens on a socket in that
folder and on no port, and is gone with the session. Takes three seconds.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from hpmkd_defaults.exporters.sql.dialects import in_order
from hpmkd_defaults.exporters.sql.exporter import DIALECTS
from hpmkd_defaults.exporters.sql.postgresql import PostgreSQL

SETTINGS = "-c listen_addresses='' -c fsync=off -c max_connections=5 -c shared_buffers=16MB"
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


def _programs():
    """Return the folder of PostgreSQL's programs, those of the newest version; None without one."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda at: int(at.parent.name))
    return Path(found).parent if found else next(reversed(folders), None)


@pytest.fixture(scope="session")
def postgresql():
    """A server."""
    reason = "no PostgreSQL to run the queries in: "
    psycopg = pytest.importorskip("psycopg", reason=f"{reason}pip install 'psycopg[binary]'")
    programs = _programs()
    if programs is None:
        pytest.skip(f"{reason}install Debian's package postgresql")
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="hpmkd-pg-", dir="/tmp"))  # paths of sockets are short

    def run(program, *arguments):
        command = [str(programs / program), "-D", str(folder / "data"), *arguments]
        other = {"user": user, "group": user, "extra_groups": []} if os.getuid() == 0 else {}
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, **other)

    try:
        shutil.chown(folder, user)
        run("initdb", "-A", "trust", "-U", user, "--no-sync", "-E", "UTF8", "--locale=C")
        run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", f"{SETTINGS} -k {folder}", "start")
        try:
            where = {"host": str(folder), "user": user, "dbname": "postgres"}
            with psycopg.connect(**where, autocommit=True) as connection:
                yield Server(connection)
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=[each.name for each in DIALECTS])
def dialect(request):
    """Each database, at hand."""
    known = {each.name: each for each in DIALECTS}
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql")
    if request.param == "duckdb":
        pytest.importorskip("duckdb", reason="no DuckDB to run the queries in: pip install duckdb")
    return known[request.param]
