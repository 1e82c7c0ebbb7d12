"""The body of a record while it is written."""

from __future__ import annotations

import hashlib
from typing import Any

from hpmkd.execution.journal.held import put


class Body:
    """What a body is written to; it is digested on the way."""

    def __init__(self, file: int, at: int, before: bytes) -> None:
        self._file, self._at, self.length = file, at, 0
        self._hash = hashlib.sha256(before)

    def write(self, piece: Any) -> int:
        """Write the next piece."""
        view = memoryview(piece).cast("B")
        self._hash.update(view)
        put(self._file, self._at + self.length, view)
        self.length += view.nbytes
        return view.nbytes

    def digest(self) -> bytes:
        """Return the digest of all that was written, and of the records before."""
        return self._hash.digest()
