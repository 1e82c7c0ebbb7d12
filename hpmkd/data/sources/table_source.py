"""The location of a table, and which part of it: all commands read rows through this module."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol

from hpmkd.data.sources.parquet_files import is_parquet, parquet_files
from hpmkd.data.sources.passwords import KEYWORDS, SCHEME, URL, argument_without_passwords
from hpmkd.errors import DataError, DataWarning, warn

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.data.table_files import CsvFormat

DUCKDB_SCHEME = "duckdb:///"
DUCKDB_ENDINGS = (".duckdb", ".ddb")
EXPECTED = "expected postgresql://USER@HOST:PORT/DATABASE, duckdb:///PATH, or the path of a file"


class Database(Protocol):
    """What answers a query."""

    def query(self, text: str) -> Any:
        """Return the answer as an Arrow table."""

    def table_names(self) -> str:
        """Return a sentence with the tables there are."""


@dataclass(frozen=True)
class TableSource:
    """A table in a file, in the Parquet files of a folder, or in a database.

    Parameters
    ----------
    location : str
        The path of a CSV or Parquet file, of a folder of Parquet files or a pattern of their
        names, of a DuckDB file (also ``duckdb:///PATH``), or ``postgresql://USER@HOST/DATABASE``.
    query : str, optional
        A SELECT. Parquet files are called ``data`` in it.
    table : str, optional
        The name of a table of a database, instead of a query.
    """

    location: str
    query: str | None = None
    table: str | None = None

    def __repr__(self) -> str:
        """Return the location without a password."""
        return f"TableSource({str(self)!r})"

    def __str__(self) -> str:
        """Return the location without a password, to show and to keep."""
        return argument_without_passwords(self.location)

    @property
    def name(self) -> str:
        """The name of its rows: a table, a database, a file or folder without its parents."""
        if self.table is not None:
            return self.table.rpartition(".")[2]
        path = str(self).partition("?")[0] if self._is_server else str(self)
        plain = [part for part in PurePath(path).parts if not glob.has_magic(part)]
        return plain[-1].strip("/") if plain else ""

    @property
    def is_database(self) -> bool:
        """Whether rows come in whatever order a database returns them."""
        return self.query is not None or bool(_path_of_duckdb(self.location) or self._is_server)

    @property
    def _is_server(self) -> bool:
        return re.match(SCHEME, self.location, re.IGNORECASE) is not None

    def to_mapping(self) -> dict[str, str]:
        """Return what a run folder keeps of a database: no password, in the query either."""
        given = vars(self).items()
        return {name: argument_without_passwords(part) for name, part in given if part}

    def arguments(self) -> list[str]:
        """Return what names this table on a command line, without a password."""
        kept = self.to_mapping()
        options = [
            text
            for name in ("query", "table")
            if name in kept
            for text in (f"--{name}", kept[name])
        ]
        return [kept["location"], *options]

    def read(
        self,
        format: CsvFormat | None = None,
        texts: Mapping[str, Collection[str]] | None = None,
        *,
        sort: bool = False,
    ) -> pd.DataFrame:
        """Read the table.

        Parameters
        ----------
        format : CsvFormat, optional
            How a CSV file is written.
        texts : mapping of str to collection of str, optional
            Columns of a CSV file that stay text; see :func:`hpmkd.data.table_files.read_table`.
        sort : bool
            Whether rows of a database are sorted, by all their columns. Otherwise they stay as
            the query orders them, with a warning if it does not.

        Raises
        ------
        DataError
            Saying what is wrong with file, database or query.
        """
        from hpmkd.data import table_files

        try:
            database = self._database()
            if database is None:
                return table_files.read_table(self.location, format, texts or table_files.NO_TEXTS)
            from hpmkd.data.sources.arrow_frames import frame_of

            answer = database.query(self._statement(database))
        except ImportError as error:
            missing = error.name or error
            raise DataError(
                f"{self}: reading it needs {missing}; type: pip install 'hpmkd[database]'"
            ) from error
        if self.is_database and not sort:
            self._warn_of_no_order()
        return frame_of(answer, sort=sort and self.is_database)

    def _database(self) -> Database | None:
        """Return what answers queries; None for a file that is read without any."""
        location = self.location
        if self._is_server:
            from hpmkd.data.sources.postgresql import PostgreSQLDatabase

            scheme, colon, address = location.partition(":")
            return PostgreSQLDatabase(scheme.lower() + colon + address)
        self._refuse_other_servers()
        path = _path_of_duckdb(location)
        if not path and not self._is_parquet:
            if self.query is not None or self.table is not None:
                option = "--table" if self.query is None else "--query"
                raise DataError(f"{self}: {option} is for databases and Parquet files")
            return None
        from hpmkd.data.sources.duckdb_queries import DuckDBFile, ParquetFiles

        if not path:
            return ParquetFiles(location, parquet_files(location))
        if not os.path.isfile(path):
            raise DataError(f"{self}: no such file; give the path of a DuckDB database")
        return DuckDBFile(path)

    def _refuse_other_servers(self) -> None:
        """Refuse what names a server in another way: it would be taken for a path, and shown."""
        location = self.location
        if _has_duckdb_scheme(location) or os.path.exists(location):
            return
        if KEYWORDS.match(location):
            raise DataError(f"got a list of KEYWORD=VALUE, as libpq takes it; {EXPECTED}")
        if URL.search(location):
            raise DataError(f"{self}: PostgreSQL and DuckDB are read; {EXPECTED}")

    @property
    def _is_parquet(self) -> bool:
        """Whether Parquet files are read by DuckDB: several, or one by a query."""
        if os.path.isfile(self.location):
            return self.query is not None and is_parquet(self.location)
        return os.path.isdir(self.location) or glob.has_magic(self.location)

    def _statement(self, database: Database) -> str:
        from hpmkd.data.sources.statements import all_of

        if self.query is not None and self.table is not None:
            raise DataError("got --query and --table; expected one of them")
        if self.query is not None:
            return self.query
        if self.table is not None:
            return all_of(self.table)
        if not self.is_database:
            return all_of("data")
        raise DataError(
            f"{self}: got no query; expected --query 'SELECT …' (--test-query, --unlabeled-query) "
            f"or --table NAME. {database.table_names()}"
        )

    def _warn_of_no_order(self) -> None:
        if not re.search(r"\border\s+by\b", self.query or "", re.IGNORECASE):
            warn(
                f"{self}: without ORDER BY a database may return its rows in another order each "
                f"time{'; use --query with ORDER BY' if self.query is None else ''}",
                DataWarning,
            )


def _path_of_duckdb(location: str) -> str:
    """Return the path of a DuckDB file; empty if it is something else."""
    if _has_duckdb_scheme(location):
        return location[len(DUCKDB_SCHEME) :]
    return location if location.lower().endswith(DUCKDB_ENDINGS) else ""


def _has_duckdb_scheme(location: str) -> bool:
    return location.lower().startswith(DUCKDB_SCHEME)
