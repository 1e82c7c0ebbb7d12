"""A run from a PostgreSQL server, whose password is nowhere afterwards."""

from __future__ import annotations

import datetime
import json
import re
import shlex
import signal
import threading

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import hpmkd
from hpmkd.cli import cli
from hpmkd.data.sources.table_source import TableSource
from hpmkd.errors import DataError, DataWarning
from hpmkd.report.reproduce import command
from tests.postgresql_server import GUEST, MISSING, running_server

psycopg = pytest.importorskip("psycopg", reason=f"{MISSING}pip install 'psycopg[binary]'")
pytest.importorskip("pyarrow", reason="no Arrow tables to read into: pip install pyarrow")

PASSWORD = "s3cr:t/w@rd"
QUOTED = "s3cr%3At%2Fw%40rd"
SECRET = re.compile("s3cr|w@rd|w%40rd")
SMALL = [
    "--set=sampler.trials=1",
    "--set=split.folds=3",
    "--set=reference.name=quick",
    '--set=stages=["logistic"]',
    "--teacher=sklearn.naive_bayes:GaussianNB",
    "--target=bought",
    "--quiet",
]
QUERY = "SELECT age, children, city, size, member, bought FROM shop.people WHERE id % 10 < 9"
TEST_QUERY = "SELECT * FROM shop.people WHERE id % 10 = 9"


@pytest.fixture(scope="module")
def server(people):
    """A server with a table of people, which a guest may read."""
    with (
        running_server() as running,
        psycopg.connect(running.url(), autocommit=True) as connection,
    ):
        connection.execute("CREATE SCHEMA shop; CREATE TYPE size AS ENUM ('S', 'M', 'L')")
        connection.execute(
            "CREATE TABLE shop.people (id serial, age numeric, children smallint, city text, "
            "size size, member boolean, bought varchar(3))"
        )
        cells = people.astype(object).where(people.notna(), None)
        names = ", ".join(people.columns)
        with connection.cursor().copy(f"COPY shop.people ({names}) FROM STDIN") as copy:
            for row in cells.itertuples(index=False):
                copy.write_row(row)
        connection.execute(f"CREATE ROLE {GUEST} LOGIN PASSWORD '{PASSWORD}'")
        connection.execute(f"GRANT USAGE ON SCHEMA shop TO {GUEST}")
        connection.execute(f"GRANT ALL ON shop.people TO {GUEST}")
        yield running


def call(*arguments, **environment):
    return CliRunner().invoke(cli, [str(each) for each in arguments], env=environment)


@pytest.fixture(scope="module")
def run(server, tmp_path_factory):
    """A run whose URL holds the password: where it is, and what it printed."""
    folder = tmp_path_factory.mktemp("postgresql") / "run"
    url = server.url(f"{GUEST}:{QUOTED}")
    queries = ["--query", QUERY, "--test-query", TEST_QUERY]
    with pytest.warns(DataWarning, match="the URL holds a password, which the list of processes"):
        done = call("distill", url, *queries, "--out", folder, *SMALL)
    assert done.exit_code == 0, done.output
    return folder, done


def holding_the_password(folder):
    """The files of a folder that hold it, of at least some files."""
    contents = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert contents
    return [path for path, content in contents.items() if SECRET.search(content.decode("latin-1"))]


def read(server, query, **options):
    return TableSource(server.url(), query, **options).read(sort=True)


def read_as(server, user):
    return TableSource(server.url(user), QUERY).read(sort=True)


def test_the_run_is_that_of_the_same_rows_in_a_file(run, server, people, tmp_path):
    folder, _ = run
    for name, text in (("train", QUERY), ("test", TEST_QUERY)):
        read(server, text).to_parquet(tmp_path / f"{name}.parquet")
    files = [tmp_path / "train.parquet", "--test", tmp_path / "test.parquet"]
    done = call("distill", *files, "--out", tmp_path / "run", *SMALL)
    assert done.exit_code == 0, done.output
    same = "student.hpmkd"
    assert (folder / same).read_bytes() == (tmp_path / "run" / same).read_bytes()


def test_the_password_is_nowhere(run, server):
    folder, done = run
    assert holding_the_password(folder) == []
    assert not SECRET.search(done.output)


def test_the_run_folder_says_which_rows_it_had(run, server):
    folder, _ = run
    kept = json.loads((folder / "run.json").read_text())["sources"]
    location = server.url(GUEST)
    assert kept == {
        "data": {"location": location, "query": QUERY},
        "test": {"location": location, "query": TEST_QUERY},
    }
    typed = command(hpmkd.load(folder), "run")
    expected = ["distill", location, "--query", QUERY, "--target", "bought"]
    assert shlex.split(typed)[1:7] == expected
    assert shlex.join(["--test", location, "--test-query", TEST_QUERY]) in typed


