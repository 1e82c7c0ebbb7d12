"""Students as SQL: size of the query, and time and parity in each database.

Run ``python -m benchmarks exporters-sql --markdown docs/exporters-sql.md``, for PostgreSQL with
``--postgresql "host=/tmp user=me"``.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import click
import duckdb
import numpy as np
import pandas as pd

import hpmkd
from benchmarks.common.datasets import load
from benchmarks.common.pages import console_tables, filled, page_option, replace_measured
from hpmkd.errors import UnsupportedStudentError
from hpmkd_defaults.exporters.sql.exporter import DIALECTS
from hpmkd_defaults.exporters.sql.query import query_of

STUDENTS = (
    ("adult", "logistic"), ("adult", "tree"), ("adult", "gbm"), ("adult", "network"),
    ("breast_cancer", "gbm"), ("digits", "gbm"),
)  # fmt: skip
N_ROWS = 100_000
N_TRAINING = 5_000
PAGE = Path(__file__).with_suffix(".md")
HEADER = ("set", "student", "K", ".hpmkd bytes", "database", "bytes", "ms", "differs by")


def in_sqlite(rows):
    """Return a connection to a table of these rows."""
    connection = sqlite3.connect(":memory:")
    rows.rename_axis("id").to_sql("rows", connection)
    return connection


def in_duckdb(rows):
    """Return a connection to a table of these rows."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    connection.register("frame", rows.rename_axis("id").reset_index())
    connection.execute("CREATE TABLE rows AS FROM frame")
    return connection


def in_postgresql(where: str, rows):
    """Return a connection to a table of these rows, of this session."""
    import psycopg

    connection = psycopg.connect(where, autocommit=True)
    connection.execute("SET max_parallel_workers_per_gather = 0; SET jit = off")
    types = {"O": "text", "f": "float8", "i": "bigint"}
    names = ", ".join(f'"{name}" {types[rows[name].dtype.kind]}' for name in rows.columns)
    connection.execute(f"CREATE TEMPORARY TABLE rows (id bigint, {names})")
    with connection.cursor().copy("COPY rows FROM STDIN (FORMAT csv)") as copy:
        copy.write(rows.to_csv(header=False))
    connection.execute("ANALYZE rows")
    return connection


def processor_time(connection) -> float:
    """Return the CPU seconds of the process that answers: this one, or a server's on this machine.

    So that waiting for a processor on a busy machine does not count.
    """
    process = getattr(connection, "info", None)
    if process is None:
        return time.process_time()
    on_processor, *_ = Path(f"/proc/{process.backend_pid}/schedstat").read_text().split()
    return int(on_processor) / 1e9


def answered(connection, query: str, student, rows, repeats: int) -> tuple[float, float]:
    """Return the milliseconds of a query, and by how much it differs."""
    listed = ", ".join(f"sum(p_{k})" for k in range(len(student.classes)))
    counted = f"SELECT count(label), {listed} FROM ({query.rstrip().rstrip(';')}) AS scored"
    times = []
    for _ in range(repeats):
        start = processor_time(connection)
        connection.execute(counted).fetchall()
        times.append(processor_time(connection) - start)
    found = sorted(connection.execute(query).fetchmany(len(rows)))
    probabilities = np.array([row[2:] for row in found], dtype=float)
    return 1e3 * min(times), np.abs(probabilities - student.predict_proba(rows)).max()


def lines_of(name: str, stage: str, server: str | None, repeats: int) -> list[tuple[str, ...]]:
    """Distil one student, score rows in each database, and write that as rows of the table."""
    table, labels = load(name)
    settings = {"sampler.trials": 1, "memory": "none", "cache.disk": False}
    few = np.random.default_rng(0).permutation(len(table))[:N_TRAINING]
    student = hpmkd.distill(
        table.iloc[few], labels[few], student=stage, teacher="quick", settings=settings
    ).student
    rows = table.iloc[np.resize(np.arange(len(table)), N_ROWS)].reset_index(drop=True)
    rows = rows.astype({n: object for n in rows if not pd.api.types.is_numeric_dtype(rows[n])})
    lines = []
    opened = {"sqlite": in_sqlite, "duckdb": in_duckdb}
    if server is not None:
        opened["postgresql"] = lambda rows: in_postgresql(server, rows)
    for dialect in DIALECTS:
        if dialect.name not in opened:
            continue
        start = (name, stage, str(len(student.classes)), f"{student.n_bytes:,}", dialect.title)
        try:
            query = query_of(student, dialect, ["rows"], ["id"]).text
        except UnsupportedStudentError:
            lines.append((*start, "refused", "", ""))
            continue
        connection = opened[dialect.name](rows)
        taken, difference = answered(connection, query, student, rows, repeats)
        connection.close()
        lines.append((*start, f"{len(query.encode()):,}", f"{taken:,.0f}", f"{difference:.0e}"))
    return lines


@click.command()
@click.option("--repeats", default=3, show_default=True, help="Runs of each query.")
@click.option("--postgresql", "server", metavar="CONNINFO", help="A server to measure too.")
@page_option
def main(repeats: int, server: str | None, markdown: Path | None) -> None:
    """Measure queries that score 100,000 rows in SQLite, DuckDB and PostgreSQL."""
    lines = [line for each in STUDENTS for line in lines_of(*each, server, repeats)]
    table = console_tables([("", HEADER, lines)]).strip()
    if markdown is not None:
        versions = f"SQLite {sqlite3.sqlite_version}, DuckDB {duckdb.__version__}"
        versions += "" if server is None else f", PostgreSQL {version_of(server)}"
        text = filled(PAGE, rows=f"{N_ROWS:,}", repeats=repeats, versions=versions, table=table)
        replace_measured(markdown, "sql", text)


def version_of(server: str) -> str:
    """Return the version of a server."""
    import psycopg

    with psycopg.connect(server) as connection:
        return str(connection.execute("SHOW server_version").fetchone()[0]).split()[0]


if __name__ == "__main__":
    main()
