"""Files for the large pieces of a run, each written once, while its workers read them."""

from __future__ import annotations

import mmap
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cloudpickle
from loky.backend import resource_tracker

from hpmkd.errors import HpmkdError
from hpmkd.execution.toolkit import PROTOCOL, Names, size_of_piece
from hpmkd.mapped_arrays import chunks
from hpmkd_defaults.executors.signals import held_back

#: In the names of all folders made here.
PREFIX = "hpmkd-workers-"
#: Files here lie in memory, which saves writing them to a disk.
MEMORY = Path("/dev/shm")
#: Buffers start at multiples of a cache line.
ALIGNMENT = 64
#: A piece may take this share of what is free in memory; a larger one goes to a disk.
SHARE_OF_MEMORY = 0.25


class SharedFiles:
    """Writes pieces to files, and removes those of pieces that have died.

    Small ones lie in memory where there is room, others in the folder for temporary files
    (``TMPDIR``). If this process is killed, loky's resource tracker removes them.
    """

    def __init__(self) -> None:
        #: Bytes written so far.
        self.written = 0
        self._names = Names()
        self._paths: dict[str, Path] = {}
        self._folders: dict[Path, Path] = {}

    def path_of(self, piece: Any) -> str:
        """Return the path of a piece's file, which is written when it is first needed.

        Raises
        ------
        HpmkdError
            If there is no room for it, or no folder to write to.
        """
        name, _ = self._names.of(piece)
        path = self._paths.get(name)
        # Folders for temporary files may be tidied up during a long run.
        if path is None or not path.exists():
            path = self._paths[name] = self._write(name, piece)
        return str(path)

    def remove_dead(self) -> None:
        """Remove the files of pieces that have died: no task will need them again."""
        for name in self._names.gone():
            path = self._paths.pop(name, None)
            if path is not None:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove everything; pieces needed afterwards are written again."""
        for folder in self._folders.values():
            shutil.rmtree(folder, ignore_errors=True)
            resource_tracker.unregister(str(folder), "folder")
        self._folders, self._paths, self._names = {}, {}, Names()

    def _write(self, name: str, piece: Any) -> Path:
        size = size_of_piece(piece)
        root = _root(size)
        try:
            path = self._folder(root) / name
            with _removed_if_incomplete(path):
                dump(piece, path)
        except OSError as error:
            raise HpmkdError(
                f"{root}: cannot be used to pass rows to worker processes: {error.strerror}; "
                f"{size / 1e6:.1f} MB are needed, {_free(root) / 1e6:.1f} MB are free. Make room, "
                "name another folder (TMPDIR=/folder/with/room hpmkd …), or use one process "
                "(--workers 1)"
            ) from error
        self.written += path.stat().st_size
        return path

    def _folder(self, root: Path) -> Path:
        folder = self._folders.get(root)
        if folder is None or not folder.exists():
            # Ctrl-C in between would leave a folder that is never removed.
            with held_back():
                if folder is not None:
                    resource_tracker.unregister(str(folder), "folder")
                folder = self._folders[root] = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
                resource_tracker.register(str(folder), "folder")
        return folder


@contextmanager
def _removed_if_incomplete(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def dump(value: Any, path: Path) -> None:
    """Write an object, so that :func:`load` need not copy its arrays.

    The file holds a pickle and beside it, aligned, the buffers of arrays (PEP 574), in frames
    too; then a table of where each of them is, and the length of that table. (joblib's files
    give frames of a subclass of arrays.)
    """
    views: list[pickle.PickleBuffer] = []
    with path.open("wb") as file:
        # Right into the file: of text in frames, the pickle is as large as they are.
        cloudpickle.Pickler(file, protocol=PROTOCOL, buffer_callback=views.append).dump(value)
        table = [(0, file.tell())]
        for part in (view.raw() for view in views):
            file.seek(-file.tell() % ALIGNMENT, os.SEEK_CUR)
            table.append((file.tell(), file.tell() + part.nbytes))
            for chunk in chunks(part):
                file.write(chunk)
        content = pickle.dumps(table)
        file.write(content + len(content).to_bytes(8, "little"))


def load(path: str) -> Any:
    """Return the object in a file; its arrays are read-only and mapped."""
    with open(path, "rb") as file:
        # The arrays keep the map open, and with it the file's content after its removal.
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    size = int.from_bytes(content[-8:], "little")
    table = pickle.loads(content[-8 - size : -8])
    body, *views = (content[start:end] for start, end in table)
    return pickle.loads(body, buffers=views)


def _root(size: int) -> Path:
    try:
        if size <= SHARE_OF_MEMORY * _free(MEMORY) and os.access(MEMORY, os.W_OK):
            return MEMORY
        return Path(tempfile.gettempdir())
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
