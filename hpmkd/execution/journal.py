"""The journal of a run: every finished piece of work, on disk at once, found again by its name.

A SQLite database of one table: a name, the seconds that the run had taken, a seal, and a pickle.
To read a pickle is to run code, so each row is sealed (HMAC-SHA256) with a key of the user, and
no pickle is read before its seal is checked. The first row is the header, which is plain JSON.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pickle
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from hpmkd.errors import RunFolderError
from hpmkd.execution.journal_rows import HEADER, ROW, TABLE, is_sealed, seal

T = TypeVar("T")

#: What SQLite may put beside the database, behind its name.
COMPANIONS = ("-wal", "-journal")


class Journal:
    """Keeps nothing: everything is computed. What a run without a folder has.

    Attributes
    ----------
    resumed : int
        Results that were taken from the journal.
    trouble : str or None
        Why something could not be stored.
    """

    def __init__(self) -> None:
        self.resumed = 0
        self.trouble: str | None = None
        self._before, self._started = 0.0, time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds that the run has taken, in this process and in those that were ended."""
        return self._before + time.monotonic() - self._started

    def __len__(self) -> int:
        """Return how many results are stored."""
        return 0

    def __iter__(self) -> Iterator[str]:
        """Yield the names of all results that are stored."""
        return iter(())

    def get(self, name: str) -> Any:
        """Return the result that was put under a name; KeyError if there is none."""
        raise KeyError(name)

    def put(self, name: str, result: T) -> T:
        """Store a result; return it as :meth:`get` would, or as it is where it is not stored."""
        return result

    def get_or_compute(self, name: str, compute: Callable[[], T]) -> T:
        """Return the result of this name, computing and storing it if it is missing."""
        try:
            known: T = self.get(name)
        except KeyError:
            return self.put(name, compute())
        return known


