"""The exporter keeps the rules of all exporters, in every dialect, and is reached from outside."""

from __future__ import annotations

import sqlite3
import sys

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import hpmkd
from hpmkd.cli import cli
from hpmkd.errors import ExportError, ExportWarning, RecipeError
from hpmkd.testing import ExporterSuite
from hpmkd.testing.students import EVERY_KIND, fitted_student, known_student
from hpmkd_defaults.exporters.sql.exporter import SqlExporter


class TestSQLite(ExporterSuite):
    @pytest.fixture
    def exporter(self):
        return SqlExporter()


class OfSomeStudents(ExporterSuite):
    """On mixed columns and three classes; parity of all is tested in `test_parity`."""

    @pytest.fixture(params=EVERY_KIND)
    def student(self, request):
        return known_student(request.param, "wine", True)


class TestDuckDB(OfSomeStudents):
    @pytest.fixture
    def exporter(self):
        return SqlExporter("duckdb")


@pytest.mark.filterwarnings("ignore:PostgreSQL is not available here:hpmkd.errors.ExportWarning")
class TestPostgreSQL(OfSomeStudents):
    @pytest.fixture
    def exporter(self):
        return SqlExporter("postgresql", table=["public", "rows"], keep="id")


def test_from_python(tmp_path):
    rows = pd.DataFrame({"age": np.arange(40.0), "job": ["clerk", "nurse"] * 20})
    student = fitted_student("boosted", rows, np.where(rows["age"] > 20, "yes", "no"))
    settings = {"table": "people", "keep": ["id", "job"]}
    path = hpmkd.export(student, "sql", tmp_path / "people.sql", settings=settings)
    with sqlite3.connect(":memory:") as connection:
        rows.rename_axis("id").to_sql("people", connection)
        found = pd.read_sql_query(path.read_text(), connection)
    assert list(found) == ["id", "job", "label", "p_0", "p_1"]
    assert found["label"].tolist() == student.predict(rows).tolist()
    np.testing.assert_allclose(found[["p_0", "p_1"]], student.predict_proba(rows), atol=1e-6)


def test_from_the_command_line(tmp_path):
    path = known_student("tree", "wine", True).save(tmp_path / "wine.hpmkd")
    settings = ["--set", "dialect=duckdb", "--set", "table=my wine", "--set", 'keep=["a", "b"]']
    result = CliRunner().invoke(cli, ["export", str(path), "--to", "sql", *settings])
    assert (result.exit_code, result.stdout) == (0, f"{path.with_suffix('.sql')}\n")
    text = path.with_suffix(".sql").read_text()
    assert 'FROM "my wine" AS t' in text
    assert "for DuckDB" in text


def test_unknown_dialects_and_empty_names_are_refused(tmp_path):
    student = known_student("tree", "wine", True)
    with pytest.raises(RecipeError, match="dialect"):
        hpmkd.export(student, "sql", tmp_path / "a.sql", settings={"dialect": "oracle"})
    with pytest.raises(ExportError, match="expected the name of a table"):
        SqlExporter(table=[])
    with pytest.raises(ExportError, match="table got '', expected a name that SQLite has"):
        SqlExporter(table="").export(student, tmp_path / "a.sql")
    assert not list(tmp_path.iterdir())


def test_without_duckdb_its_query_is_written_unchecked(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.warns(ExportWarning, match="the query was not run"):
        path = SqlExporter("duckdb").export(known_student("tree", "wine", True), tmp_path / "a.sql")
    assert path.is_file()


def test_a_build_without_mathematical_functions_is_lent_them(tmp_path, monkeypatch):
    plain = sqlite3.connect

    def without(*arguments):
        connection = plain(*arguments)
        for name in ("exp", "ln", "sqrt"):
            connection.create_function(name, 1, None)
        return connection

    monkeypatch.setattr(sqlite3, "connect", without)
    path = SqlExporter().export(known_student("pooled", "wine", True), tmp_path / "a.sql")
    assert "SELECT exp(1) fails" in path.read_text()
