"""What a location names, and what is refused."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from hpmkd.data.sources.table_source import TableSource
from hpmkd.errors import DataError

URL = "postgresql://ana:x@db/sales"


def test_a_file_is_read_as_ever(tmp_path):
    frame = pd.DataFrame({"a": [2, 1], "b": ["x", None]})
    frame.to_csv(tmp_path / "[a]*.csv", index=False)
    pd.testing.assert_frame_equal(TableSource(str(tmp_path / "[a]*.csv")).read(sort=True), frame)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (TableSource("a.csv", "SELECT 1"), "a.csv: --query is for databases and Parquet files"),
        (TableSource("a.csv", table="t"), "a.csv: --table is for databases"),
        (TableSource("a.xlsx"), "unknown kind of file; expected .csv"),
        (TableSource("mysql://ana:x@db/sales"), "^mysql://ana@db/sales: PostgreSQL and DuckDB are"),
        (TableSource("mysql://ana:x@db/sales", "SELECT 1"), "PostgreSQL and DuckDB are read; exp"),
        (TableSource("mysql://ana:x@db/a.duckdb"), "PostgreSQL and DuckDB are read"),
        (TableSource("postgresql:/ana:x@db/sales"), "PostgreSQL and DuckDB are read"),
        (TableSource("'postgresql://ana:x@db/sales'"), "PostgreSQL and DuckDB are read"),
        (TableSource("duckdb://a.duckdb"), "expected .*, duckdb:///PATH"),
        (TableSource("host=db password=:x*"), "^got a list of KEYWORD=VALUE, .*postgresql://"),
        (TableSource("host=/tmp dbname=sales", "SELECT 1"), "^got a list of KEYWORD=VALUE"),
        (TableSource("POSTGRESQL+psycopg://ana:x@db/sales"), "names the driver of SQLAlchemy"),
        (TableSource("year=*/part.parquet"), "no Parquet file has this name"),
        (TableSource("postgresql+psycopg://ana:x@db/sales"), "names the driver of SQLAlchemy"),
        (TableSource("postgresql://ana:x @db/sales"), "in a name or a password, write @"),
    ],
)
def test_what_cannot_be_read_is_refused(source, said):
    with pytest.raises(DataError, match=said) as raised:
        source.read()
    assert ":x" not in str(raised.value)


@pytest.mark.parametrize(("location", "module"), [("a.duckdb", "duckdb"), (URL, "psycopg")])
def test_what_is_not_installed_is_named(tmp_path, monkeypatch, location, module):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.duckdb").touch()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DataError, match=rf"needs {module}.*pip install 'hpmkd\[database\]'"):
        TableSource(location, "SELECT 1").read()


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (TableSource("data/adult.csv.gz"), "adult.csv.gz"),
        (TableSource("sales/"), "sales"),
        (TableSource("sales/*.parquet"), "sales"),
        (TableSource("*.parquet"), ""),
        (TableSource("duckdb:///sales.duckdb", "SELECT 1"), "sales.duckdb"),
        (TableSource(f"{URL}?sslmode=require", "SELECT 1"), "sales"),
        (TableSource("postgresql://ana:x@db", "SELECT 1"), "ana@db"),
        (TableSource("PostgreSQL://ana:x@db", "SELECT 1"), "ana@db"),
        (TableSource("mysql://ana:x@db"), "ana@db"),
        (TableSource("host=db password=x"), "host=db"),
        (TableSource(URL, table="public.customers"), "customers"),
    ],
)
def test_it_has_a_name_without_a_password(source, name):
    assert source.name == name


def test_nothing_that_is_kept_has_a_password():
    source = TableSource(URL, f"SELECT * FROM dblink('{URL}')")
    shown = "postgresql://ana@db/sales"
    assert str(source) == shown
    assert source.to_mapping() == {
        "location": shown,
        "query": f"SELECT * FROM dblink('{shown}')",
    }
    assert source.arguments() == [shown, "--query", f"SELECT * FROM dblink('{shown}')"]
    assert ":x" not in repr(source)
