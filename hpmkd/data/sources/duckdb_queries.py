"""DuckDB: its own files, and queries over Parquet files; it runs in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hpmkd.data.sources.arrow_frames import refuse_repeated
from hpmkd.data.sources.statements import ONE_SELECT, TABLES, known_tables
from hpmkd.errors import DataError

#: How a query over Parquet files calls them.
PARQUET_VIEW = "data"
#: Names in a query are those of tables, never those of variables in the code that calls.
CONFIG = {"python_enable_replacements": False}


@dataclass(frozen=True)
class DuckDBFile:
    """A database of DuckDB in a file, which is read and never written.

    Parameters
    ----------
    path : str
        Of the file.
    """

    path: str

    def query(self, text: str) -> Any:
        """Return the answer to a query as an Arrow table."""
        with self._connected() as connection:
            return _answer(connection, text, self.path)

    def table_names(self) -> str:
        """Return a sentence with the tables there are."""
        with self._connected() as connection:
            return known_tables(connection.execute(TABLES).fetchall())

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        import duckdb

        with _explained(self.path), duckdb.connect(self.path, True, CONFIG) as connection:
            yield connection


@dataclass(frozen=True)
class ParquetFiles:
    """Parquet files as one table, which a query calls ``data``.

    Parameters
    ----------
    location : str
        What the user calls them.
    paths : sequence of str
        Of the files. Folders in them that are called ``key=value`` are columns, too, and a file
        may lack columns that others have.
    """

    location: str
    paths: Sequence[str]

    def query(self, text: str) -> Any:
        """Return the answer to a query as an Arrow table."""
        import duckdb

        with (
            _explained(self.location),
            duckdb.connect(":memory:", False, CONFIG) as connection,
        ):
            files = ", ".join("'{}'".format(each.replace("'", "''")) for each in self.paths)
            connection.execute(
                f"CREATE VIEW {PARQUET_VIEW} AS "
                f"SELECT * FROM read_parquet([{files}], union_by_name = true)"
            )
            return _answer(connection, text, self.location)

    def table_names(self) -> str:
        """Return a sentence with the tables there are."""
        return f"Tables: {PARQUET_VIEW}"


def _answer(connection: Any, text: str, title: str) -> Any:
    statements = connection.extract_statements(text)
    kinds = [each.type.name for each in statements]
    if kinds != ["SELECT"]:
        found = ", ".join(kinds) or "an empty text"
        raise DataError(f"{title}: --query: got {found}; {ONE_SELECT}")
    relation = connection.sql(statements[0].query)
    refuse_repeated(relation.columns, title)
    return relation.to_arrow_table()


@contextlib.contextmanager
def _explained(title: str) -> Iterator[None]:
    """Raise errors of DuckDB as errors of the data, and Ctrl-C as itself."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise DataError(f"{title}: DuckDB could not read it: {error}") from error
    except RuntimeError as error:
        if "interrupted" not in str(error):
            raise
        # DuckDB puts an error of its own in the place of that of the signal.
        raise KeyboardInterrupt from error
