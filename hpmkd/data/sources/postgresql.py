"""PostgreSQL, through psycopg: its driver brings libpq, with all that users have set for that.

DuckDB reads PostgreSQL, too, by an extension that is downloaded when it is first used, and not
from where packages come from: many machines do not reach it.
"""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpmkd.data.sources.arrow_frames import refuse_repeated
from hpmkd.data.sources.passwords import SCHEME, argument_without_passwords
from hpmkd.data.sources.statements import ONE_SELECT, TABLES, known_tables
from hpmkd.errors import DataError, DataWarning

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.adapt import AdaptersMap

#: Types whose cells are no text, by the name of the type in Arrow; those of all others are.
KINDS = {
    "bool": "bool",
    **{"int2": "int16", "int4": "int32", "int8": "int64"},
    **{"float4": "float32", "float8": "float64", "numeric": "float64"},
    **{"date": "date32", "timestamp": "timestamp", "timestamptz": "moment"},
    "interval": "duration",
}
#: Digits of a whole number that a float holds exactly.
EXACT_DIGITS = 15
#: Rows that are fetched in one go: as objects, they take far more memory than in a frame.
ROWS_AT_ONCE = 20_000
SECONDS_TO_CONNECT = 10
EXPECTED = "expected postgresql://USER@HOST:PORT/DATABASE"


@dataclass(frozen=True)
class PostgreSQLDatabase:
    """A database of a PostgreSQL server, in which nothing is ever written.

    Parameters
    ----------
    url : str
        As libpq takes it. What it lacks, libpq finds in ``PGHOST``, ``PGUSER``, ``PGPASSWORD``,
        ``~/.pgpass`` and so on.

    Raises
    ------
    DataError
        It cannot be read as a URL.
    """

    url: str = field(repr=False)

    def __post_init__(self) -> None:
        scheme = re.match(SCHEME, self.url)
        assert scheme is not None  # TableSource makes one of such URLs alone
        address = self.url[scheme.end() :]
        if "+" in scheme[0]:
            raise DataError(f"{self.title}: names the driver of SQLAlchemy; {EXPECTED}")
        authority, _, rest = address.partition("/")
        if (
            authority.count("@") > 1
            or "@" in rest.partition("?")[0]
            or re.search(r"[\s'\"]", address)
        ):
            # libpq would show what stands behind such a sign as the name of the server.
            raise DataError(
                f"{self.title}: cannot be read as a URL; in a name or a password, write @ as "
                "%40, / as %2F, : as %3A, a space as %20"
            )

    @cached_property
    def title(self) -> str:
        """The URL without its password."""
        return argument_without_passwords(self.url)

    def query(self, text: str) -> Any:
        """Return the answer to a query as an Arrow table."""
        from psycopg import errors

        with self._explained(), self._connected() as connection:
            try:
                # The planner expects all rows of a cursor to be wanted, not only the first ones.
                connection.execute("SET LOCAL cursor_tuple_fraction = 1")
                with connection.cursor(name="hpmkd") as cursor:
                    # Of a cursor, one statement is accepted, and only one that reads.
                    cursor.execute(text.encode())
                    return self._fetched(cursor)
            except errors.UndefinedTable as error:
                connection.rollback()
                wanted = re.search('"(.+)"', str(error.diag.message_primary))
                rows = connection.execute(TABLES).fetchall()
                tables = known_tables(rows, None if wanted is None else wanted[1])
                raise DataError(f"{self.title}: {_message(error)}. {tables}") from error

    def table_names(self) -> str:
        """Return a sentence with the tables there are."""
        with self._explained(), self._connected() as connection:
            return known_tables(connection.execute(TABLES).fetchall())

    def _fetched(self, cursor: Any) -> Any:
        import pyarrow as pa

        columns = cursor.description
        names = [each.name for each in columns]
        refuse_repeated(names, self.title)
        schema = pa.schema([(each.name, _arrow_type(each)) for each in columns])
        batches = []
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            cells = zip(zip(*rows, strict=True), schema.types, strict=True)
            arrays = [pa.array(each, kind) for each, kind in cells]
            batches.append(pa.record_batch(arrays, schema=schema))
        return pa.Table.from_batches(batches, schema)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Connection]:
        import psycopg

        options: dict[str, Any] = {"client_encoding": "utf8", "fallback_application_name": "hpmkd"}
        try:
            given = psycopg.conninfo.conninfo_to_dict(self.url)
        except psycopg.ProgrammingError:
            # Its message may show a part of the password.
            raise DataError(f"{self.title}: cannot be read as a URL; {EXPECTED}") from None
        if "connect_timeout" not in given and "PGCONNECT_TIMEOUT" not in os.environ:
            options["connect_timeout"] = SECONDS_TO_CONNECT
        if self.title != self.url:
            warnings.warn(
                "the URL holds a password, which the list of processes and the history of the "
                "shell show; use PGPASSWORD or ~/.pgpass instead",
                DataWarning,
                stacklevel=6,
            )
        try:
            connection = psycopg.connect(self.url, context=_adapters(), **options)
        except psycopg.OperationalError as error:
            problem = " ".join(str(error).split())
            hint = "is the server running, and are host, port and database right?"
            if "password" in problem:
                hint = "give the password of this user as PGPASSWORD, or in ~/.pgpass"
            raise DataError(f"{self.title}: no connection: {problem}; {hint}") from error
        with connection:
            connection.read_only = True
            yield connection

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        from psycopg import Error, errors

        try:
            yield
        except (errors.SyntaxError, errors.ReadOnlySqlTransaction) as error:
            # Several statements, none, and one that writes are errors of syntax in a cursor.
            problem = f"--query: {ONE_SELECT}. PostgreSQL: {_message(error)}"
            raise DataError(f"{self.title}: {problem}") from error
        except Error as error:
            raise DataError(f"{self.title}: the query failed: {_message(error)}") from error


def _message(error: Any) -> str:
    """Return the server's message, and its hint."""
    parts = (error.diag.message_primary or " ".join(str(error).split()), error.diag.message_hint)
    return "; ".join(part for part in parts if part)


def _adapters() -> AdaptersMap:
    """Return how cells are loaded: as text, but for those of the `KINDS`."""
    import psycopg
    from psycopg.adapt import AdaptersMap
    from psycopg.types.numeric import FloatLoader
    from psycopg.types.string import TextLoader

    adapters = AdaptersMap(psycopg.adapters)
    for each in adapters.types:
        if each.name not in KINDS:
            adapters.register_loader(each.oid, TextLoader)
        if each.array_oid:
            adapters.register_loader(each.array_oid, TextLoader)
    adapters.register_loader("numeric", FloatLoader)
    return adapters


def _arrow_type(column: Any) -> Any:
    """Return the type of a column of a cursor."""
    import psycopg
    import pyarrow as pa

    names = {each.oid: each.name for each in psycopg.adapters.types}  # get() takes arrays, too
    kind = KINDS.get(names.get(column.type_code, ""), "text")
    if kind == "float64" and column.scale == 0 and column.precision <= EXACT_DIGITS:
        return pa.int64()  # NUMERIC(p, 0)
    special = {
        "text": pa.string(),
        "timestamp": pa.timestamp("us"),
        "moment": pa.timestamp("us", "UTC"),
        "duration": pa.duration("us"),
    }
    return special.get(kind) or pa.type_for_alias(kind)
