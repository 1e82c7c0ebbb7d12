"""The disk tier: entries in files, read only if whole, written whole or not at all.

A file is an array as ``numpy.save`` writes it, without pickles, and then a seal of its key and of
these bytes: a hash that takes the user's secret key to make (BLAKE2b, RFC 7693). One of
another entry, version, program or user does not match. The file's name is such a hash, too, so that
others cannot infer from it what the entry belongs to.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import io
import os
import tempfile
import threading
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from hpmkd.errors import RunFolderError, warn
from hpmkd.user_key import key_path, user_key
from hpmkd_defaults.caches.disk_layout import (
    DRAFT_SUFFIX,
    SUFFIX,
    VERSION,
    file_instead,
    size,
    trim,
)
from hpmkd_defaults.caches.memory import read_only

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

#: Numbers, truth values, dates, text: dtypes whose bytes are their content.
KINDS = "biufcmMSU"
#: No header of such an array is longer.
LARGEST_HEADER = 4096
SEAL_BYTES = 32
#: Errors of the folder, a file or the user's key.
TROUBLES = (OSError, RunFolderError)


class CacheWarning(UserWarning):
    """The disk tier cannot be used; the run continues without it."""


class DiskTier:
    """Keeps arrays in files that any number of processes share.

    A damaged or foreign file is computed again and replaced. If the folder or the user's key cannot
    be read, the tier is switched off; if the folder cannot be written (a full disk, for instance),
    nothing more is written. Either gives one warning.

    Parameters
    ----------
    folder : Path
        Made when the first entry is written.
    max_bytes : int
        Budget of all files, >= 0; the least recently used go first. Processes that write at the
        same time may exceed it until the next one begins to write.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        # Guards the fields below.
        self._lock = threading.Lock()
        self._reads = self._writes = True
        self._hits: Counter[str] = Counter()
        self._n_bytes: int | None = None  # of all files; not counted yet

    @cached_property
    def _key(self) -> bytes:
        return user_key()

    def hits(self, region: str) -> int:
        """Return how many entries of a region were read."""
        return self._hits[region]

    def get_or_compute(
        self, region: str, key: str, compute: Callable[[], NDArray[Any]]
    ) -> NDArray[Any]:
        """Return the read-only entry, from its file if that is whole."""
        found = self.get(region, key)
        if found is None:
            found = read_only(compute())
            self.put(region, key, found)
        return found

    def get(self, region: str, key: str) -> NDArray[Any] | None:
        """Return the read-only entry if its file is whole."""
        if not self._reads:
            return None
        path = key_path()  # the first that may be in trouble
        try:
            path = self.path(region, key)
            # No entry of ours is larger; a foreign file might not fit in memory.
            if path.stat().st_size > self._max_bytes:
                return None
            with path.open("rb") as file:
                found = read_entry(file, self._hash(region, key))
        except FileNotFoundError:
            return None
        except TROUBLES as error:
            self._give_up(f"cannot read {path}", error, reads=False)
            return None
        if found is None:
            return None
        # Marks it as used; in a read-only folder this may fail.
        with contextlib.suppress(OSError):
            os.utime(path)
        with self._lock:
            self._hits[region] += 1
        return read_only(found)

    def put(self, region: str, key: str, array: NDArray[Any]) -> None:
        """Write an entry if there is room for it; what would need a pickle is left out."""
        if not self._writes or array.nbytes > self._max_bytes or array.dtype.kind not in KINDS:
            return
        path = key_path()
        try:
            path = self.path(region, key)
            # Predictions about somebody's rows are private.
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, draft = tempfile.mkstemp(DRAFT_SUFFIX, f"{path.stem}-", path.parent)
            try:
                # Not synced: what a power cut leaves behind fails its checksum.
                with os.fdopen(descriptor, "wb") as file:
                    write_entry(file, self._hash(region, key), array)
                    written = file.tell()
                os.replace(draft, path)
            finally:
                # Gone where all went well; also Ctrl-C must not leave it.
                Path(draft).unlink(missing_ok=True)
            self._trim(written)
        except TROUBLES as error:
            self._give_up(f"cannot write {path.parent}", error, reads=self._reads)

    def path(self, region: str, key: str) -> Path:
        """Return the file of an entry; a key may hold what a file name may not."""
        name = self._hash(region, key, "name").hexdigest()
        return self._folder / f"v{VERSION}" / region / f"{name}{SUFFIX}"

    def _hash(self, region: str, key: str, use: str = "seal") -> hashlib.blake2b:
        # A journal's seals have the same key; `person` keeps one from passing for another.
        person = f"hpmkd {use} v{VERSION}".encode()
        made = hashlib.blake2b(digest_size=SEAL_BYTES, key=self._key, person=person)
        made.update(f"{region} {key}\n".encode())
        return made

    def _trim(self, written: int) -> None:
        """Keep the budget; the folder is only looked through where it may be exceeded."""
        with self._lock:
            expected = None if self._n_bytes is None else self._n_bytes + written
            if expected is None or expected > self._max_bytes:
                trim(self._folder, self._max_bytes)
                expected = size(self._folder)
            self._n_bytes = expected

    def _give_up(self, problem: str, error: Exception, *, reads: bool) -> None:
        with self._lock:
            first = self._reads and self._writes
            self._reads, self._writes = reads, False
        if first:
            wrong = file_instead(self._folder)
            why = getattr(error, "strerror", None) or error
            reason = f"cannot be used: {wrong}" if wrong else f"{problem}: {why}"
            warn(
                f"the disk cache {reason}; the run continues with the cache in memory "
                "(another folder: --set cache.folder=DIR, none: --no-cache)",
                CacheWarning,
            )


def write_entry(file: BinaryIO, seal: hashlib.blake2b, array: NDArray[Any]) -> None:
    """Write an array and its seal, a hash that has its key already."""
    header = io.BytesIO()
    npy.write_array_header_1_0(header, npy.header_data_from_array_1_0(array))
    data = array.ravel(order="K").view(np.uint8).data
    for part in (header.getvalue(), data):
        seal.update(part)
        file.write(part)
    file.write(seal.digest())


def read_entry(file: BinaryIO, seal: hashlib.blake2b) -> NDArray[Any] | None:
    """Return the array, or None if the file is damaged or is not this entry."""
    # Checked after it is in memory, so that nothing can change between.
    content = np.fromfile(file, dtype=np.uint8)
    body, found = content[:-SEAL_BYTES], content[-SEAL_BYTES:].tobytes()
    seal.update(body.data)
    if not hmac.compare_digest(seal.digest(), found):
        return None
    try:
        header = io.BytesIO(body[:LARGEST_HEADER].tobytes())
        npy.read_magic(header)
        shape, is_fortran, dtype = npy.read_array_header_1_0(header)
        data: NDArray[Any] = body[header.tell() :].view(dtype)
        return data.reshape(shape, order="F" if is_fortran else "C")
    except (TypeError, ValueError):
        return None
