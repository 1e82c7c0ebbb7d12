"""Options of the commands that read a table, and the table that they mean."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from hpmkd.data.sources.table_source import TableSource

F = TypeVar("F", bound=Callable[..., Any])


def table_options(command: F) -> F:
    """Add how DATA is read; the command gets its `data` as a TableSource, and `format`.

    DATA, if it is optional and was not given, stays None.
    """
    options = [
        click.option(
            "--query",
            metavar="SQL",
            help="A SELECT to run on DATA, if it is a database; for Parquet files, FROM data.",
        ),
        click.option("--table", metavar="NAME", help="The table of a database, or SCHEMA.TABLE."),
        click.option(
            "--sep",
            metavar="SIGN",
            help="Column separator of CSV files.  [default: detected in the header]",
        ),
        click.option(
            "--encoding",
            metavar="NAME",
            help="Encoding of CSV files, e.g. latin-1.  [default: UTF-8, or UTF-16 if marked]",
        ),
        click.option(
            "--decimal",
            type=click.Choice([".", ","]),
            default=".",
            show_default=True,
            help="Decimal sign in CSV files.",
        ),
    ]

    @functools.wraps(command)
    def reading(
        *,
        data: str | None,
        query: str | None,
        table: str | None,
        sep: str | None,
        encoding: str | None,
        decimal: str,
        **given: Any,
    ) -> Any:
        from hpmkd.data.sources.table_source import TableSource
        from hpmkd.data.table_files import CsvFormat

        if data is None and (query or table):
            raise click.UsageError(
                "--query and --table select what to read from DATA: give DATA, too"
            )
        source = None if data is None else TableSource(data, query, table)
        return command(data=source, format=CsvFormat(sep, encoding, decimal), **given)

    for option in reversed(options):
        reading = option(reading)
    return cast("F", reading)


def other_source(data: TableSource, location: str | None, query: str | None) -> TableSource | None:
    """Return where other rows are, if any are wanted: a query alone is about the same database."""
    if location is None and query is None:
        return None
    return replace(data, location=location or data.location, query=query, table=None)
