"""What docs/exporters-sql.md shows runs, and its numbers are those of the code."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import hpmkd
from hpmkd.testing.students import fitted_student
from hpmkd_defaults.exporters.parity_rows import N_ROWS
from hpmkd_defaults.exporters.sql.duckdb import DuckDB
from hpmkd_defaults.exporters.sql.expressions import MAX_TERMS
from hpmkd_defaults.exporters.sql.limits import MAX_BYTES
from hpmkd_defaults.exporters.sql.links import LOWEST_POWER
from hpmkd_defaults.exporters.sql.postgresql import MAX_NAME, PostgreSQL
from hpmkd_defaults.exporters.sql.sqlite import SQLite

PAGE = (Path(__file__).parents[4] / "docs" / "exporters-sql.md").read_text("utf-8")


def test_the_python_of_the_page_runs(people, tmp_path, monkeypatch):
    table, target = people.drop(columns="bought"), people["bought"]
    student = fitted_student("additive", table, target)
    monkeypatch.setattr(hpmkd, "load", lambda folder: SimpleNamespace(student=student))
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect("people.db") as connection:
        table.astype({"size": object}).rename_axis("id").to_sql("people", connection)
    connection.close()
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(block, names)
    likely = np.flatnonzero(student.predict_proba(table)[:, 1] > 0.9)
    assert names["likely"]["id"].tolist() == likely.tolist()
    names["connection"].close()


def test_the_numbers_of_the_page_are_those_of_the_code():
    words = " ".join(PAGE.split())
    assert f"at most {MAX_BYTES:,} bytes" in words
    widths = f"at most {SQLite.max_columns:,} columns, in PostgreSQL {PostgreSQL.max_columns:,}"
    assert widths in words
    assert SQLite.max_columns == DuckDB.max_columns
    assert f"subqueries of {MAX_TERMS} terms" in words
    assert f"more than {MAX_NAME} bytes" in words
    assert f"between {LOWEST_POWER:.0f} and 0" in words
    assert f"scores {N_ROWS:,} rows" in words
    for dialect in (SQLite, DuckDB, PostgreSQL):
        line = next(line for line in PAGE.splitlines() if line.startswith(f"| {dialect.title} |"))
        assert f"| {dialect.tolerance:.0e}".replace("e-05", "e-5") in line
