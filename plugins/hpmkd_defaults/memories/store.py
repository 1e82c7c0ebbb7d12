"""The store: one SQLite file that several runs read and write at once."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from hpmkd_defaults.memories import folder, schema
from hpmkd_defaults.memories.schema import DamagedStoreError

if TYPE_CHECKING:
    from pathlib import Path

    from hpmkd_defaults.memories.records import Learned

#: So many data sets are stored, the newest.
MAX_DATA_SETS = 500
#: Seconds to wait for another process that writes; a write takes a few milliseconds.
PATIENCE = 20.0
#: Errors of SQLite for a file that it cannot read, rather than of a disk that is full.
DAMAGE = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_TOOBIG,
)


class RecordStore:
    """Data sets and what was learned on them, in a file.

    A connection is opened for every call and closed after it. What cannot be read is a
    :class:`DamagedStoreError`; any other trouble is an ``OSError`` or a ``sqlite3.Error``.

    Parameters
    ----------
    path : Path
        The file. The first write makes it, for its owner alone to read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: tuple[int, int] | None = None

    def read(self) -> list[Learned]:
        """Return all data sets, the newest first."""
        if not self.path.exists():
            return []
        with self._connected() as connection:
            # One transaction: both tables as they were at one moment.
            connection.execute("BEGIN")
            return [] if schema.is_new(connection) else schema.known(connection)

    def keep(self, learned: Iterable[Learned]) -> None:
        """Add what was learned, on data sets that are known too; see :func:`~.records.joined`.

        All of it or, if something goes wrong, nothing. The oldest beyond ``MAX_DATA_SETS`` go.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with self._connected() as connection:
            # Not when the first row is written: another process may write until then.
            connection.execute("BEGIN IMMEDIATE")
            if schema.is_new(connection):
                schema.lay_out(connection)
            for each in learned:
                schema.put(connection, each)
            schema.trim(connection, MAX_DATA_SETS)
            connection.execute("COMMIT")

    def clear(self) -> None:
        """Forget everything, and leave none of it in the file."""
        if not self.path.exists():
            return
        with self._connected() as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("BEGIN IMMEDIATE")
            if not schema.is_new(connection):
                schema.forget(connection)
            connection.execute("COMMIT")
            connection.execute("VACUUM")

    def set_aside(self) -> Path | None:
        """Rename the file that was found damaged; None if another process has done so."""
        return folder.set_aside(self.path, self._opened)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        self._opened = folder.identity(self.path)
        # Opened for reading alone where it may not be written, and never made.
        address = f"{self.path.absolute().as_uri()}?mode=rw"
        try:
            with contextlib.closing(
                sqlite3.connect(address, uri=True, timeout=PATIENCE, isolation_level=None)
            ) as connection:
                yield connection
        except sqlite3.DatabaseError as error:
            if self._opened is None or self._opened != folder.identity(self.path):
                raise DamagedStoreError("another process has set it aside") from error
            # Python's own complaint about a text that is none has no code.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
            # The other bits tell more of the same.
            if code & 0xFF in DAMAGE:
                raise DamagedStoreError(str(error)) from error
            raise
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise DamagedStoreError(str(error)) from error