def test_a_run_that_is_stopped_is_resumed_without_its_password(server, tmp_path, monkeypatch):
    folder, url = tmp_path / "run", server.url(f"{GUEST}:{QUOTED}")

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hpmkd.runs.result.Distillation.save", stop)
        with pytest.warns(DataWarning, match="holds a password"):
            done = call("distill", url, "--query", QUERY, "--out", folder, *SMALL)
    assert done.exit_code == 130, done.output
    # The program is hpmkd, or python -m hpmkd where pytest is started like that.
    typed = shlex.split(done.stderr.splitlines()[-1].partition("hpmkd ")[2])
    assert typed[:2] == ["distill", server.url(GUEST)]
    assert holding_the_password(folder) == []
    assert not SECRET.search(done.output)
    again = call(*typed, PGPASSWORD=PASSWORD)
    assert again.exit_code == 0, again.output
    assert json.loads((folder / "counts.json").read_text())["resumed"] > 0


def test_rows_come_out_alike_in_whatever_order_they_are_returned(server):
    upwards = read(server, "SELECT * FROM shop.people ORDER BY id")
    downwards = read(server, "SELECT * FROM shop.people ORDER BY id DESC")
    pd.testing.assert_frame_equal(upwards, downwards)
    pd.testing.assert_frame_equal(upwards, read(server, None, table="shop.people"))


def test_predictions_come_in_the_order_of_the_query(run, server):
    folder, _ = run
    answers = {}
    for order in ("ORDER BY id", "order\n by id DESC"):
        query = f"SELECT * FROM shop.people {order}"
        done = call("predict", folder, server.url(), "--query", query)
        assert done.exit_code == 0, done.output
        answers[order] = done.stdout.splitlines()[1:]
    upwards, downwards = answers.values()
    assert len(upwards) == 150
    assert upwards == downwards[::-1] != downwards
    with pytest.warns(DataWarning, match="without ORDER BY a .* use --query with ORDER BY$"):
        call("predict", folder, server.url(), "--table", "shop.people")


def test_other_commands_read_the_same_rows(run, server):
    folder, _ = run
    rows = [server.url(), "--table", "shop.people"]
    for arguments in (["evaluate", folder, *rows, "--drift"], ["evaluate", folder, *rows]):
        done = call(*arguments)
        assert done.exit_code == 0, done.output
        assert "150" in done.stdout


def test_the_kinds_of_cells_are_those_of_files(server):
    columns = {
        "whole": "(1::smallint), (NULL)",
        "big": "(9007199254740993), (1)",
        "exact": "(1.50::numeric(9, 2)), (NULL)",
        "nan": "('NaN'::numeric), (2)",
        "digits": "(7::numeric(9, 0)), (8::numeric(9, 0))",
        "real": "(0.1::real), ('Infinity')",
        "day": "('2024-02-29'::date), (NULL)",
        "local": "('2024-02-29 12:00:00.5'::timestamp), (NULL)",
        "moment": "('2024-02-29 12:00:00+02'::timestamptz), (NULL)",
        "span": "('1 day 2 hours'::interval), (NULL)",
        "truth": "(true), (false)",
        "hole": "(true), (NULL)",
        "text": "('ä%s'), ('')",
        "enum": "('S'::size), ('L')",
        "list": "(ARRAY[1, 2]), (NULL)",
        "number": "(gen_random_uuid()), (NULL)",
    }
    parts = [f"(VALUES {cells}) AS t{name}({name})" for name, cells in columns.items()]
    parts = [
        f"(SELECT {name}, row_number() OVER () AS r FROM {part}) {name}_"
        for name, part in zip(columns, parts, strict=True)
    ]
    joined = " JOIN ".join([parts[0], *(f"{part} USING (r)" for part in parts[1:])])
    found = TableSource(
        server.url(), f"SELECT {', '.join(columns)} FROM {joined} ORDER BY r"
    ).read()
    assert {name: str(kind) for name, kind in found.dtypes.items()} == {
        **{"whole": "float64", "big": "int64", "exact": "float64", "nan": "float64"},
        **{"digits": "int64", "real": "float32", "day": "object", "local": "datetime64[us]"},
        **{"moment": "datetime64[us, UTC]", "span": "timedelta64[us]", "truth": "bool"},
        **{"hole": "object", "text": "str", "enum": "str", "list": "str", "number": "str"},
    }
    first = found.iloc[0]
    assert first["big"] == 9007199254740993
    assert first["exact"] == 1.5
    assert np.isnan(first["nan"])
    assert first["day"] == datetime.date(2024, 2, 29)
    assert first["moment"] == pd.Timestamp("2024-02-29 10:00", tz="UTC")
    assert first["span"] == pd.Timedelta(hours=26)
    assert (first["hole"], first["text"], first["enum"], first["list"]) == (
        True,
        "ä%s",
        "S",
        "{1,2}",
    )
    assert found.iloc[1]["text"] == ""
    assert found.iloc[1][["whole", "day", "moment", "hole", "list"]].isna().all()


