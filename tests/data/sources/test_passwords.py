"""No password is left in the URL of a database, wherever it stands."""

from __future__ import annotations

import pytest

from hpmkd.data.sources.passwords import argument_without_passwords, without_passwords


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ana:x@db/sales", "postgresql://ana@db/sales"),
        ("postgres://ana:x@db:5433/sales", "postgres://ana@db:5433/sales"),
        ("postgresql+psycopg2://ana:x@db/sales", "postgresql+psycopg2://ana@db/sales"),
        ("--test=postgresql://ana:x@db/sales", "--test=postgresql://ana@db/sales"),
        ("postgresql://:x@/sales?host=/tmp/a", "postgresql://@/sales?host=/tmp/a"),
        ("postgresql://db/sales?password=x", "postgresql://db/sales"),
        ("postgresql://db/s?user=a&p%61ssword=x&port=1", "postgresql://db/s?user=a&port=1"),
        ("postgresql://db/s?sslpassword=x&port=1", "postgresql://db/s?port=1"),
        ("PostgreSQL://ana:x@db/sales", "PostgreSQL://ana@db/sales"),
        ("mysql://ana:x@db/sales", "mysql://ana@db/sales"),
        ("mysql:/ana:x@db/sales", "mysql:/ana@db/sales"),
        (" 'mysql://ana:x x@db/sales'", " 'mysql://ana@db/sales'"),
        ("jdbc:mysql://db/sales?user=a&password=x", "jdbc:mysql://db/sales?user=a"),
        ("host=db password=x dbname=sales", "host=db"),
        ("--test=host=db Password = 'x x' dbname=sales", "--test=host=db"),
        ("password=x x", ""),
        # What libpq takes for a part of the password, or refuses.
        ("postgresql://ana:x?x@db/sales", "postgresql://ana@db/sales"),
        ("postgresql://ana:x@x@db/sales", "postgresql://ana@db/sales"),
        ("postgresql://ana:x/x@db/sales", "postgresql://ana@db/sales"),
        ("postgresql://ana:x 'x@db/sales", "postgresql://ana@db/sales"),
        ("--test=postgresql://ana:x x@db/sales", "--test=postgresql://ana@db/sales"),
        (
            "SELECT * FROM dblink('postgresql://ana:x@db/sales', 'SELECT 1')",
            "SELECT * FROM dblink('postgresql://ana@db/sales', 'SELECT 1')",
        ),
    ],
)
def test_passwords_are_left_out(text, shown):
    assert argument_without_passwords(text) == shown
    assert argument_without_passwords(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "postgresql:///sales",
        "postgresql://db1:5432,db2:5432/sales?target_session_attrs=any",
        "postgresql://db:5432/sales?application_name=a@b",
        "mail@example.org/a:b@c",
        "C:/data/a:b@c.csv",
        "year=2024/part-*.parquet",
        "SELECT a FROM t WHERE mail = 'ana:x@db'",
    ],
)
def test_all_else_stays(text):
    assert argument_without_passwords(text) == text
    assert without_passwords(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "mysql://db/sales: expected postgresql://USER@HOST:PORT/DATABASE",
            "mysql://db/sales: expected postgresql://USER@HOST:PORT/DATABASE",
        ),
        ("postgresql:/ana:x@db/sales: no such file", "postgresql:/ana@db/sales: no such file"),
        ("extra argument (host=db password=x)", "extra argument (host=db)"),
    ],
)
def test_messages_have_none_either(text, shown):
    assert without_passwords(text) == shown


def test_a_condition_of_a_query_stays():
    text = "SELECT * FROM users WHERE age = 1 AND password = 'x'"
    assert argument_without_passwords(text) == text
