"""Where the large pieces of a run lie while its workers read them: files, each written once."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from hpmkd.errors import HpmkdError
from hpmkd.execution.toolkit.sharing import Names
from hpmkd_defaults.executors import memmap
from hpmkd_defaults.executors.signals import held_back

#: In the names of all folders made here.
PREFIX = "hpmkd-workers-"
LOCK = "lock"
#: Files here lie in memory, which saves writing them to a disk.
MEMORY = Path("/dev/shm")
#: A piece may take this share of what is free in memory; a larger one goes to a disk.
SHARE_OF_MEMORY = 0.25
#: Seconds after which a folder that nobody has locked has been left behind.
ABANDONED = 60.0


class PieceFiles:
    """Writes pieces to files, and removes those of pieces that have died.

    Small ones lie in memory where there is room, others in the folder for temporary files
    (``TMPDIR``). What a process left behind that was killed, a later one removes.
    """

    def __init__(self) -> None:
        #: Bytes written so far.
        self.written = 0
        self._names = Names()
        self._paths: dict[str, Path] = {}
        self._folders: dict[Path, Path] = {}
        self._locks: list[IO[bytes]] = []

    def path_of(self, piece: Any) -> str:
        """Return the path of a piece's file, which is written when it is first asked for.

        Raises
        ------
        HpmkdError
            If there is no room for it, or no folder to write to.
        """
        name, _ = self._names.of(piece)
        path = self._paths.get(name)
        # Folders for temporary files may be tidied up while a long run goes on.
        if path is None or not path.exists():
            path = self._paths[name] = self._write(name, memmap.parts_of(piece))
        return str(path)

    def remove_dead(self) -> None:
        """Remove the files of pieces that have died: nobody will ask for them again."""
        for name in self._names.gone():
            path = self._paths.pop(name, None)
            if path is not None:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove everything; what is asked for afterwards is written anew."""
        for folder in self._folders.values():
            shutil.rmtree(folder, ignore_errors=True)
        for lock in self._locks:
            lock.close()
        self._folders, self._locks, self._paths, self._names = {}, [], {}, Names()

    def _write(self, name: str, parts: list[memoryview]) -> Path:
        size = sum(part.nbytes for part in parts)
        root = _root(size)
        try:
            path = self._folder(root) / name
            _written(parts, path)
        except OSError as error:
            raise HpmkdError(
                f"{root}: cannot be used to hand rows to worker processes: {error.strerror}; "
                f"{size / 1e6:.1f} MB are needed, {_free(root) / 1e6:.1f} MB are free. Make room, "
                "name another folder (TMPDIR=/folder/with/room hpmkd …), or use one process "
                "(--workers 1)"
            ) from error
        self.written += size
        return path

    def _folder(self, root: Path) -> Path:
        if root not in self._folders or not self._folders[root].exists():
            remove_abandoned(root)
            # Ctrl-C in between would leave a folder that nobody knows.
            with held_back():
                self._folders[root] = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
                self._locks.append(_locked(self._folders[root] / LOCK))
        return self._folders[root]


def _written(parts: list[memoryview], path: Path) -> None:
    try:
        memmap.write(parts, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def remove_abandoned(root: Path) -> None:
    """Remove folders of processes that were killed before they could do it themselves."""
    for folder in _abandoned(root):
        shutil.rmtree(folder, ignore_errors=True)


def _abandoned(root: Path) -> Iterator[Path]:
    for folder in root.glob(f"{PREFIX}*"):
        try:
            # One that was made just now may not have been locked yet.
            if time.time() - folder.stat().st_mtime > ABANDONED:
                _locked(folder / LOCK).close()
                yield folder
        except OSError:
            continue  # somebody is using it, or it belongs to somebody else


def _locked(path: Path) -> IO[bytes]:
    """Return the file, locked for as long as it is open.

    The lock ends with the process, however that ends; unlike a process's number, it is seen
    from other containers too.
    """
    file = path.open("wb")
    try:
        _lock(file)
    except OSError:
        file.close()
        raise
    return file


def _lock(file: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows, where an open file cannot be removed anyway
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _root(size: int) -> Path:
    try:
        roomy = size <= SHARE_OF_MEMORY * shutil.disk_usage(MEMORY).free
    except OSError:
        roomy = False
    if roomy and os.access(MEMORY, os.W_OK):
        return MEMORY
    return _temporary(tempfile.gettempdir)


def _temporary(found: Callable[[], str]) -> Path:
    try:
        return Path(found())
    except OSError as error:
        raise HpmkdError(
            f"no folder for temporary files can be written to: {error}; name one "
            "(TMPDIR=/folder/with/room hpmkd …), or use one process (--workers 1)"
        ) from error


def _free(root: Path) -> int:
    try:
        return shutil.disk_usage(root).free
    except OSError:
        return 0
