"""The statement sent to a database: a query, or all of a table."""

from __future__ import annotations

from collections.abc import Sequence

from hpmkd.errors import closest

#: All tables and views of a database that are not its own; schema and name.
TABLES = (
    "SELECT table_schema, table_name FROM information_schema.tables "
    "WHERE table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY 1, 2"
)
#: How all else is refused.
ONE_SELECT = "expected one SELECT: hpmkd only reads"
#: Where tables are that are named without a schema.
DEFAULT_SCHEMAS = ("public", "main")
MOST_SHOWN = 20


def all_of(table: str) -> str:
    """Return the query for all of a table.

    Parameters
    ----------
    table : str
        Its name as it is spelt, maybe behind that of its schema and a dot.

    Examples
    --------
    >>> all_of("sales.Orders")
    'SELECT * FROM "sales"."Orders"'
    """
    quoted = ['"{}"'.format(part.replace('"', '""')) for part in table.split(".")]
    return f"SELECT * FROM {'.'.join(quoted)}"


def known_tables(rows: Sequence[tuple[str, str]], wanted: str | None = None) -> str:
    """Return a sentence with the tables of a database, as `all_of` takes them.

    Parameters
    ----------
    rows : sequence of (str, str)
        The answer to `TABLES`.
    wanted : str, optional
        One that it lacks, which may look like another.
    """
    names = [name if schema in DEFAULT_SCHEMAS else f"{schema}.{name}" for schema, name in rows]
    if not names:
        return "it has no tables that this user sees"
    close = None if wanted is None else closest(wanted, names)
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    hint = "" if close is None else f"Did you mean {close!r}? "
    return f"{hint}Tables: {', '.join(names[:MOST_SHOWN])}{more}"
