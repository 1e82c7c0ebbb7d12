"""Options of a table that make no sense, and passwords where they are refused."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from hpmkd.cli import cli

URL, SHOWN = "postgresql://ana:s3cret@db/sales", "postgresql://ana@db/sales"


def refused(*arguments):
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2, done.output
    assert "s3cret" not in done.output
    return done.stderr


def test_a_query_is_about_a_table():
    message = refused("explain", "run", "--query", "SELECT 1")
    assert "--query and --table select what to read from DATA: give DATA, too" in message


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_wrong_usage_shows_no_password(more):
    twice = ["--test", URL, f"--test={URL}", *more]
    assert SHOWN in refused("distill", URL, "--target", "y", "--out", "run", *twice)
    assert SHOWN in refused("distill", "a.csv", URL, "--target", "y", "--out", "run", *more)
    assert SHOWN in refused("predict", "run", "a.csv", URL)