class JournalFile(Journal):
    """A journal on disk that this process alone reads and writes, until it is closed or ends.

    Parameters
    ----------
    path : path
        The file; made if it is missing.
    key : bytes
        Seals what is written; what it did not seal is not unpickled.
    fresh : bool
        Do not look at what is there; it stays until :meth:`begin`.
    trusted : bool
        Take over, and seal again, a journal that another key sealed.
    on_trouble : callable
        Called once with the reason why something could not be stored. The run continues.

    Raises
    ------
    RunFolderError
        If another process has it open, another key sealed it, it is damaged, or no journal.
    OSError
        If it cannot be made.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        key: bytes,
        *,
        fresh: bool = False,
        trusted: bool = False,
        on_trouble: Callable[[str], None] = lambda reason: None,
    ) -> None:
        super().__init__()
        self.path, self.on_trouble, self._key = Path(path), on_trouble, key
        #: What the run follows from; None in a new journal.
        self.header: Mapping[str, Any] | None = None
        #: Results whose seal is not right any more; they are not found.
        self.damaged = 0
        #: Whether the run was stopped: what comes then is not stored, but stops it again.
        self.stopped = False
        self._names, self._mutex, self._closed = dict[str, None](), threading.Lock(), False
        self._database = self._open()
        if fresh:
            return
        try:
            with _explained(self.path):
                self._load(trusted)
        except BaseException:
            self.close()
            raise

    @property
    def empty(self) -> bool:
        """Whether nothing is lost with the file."""
        return not self._names and (self.header is not None or _is_blank(self.path))

    def __len__(self) -> int:
        """Return how many results are stored."""
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        """Yield the names of all results that are stored."""
        return iter([*self._names])

    def begin(self, header: Mapping[str, Any]) -> None:
        """Forget everything, and write the header of a new run."""
        with self._mutex, _explained(self.path):
            self._database.close()
            for end in ("", *COMPANIONS):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
            self._database = self._open()
            self._names.clear()
            self._before, self._started = 0.0, time.monotonic()
            self._database.execute("BEGIN")
            self._database.execute(TABLE)
            self._insert(HEADER, json.dumps(header, allow_nan=False).encode())
            self._database.execute("COMMIT")
            # Only now: read_header has no eye for what the log beside the file holds.
            self._database.execute("PRAGMA journal_mode = WAL")
        self.header = header

    def get(self, name: str) -> Any:
        """Return the result that was put under a name; KeyError if it cannot be read."""
        if name not in self._names:  # nothing is, in a closed one
            raise KeyError(name)
        try:
            with self._mutex:
                row = self._database.execute(ROW, (name,)).fetchone()
            if row is None or not is_sealed(self._key, *row):
                raise ValueError("it is damaged")
            result = pickle.loads(row[3])
        except Exception as error:  # whatever a class does when it is unpickled
            self._report(f"{name} cannot be read ({type(error).__name__}: {error})")
            raise KeyError(name) from error
        self.resumed += 1
        return result

    def put(self, name: str, result: T) -> T:
        """Store a result: it is on the disk when this returns, or `on_trouble` knows why not.

        Returns
        -------
        object
            What :meth:`get` would return, so that a run that is resumed uses the very same: a
            copy may differ from its original, if only in how large its pickle is. The result
            itself where it cannot be stored.
        """
        if self._closed:
            return result  # the run is over, and what is fitted since is no part of it
        if self.stopped:
            raise KeyboardInterrupt  # somebody caught the first one
        try:
            content = pickle.dumps(result, protocol=5)
            copy: T = pickle.loads(content)
        except Exception as error:  # whatever a class does when it is pickled
            self._report(f"{name} cannot be stored ({type(error).__name__}: {error})")
            return result
        try:
            with self._mutex:
                self._insert(name, content)
        except (sqlite3.Error, OverflowError) as error:
            self._report(f"{self.path} cannot be written: {_reason(error)}")
            return result
        self._names[name] = None
        if not self.path.exists():
            self._report(f"{self.path} was removed")
        return copy

    def close(self) -> None:
        """Let others open it: nothing is found or stored any more. Twice is harmless."""
        with self._mutex:
            self._closed = True
            self._names.clear()
            self._database.close()

    def _open(self) -> sqlite3.Connection:
        if not self.path.exists():
            self.path.touch(0o600)  # an OSError is more precise than SQLite's error
        with _explained(self.path):
            database = sqlite3.connect(
                self.path, timeout=0, isolation_level=None, check_same_thread=False
            )
            try:
                # First: the lock is the database's own, and ends with the process, however it ends.
                database.execute("PRAGMA locking_mode = EXCLUSIVE")
                database.execute("PRAGMA synchronous = FULL")
                database.execute("BEGIN EXCLUSIVE")
                database.execute("ROLLBACK")
            except BaseException:
                database.close()
                raise
        return database

    def _load(self, trusted: bool) -> None:
        if _is_blank(self.path):
            return
        # Seals are checked and made here: a function of SQL that did so could be called by a view
        # or a trigger in the file, which then would seal what others wrote.
        row = self._database.execute(ROW, (HEADER,)).fetchone()
        own = row is None or is_sealed(self._key, *row)
        if not own and not trusted:
            raise RunFolderError(
                f"{self.path} was sealed by another user or machine, or is damaged: to read it "
                "could run code of theirs. Start over (--out with --overwrite, or another folder), "
                "or add --trust-journal if you trust the one who started it"
            )
        header = None if row is None else json.loads(row[3])
        if not isinstance(header, dict):
            raise ValueError("it has no header")
        self.header = header
        sealed = []
        query = "SELECT name, seconds, seal, pickle FROM results ORDER BY rowid"
        for name, seconds, found, content in self._database.execute(query):
            if not own and isinstance(content, bytes):
                found = seal(self._key, name, seconds, content)
                sealed.append((found, name))
            if not is_sealed(self._key, name, seconds, found, content):
                self.damaged += 1
            elif name != HEADER:
                self._names[name], self._before = None, seconds
        self._database.executemany("UPDATE results SET seal = ? WHERE name = ?", sealed)
        self._database.execute("PRAGMA journal_mode = WAL")
        if sealed:  # read_header has no eye for what the log beside the file holds
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _insert(self, name: str, content: bytes) -> None:
        seconds = self.seconds
        row = (name, seconds, seal(self._key, name, seconds, content), content)
        self._database.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", row)

    def _report(self, reason: str) -> None:
        if self.trouble is None:
            self.trouble = reason
            self.on_trouble(reason)


def _is_blank(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Raise what to do where a file cannot be used as a journal."""
    try:
        yield
    except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise RunFolderError(
                f"another process is using {path.parent}; wait until it ends, or choose "
                "another folder"
            ) from error
        raise RunFolderError(
            f"{path} is not a journal of hpmkd, or is damaged ({_reason(error)}); choose another "
            "folder, or remove this one"
        ) from error


def _reason(error: Exception) -> str:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return os.strerror(errno.ENOSPC)
    return str(error)
