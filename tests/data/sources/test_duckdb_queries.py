"""DuckDB files and Parquet files, queried."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.sources.table_source import TableSource
from hpmkd.errors import DataError, DataWarning

duckdb = pytest.importorskip("duckdb", reason="pip install duckdb")
pytest.importorskip("pyarrow", reason="pip install pyarrow")

KINDS = """
SELECT 1::hugeint AS huge, 1e30::decimal(38, 0) AS beyond, 1.5::decimal(9, 2) AS exact,
  DATE '2024-02-29' AS day, TIMESTAMP '2024-02-29 12:00' AS local, true AS hole,
  TIMESTAMPTZ '2024-02-29 12:00:00+02' AS moment, 'S'::size AS enum, INTERVAL '26 hours' AS span,
  'x' AS text
UNION ALL SELECT NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, ''
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A file with two tables and a type."""
    path = tmp_path_factory.mktemp("duckdb") / "it's.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TYPE size AS ENUM ('S', 'M')")
        connection.execute("CREATE TABLE people AS SELECT range AS id FROM range(30)")
        connection.execute('CREATE SCHEMA shop; CREATE TABLE shop."Odd ""name" (a integer)')
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Parquet files by year, and what a cluster leaves beside them."""
    root = tmp_path_factory.mktemp("parquet")
    for year, names in ((2023, ("b", "a")), (2024, ("c",))):
        place = root / f"year={year}"
        place.mkdir()
        for name in names:
            more = {"late": [1.5]} if year == 2024 else {}
            pd.DataFrame({"name": [name], **more}).to_parquet(place / f"{name}.parquet")
    (root / "_SUCCESS").touch()
    (root / "_temporary").mkdir()
    (root / "_temporary" / "half.parquet").touch()
    return root


def read(location, query=None, table=None):
    return TableSource(str(location), query, table).read(sort=True)


@pytest.mark.parametrize("scheme", ["", "duckdb:///"])
def test_a_table_is_read_by_its_name(database, scheme):
    location = f"{scheme}{database}"
    assert read(location, table="people")["id"].tolist() == [*range(30)]
    assert read(location, table='shop.Odd "name').shape == (0, 1)
    assert read(location, "FROM people WHERE id < 3")["id"].tolist() == [0, 1, 2]


def test_the_kinds_of_cells_are_those_of_files(database):
    found = TableSource(str(database), f"FROM ({KINDS}) ORDER BY huge").read()
    assert {name: str(kind) for name, kind in found.dtypes.items()} == {
        **{"huge": "float64", "beyond": "float64", "exact": "float64", "day": "object"},
        **{"local": "datetime64[us]", "hole": "object", "moment": "datetime64[us, Etc/UTC]"},
        **{"enum": "str", "span": "timedelta64[us]", "text": "str"},
    }
    first = found.iloc[0]
    assert (first["huge"], first["beyond"], first["exact"]) == (1.0, 1e30, 1.5)
    assert (first["day"], first["hole"], first["enum"]) == (datetime.date(2024, 2, 29), True, "S")
    assert first["moment"] == pd.Timestamp("2024-02-29 10:00", tz="UTC")
    assert first["span"] == pd.Timedelta(hours=26)
    assert found.iloc[1].drop(["beyond", "text"]).isna().all()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELEC 1", "syntax error"),
        ("FROM peple", r'Did you mean "people"'),
        ("SELECT 1 AS a, 2 AS A, 3 AS a", "column names appear twice: a; leave one out"),
        ("DELETE FROM people", "--query: got DELETE; expected one SELECT: hpmkd only reads"),
        ("COPY people TO 'copy.csv'", "--query: got COPY; expected one SELECT"),
        ("SELECT 1; DROP TABLE people", "--query: got SELECT, DROP; expected one SELECT"),
        ("", "--query: got an empty text"),
        (None, r'got no query; expected --query .* Tables: people, shop\.Odd "name'),
    ],
)
def test_queries_that_give_no_table_are_refused(database, query, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=said) as raised:
        read(database, query)
    assert str(raised.value).startswith(str(database))
    assert [*tmp_path.iterdir()] == []


def test_files_that_are_no_databases_are_refused(tmp_path):
    path = tmp_path / "a.duckdb"
    with pytest.raises(DataError, match="no such file; give the path of a DuckDB database"):
        read(path, table="t")
    path.write_text("hello")
    with pytest.raises(DataError, match="not a valid DuckDB database"):
        read(path, table="t")


def test_a_folder_is_one_table_in_the_order_of_its_files(folder):
    found = TableSource(str(folder)).read()
    assert found.to_dict("list") == {
        "name": ["a", "b", "c"],
        "late": [pytest.approx(np.nan, nan_ok=True)] * 2 + [1.5],
        "year": [2023, 2023, 2024],
    }
    pattern = TableSource(f"{folder}/**/[bc].parquet").read()
    assert pattern["name"].tolist() == ["b", "c"]


def test_parquet_files_are_queried_as_data(folder):
    found = read(folder, "SELECT name FROM data WHERE year = 2023 ORDER BY name DESC")
    assert found["name"].tolist() == ["a", "b"]
    one = read(folder / "year=2024" / "c.parquet", "SELECT count(*) AS n FROM data")
    assert one["n"].tolist() == [1]


@pytest.mark.parametrize("name", ["empty", "none-*.parquet"])
def test_no_parquet_files_are_an_error(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.csv").touch()
    with pytest.raises(DataError, match=r"no Parquet file.*\.parquet or \.pq"):
        TableSource(str(tmp_path / name)).read()


def test_names_in_a_query_are_not_those_of_variables(database):
    secret = pd.DataFrame({"a": [1]})
    with pytest.raises(DataError, match="secret does not exist"):
        read(database, "FROM secret")
    assert len(secret) == 1


def test_without_an_order_predictions_are_warned_of(database):
    with pytest.warns(DataWarning, match="without ORDER BY a .* use --query with ORDER BY$"):
        TableSource(str(database), table="people").read()
