"""A file of sealed records that is only appended to, and survives the end of its process.

After a line that says what it is come records: the length of the body (8 bytes), the digest of
this record and of all before it (SHA-256), the seal of that digest (HMAC-SHA256 with the key of
the user), and the body. A record that was not written to its end, or is damaged, ends the
file: it and what follows are cut off.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpmkd.errors import RunFolderError
from hpmkd.execution.journal.body import Body
from hpmkd.execution.journal.held import locked, pieces, put
from hpmkd.execution.journal.sealing import is_sealed, seal

MAGIC = b"hpmkd journal 1\n"
LENGTH = struct.Struct("<Q")
DIGEST = hashlib.sha256().digest_size
#: Bytes of a record before its body.
FRAME = LENGTH.size + 2 * DIGEST


class ForeignRecordsError(RunFolderError):
    """The file was not sealed with this user's key."""


class NoRecordsError(RunFolderError):
    """The file is none of records."""


@dataclass(frozen=True)
class Record:
    """Where a record is, and what its body has to be.

    Parameters
    ----------
    at : int
        Its first byte in the file.
    length : int
        Bytes of its body.
    before, digest : bytes
        The digests of the record before, and of this one.
    """

    at: int
    length: int
    before: bytes
    digest: bytes

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.at + FRAME + self.length


class Records:
    """Records that this process alone writes, until they are closed or the process ends.

    Parameters
    ----------
    path : path
        The file; made if it is missing.
    key : bytes
        Seals what is written.
    fresh : bool
        Do not look at what is there; it stays until :meth:`restart`, which comes first.
    trusted : bool
        Take over, and seal anew, a file that another key sealed.

    Attributes
    ----------
    known : list of Record
        The whole ones.
    dropped : int
        Bytes that were cut off behind them.

    Raises
    ------
    RunFolderError
        If another process writes it, another key sealed it, or it is no such file.
    OSError
        If it cannot be opened.
    """

    def __init__(
        self, path: Path, key: bytes, *, fresh: bool = False, trusted: bool = False
    ) -> None:
        self.path, self._key = path, key
        self.known: list[Record] = []
        self.dropped = 0
        self._file = locked(path)
        if fresh:
            return
        try:
            self._scan(trusted)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let others write the file. Calling it twice is harmless."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._file < 0

    @property
    def removed(self) -> bool:
        """Whether the file has been removed since."""
        return os.fstat(self._file).st_nlink == 0

    @property
    def blank(self) -> bool:
        """Whether there is no byte of any record in the file."""
        return os.fstat(self._file).st_size <= len(MAGIC)

    def restart(self) -> None:
        """Forget everything: the file is as new."""
        os.ftruncate(self._file, 0)
        self.known, self.dropped = [], 0
        self._scan(trusted=False)

    def body(self, record: Record) -> bytes | None:
        """Read a body; None if it is no longer what was written."""
        found = b"".join(pieces(self._file, record.at + FRAME, record.length))
        return found if hashlib.sha256(record.before + found).digest() == record.digest else None

    def part(self, record: Record, at: int, length: int) -> bytes:
        """Read a part of a body, unchecked since the file was opened."""
        return b"".join(pieces(self._file, record.at + FRAME + at, length))

    def append(self, write: Callable[[Body], Any]) -> Record:
        """Add a record, which is on the disk when this returns; else the file is as before.

        Parameters
        ----------
        write : callable
            Writes the body to what it is given, in one piece or in many.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        at, before = self._end
        try:
            body = Body(self._file, at + FRAME, before)
            write(body)
            digest = body.digest()
            front = LENGTH.pack(body.length) + digest + seal(self._key, digest)
            put(self._file, at, front)
            os.fsync(self._file)
        except BaseException:
            # If not even this can be done, what is left is no record; the next goes on top of it.
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, at)
            raise
        self.known.append(Record(at, body.length, before, digest))
        return self.known[-1]

    @property
    def _end(self) -> tuple[int, bytes]:
        """Where the next record goes, and the digest of those before it."""
        if self.known:
            return self.known[-1].end, self.known[-1].digest
        return len(MAGIC), hashlib.sha256(MAGIC).digest()

    def _scan(self, trusted: bool) -> None:
        """Find all whole records; cut off what is none."""
        size = os.fstat(self._file).st_size
        start = os.pread(self._file, len(MAGIC), 0)
        if start != MAGIC:
            if not MAGIC.startswith(start):
                raise NoRecordsError(f"{self.path} is no journal of hpmkd")
            put(self._file, 0, MAGIC)
            return
        foreign: list[Record] = []
        while (found := self._next(size)) is not None:
            record, own = found
            if not own:
                if self.known and not foreign:
                    break  # it begins as one of ours: this is damage
                if not trusted:
                    raise ForeignRecordsError(f"{self.path} was sealed by another user or machine")
                foreign.append(record)
            self.known.append(record)
        # The first seal last: until then it is a foreign file, whatever happens.
        for record in reversed(foreign):
            put(self._file, record.at + LENGTH.size + DIGEST, seal(self._key, record.digest))
        self.dropped = size - self._end[0]
        if self.dropped:
            os.ftruncate(self._file, self._end[0])

    def _next(self, size: int) -> tuple[Record, bool] | None:
        """Read on, and tell whether the seal is ours; None at the end, or at what is damaged."""
        at, before = self._end
        if at + FRAME > size:
            return None
        frame = os.pread(self._file, FRAME, at)
        length = LENGTH.unpack_from(frame)[0]
        if length > size - at - FRAME:
            return None
        digest, tag = frame[LENGTH.size : -DIGEST], frame[-DIGEST:]
        found = hashlib.sha256(before)
        for piece in pieces(self._file, at + FRAME, length):
            found.update(piece)
        if found.digest() != digest:
            return None
        return Record(at, length, before, digest), is_sealed(self._key, digest, tag)


def first_body(path: Path) -> bytes | None:
    """Read the first body of a file that another process may be writing; None without a whole one.

    Whose seal it bears is not looked at: do not unpickle it.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        before = hashlib.sha256(os.pread(file, len(MAGIC), 0)).digest()
        frame = os.pread(file, FRAME, len(MAGIC))
        if len(frame) < FRAME:
            return None
        length = min(LENGTH.unpack_from(frame)[0], os.fstat(file).st_size)
        found = b"".join(pieces(file, len(MAGIC) + FRAME, length))
        whole = hashlib.sha256(before + found).digest() == frame[LENGTH.size : -DIGEST]
        return found if whole else None
    finally:
        os.close(file)
