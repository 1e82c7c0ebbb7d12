"""The disk tier: entries in files, believed only if whole, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpmkd_defaults.caches import array_file
from hpmkd_defaults.caches.disk_layout import (
    DRAFT_SUFFIX,
    SUFFIX,
    VERSION,
    file_instead,
    in_the_way,
    trim,
)
from hpmkd_defaults.caches.lru_store import read_only

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


class CacheWarning(UserWarning):
    """The disk tier cannot be used; the run goes on without it."""


class DiskTier:
    """Keeps arrays in files that any number of processes share.

    A file that is cut short, changed, foreign or of another version is computed anew and
    replaced. What is no file but has the name of an entry is left alone, which is said.
    Where the folder cannot be read, the tier is switched off, and where it cannot be written
    (also: a full disk) nothing more is written; either is said once.

    Parameters
    ----------
    folder : Path
        Made when the first entry is written.
    max_bytes : int
        Budget of all files, >= 0; the ones not read for longest go first.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        # Guards the fields below.
        self._lock = threading.Lock()
        self._reads = self._writes = True
        self._hits: Counter[str] = Counter()

    def hits(self, region: str) -> int:
        """Return how many entries of a region were read."""
        return self._hits[region]

    def get_or_compute(
        self, region: str, key: str, compute: Callable[[], NDArray[Any]]
    ) -> NDArray[Any]:
        """Return the read-only entry, from its file if that can be believed."""
        found = self.get(region, key)
        if found is None:
            found = read_only(compute())
            self.put(region, key, found)
        return found

    def get(self, region: str, key: str) -> NDArray[Any] | None:
        """Return the read-only entry if its file can be believed."""
        path = self.path(region, key)
        found = self._read(path, region, key) if self._reads and not in_the_way(path) else None
        if found is None:
            return None
        with self._lock:
            self._hits[region] += 1
        return read_only(found)

    def put(self, region: str, key: str, array: NDArray[Any]) -> None:
        """Write an entry, if it may be written and a file can hold it."""
        path = self.path(region, key)
        if not self._writes:
            return
        if in_the_way(path):
            self._warn(f"leaves {path} alone, which is no file: one entry is in memory only")
        elif array.nbytes <= self._max_bytes and array_file.can_hold(array):
            self._write(path, region, key, array)

    def path(self, region: str, key: str) -> Path:
        """Return the file of an entry; a key may hold what a file name may not."""
        name = hashlib.sha256(key.encode()).hexdigest()
        return self._folder / f"v{VERSION}" / region / f"{name}{SUFFIX}"

    def _read(self, path: Path, region: str, key: str) -> NDArray[Any] | None:
        try:
            with path.open("rb") as file:
                found = array_file.read(file, region, key)
        except (FileNotFoundError, array_file.DamagedEntryError):
            return None
        except OSError as error:
            self._give_up(f"cannot read {path}", error, reads=False)
            return None
        # Says when it was last read; in a folder that is only for reading it need not.
        with contextlib.suppress(OSError):
            os.utime(path)
        return found

    def _write(self, path: Path, region: str, key: str, array: NDArray[Any]) -> None:
        try:
            # What teachers say about somebody's rows is for nobody else to read.
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, draft = tempfile.mkstemp(DRAFT_SUFFIX, f"{path.stem}-", path.parent)
            try:
                # Not synced: what a power cut leaves behind fails its checksum.
                with os.fdopen(descriptor, "wb") as file:
                    array_file.write(file, region, key, array)
                os.replace(draft, path)
            finally:
                # Gone where all went well; also Ctrl-C must not leave it.
                Path(draft).unlink(missing_ok=True)
            trim(self._folder, self._max_bytes)
        except OSError as error:
            self._give_up(f"cannot write {path.parent}", error, reads=self._reads)

    def _give_up(self, problem: str, error: OSError, *, reads: bool) -> None:
        with self._lock:
            first = self._reads and self._writes
            self._reads, self._writes = reads, False
        if first:
            wrong = file_instead(self._folder)
            reason = (
                f"cannot be used: {wrong}" if wrong else f"{problem}: {error.strerror or error}"
            )
            self._warn(
                f"{reason}; the run goes on with what is in memory "
                "(another folder: --set cache.folder=DIR)"
            )

    @staticmethod
    def _warn(problem: str) -> None:
        warnings.warn(f"the disk cache {problem}", CacheWarning, stacklevel=3)