def test_the_scheme_may_be_in_capitals(server):
    location = server.url().replace("postgresql", "PostgreSQL")
    assert len(TableSource(location, QUERY).read(sort=True)) == len(read(server, QUERY))


def test_no_rows_keep_their_columns(server):
    found = read(server, f"{QUERY} AND false")
    assert found.shape == (0, 6)
    assert found["age"].dtype == float


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELEC 1", 'expected one SELECT: hpmkd only reads. PostgreSQL: .* "SELEC"'),
        ("SELECT nothing FROM shop.people", 'column "nothing" does not exist'),
        (
            "SELECT * FROM shop.peple",
            r"does not exist\. Did you mean 'shop\.people'\? Tables: shop",
        ),
        ("SELECT 1 AS a, 2 AS b, 3 AS a", "column names appear twice: a; leave one out"),
        ("SELECT nextval('shop.people_id_seq')", "only reads. PostgreSQL: cannot execute"),
        ("DELETE FROM shop.people", 'only reads. PostgreSQL: .* near "DELETE"'),
        ("WITH x AS (DELETE FROM shop.people RETURNING *) SELECT * FROM x", "data-modifying"),
        ("SELECT 1; COMMIT; DROP TABLE shop.people", "PostgreSQL: cannot insert multiple"),
        ("SELECT 1 / (id - 1) FROM shop.people", "division by zero"),
        ("SELECT 'infinity'::date AS day", "date too large"),
        ("", "hpmkd only reads. PostgreSQL: syntax error"),
        (None, r"got no query; expected --query .* Tables: shop\.people"),
    ],
)
def test_queries_that_give_no_table_are_refused(server, query, said):
    with pytest.raises(DataError, match=said) as raised:
        read(server, query)
    assert str(raised.value).startswith(server.url())
    assert len(read(server, "SELECT 1 AS a FROM shop.people")) == 150


def test_a_table_and_a_query_are_one_too_many(server):
    with pytest.raises(DataError, match="got --query and --table; expected one of them"):
        read(server, "SELECT 1", table="people")
    with pytest.raises(DataError, match=r"Did you mean 'shop\.people'"):
        read(server, None, table="shop.People")


@pytest.mark.parametrize(
    ("user", "environment", "said"),
    [
        (GUEST, {}, "no password supplied; give the password of this user as PGPASSWORD"),
        (GUEST, {"PGPASSWORD": "s3cret"}, "password authentication failed"),
        (f"{GUEST}:s3%zzcret", {}, "cannot be read as a URL; expected postgresql://USER"),
        (f"{GUEST}:s3/cret", {}, "cannot be read as a URL; in a name or a password, write"),
        (f"{GUEST}:s3@cret", {}, "cannot be read as a URL; in a name or a password, write"),
    ],
)
def test_a_wrong_password_is_explained_and_not_shown(server, user, environment, said, tmp_path):
    out = tmp_path / "run"
    done = call("distill", server.url(user), "--query", QUERY, "--out", out, *SMALL, **environment)
    assert done.exit_code == 3, done.output
    assert said in done.stderr
    assert not re.search("s3|cret", done.output)
    assert not out.exists()


@pytest.mark.filterwarnings("ignore:the URL holds a password")
def test_a_wrong_password_of_a_url_is_not_shown(server):
    with pytest.raises(DataError, match="password authentication failed for user") as raised:
        read_as(server, f"{GUEST}:s3cret")
    assert not re.search("s3|cret", str(raised.value))


def test_a_server_that_is_away_is_an_error():
    with pytest.raises(DataError, match=r"no connection: .*is the server running"):
        TableSource("postgresql://ana@/db?host=/tmp/hpmkd-no-such-folder", "SELECT 1").read()


def test_a_query_that_runs_is_stopped_at_the_server(server):
    interrupt = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        read(server, "SELECT pg_sleep(60)")
    interrupt.join()
    busy = "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' "
    assert read(server, f"{busy} AND pid <> pg_backend_pid()")["n"].tolist() == [0]
