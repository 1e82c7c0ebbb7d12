"""The journal of a run: every finished piece of work, on disk at once, found again by its name.

The body of each of its records is: seconds of the run (8 bytes), the length of a name (4 bytes),
the name, and a pickle. The first record is the header, which is plain JSON.
"""

from __future__ import annotations

import json
import os
import pickle
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from hpmkd.execution.journal.body import Body
from hpmkd.execution.journal.records import NoRecordsError, Record, Records, first_body

T = TypeVar("T")

HEADER = "header"
_FRONT = struct.Struct("<dI")


class JournalFile:
    """A journal on disk that this process alone writes, until it is closed or the process ends.

    Parameters
    ----------
    path : path
        The file; made if it is missing.
    key : bytes
        Seals what is written; what it did not seal is not unpickled.
    fresh : bool
        Do not look at what is there; it stays until :meth:`begin`.
    trusted : bool
        Take over a journal that another key sealed.
    on_trouble : callable
        Told, once, why something could not be kept. The run goes on without.

    Attributes
    ----------
    header : mapping or None
        What the run follows from; None in a new journal.
    resumed : int
        Results that were taken from the journal.
    trouble : str or None
        Why something could not be kept.
    stopped : bool
        Whether the run was stopped: what comes then is not kept, but stops it again.

    Raises
    ------
    RunFolderError
        If another process writes it, another key sealed it, or it is no journal.
    OSError
        If it cannot be opened.
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
        self.path, self.on_trouble = Path(path), on_trouble
        self.header: Mapping[str, Any] | None = None
        self.resumed, self.stopped = 0, False
        self.trouble: str | None = None
        self._records = Records(self.path, key, fresh=fresh, trusted=trusted)
        self._mutex, self._places = threading.Lock(), dict[str, tuple[Record, int]]()
        self._before, self._started = 0.0, time.monotonic()
        try:
            for record in self._records.known:
                self._read(record)
        except BaseException:
            self.close()
            raise

    @property
    def dropped(self) -> int:
        """How many bytes at the end could not be read, and were cut off."""
        return self._records.dropped

    @property
    def seconds(self) -> float:
        """Seconds that the run has taken, in this process and in those that were ended."""
        return self._before + time.monotonic() - self._started

    @property
    def empty(self) -> bool:
        """Whether nothing is lost with the file."""
        begun = self.header is not None or self._records.blank
        return begun and not self._places and not self._records.removed

    def __len__(self) -> int:
        """Return how many results are kept."""
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        """Yield the names of all results that are kept."""
        return iter([*self._places])

    def __contains__(self, name: str) -> bool:
        """Whether a result of this name is kept."""
        return name in self._places

    def begin(self, header: Mapping[str, Any]) -> None:
        """Forget everything, and write the header of a new run.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        with self._mutex:
            self._records.restart()
            self._places.clear()
            self._before, self._started = 0.0, time.monotonic()
            content = json.dumps(header, allow_nan=False).encode()
            self._records.append(lambda body: body.write(self._front(HEADER) + content))
        self.header = header

    def get(self, name: str) -> Any:
        """Return the result that was put under a name.

        Raises
        ------
        KeyError
            If there is none, or it cannot be read any more.
        """
        found = self._unpickled(name)  # nothing in a closed one
        self.resumed += 1
        return found

    def put(self, name: str, result: T) -> T:
        """Keep a result: it is on the disk when this returns, or `on_trouble` was told why not.

        Returns
        -------
        object
            What :meth:`get` would, so that a run that was stopped goes on with the very same: a
            copy may differ from what it is of, if only in how large its pickle is. The result
            itself where it cannot be kept.
        """

        def write(body: Body) -> None:
            body.write(self._front(name))
            pickle.Pickler(body, protocol=5).dump(result)

        if self._records.closed:
            return result  # the run is over, and what is fitted since is none of it
        if self.stopped:
            raise KeyboardInterrupt  # somebody caught the first one
        try:
            with self._mutex:
                record = self._records.append(write)
                self._places[name] = (record, len(self._front(name)))
            if self._records.removed:
                self._tell(f"{self.path} was removed")
            copy: T = self._unpickled(name)
        except OSError as error:
            self._tell(f"{self.path} cannot be written: {error.strerror or error}")
        except KeyError:
            pass  # that was told already
        except Exception as error:  # whatever a class does when it is pickled
            self._tell(f"{name} cannot be kept ({type(error).__name__}: {error})")
        else:
            return copy
        return result

    def _unpickled(self, name: str) -> Any:
        record, front = self._places[name]
        body = self._records.body(record)
        if body is None:
            raise KeyError(name)
        try:
            # Our own key sealed it: see Records.
            return pickle.loads(memoryview(body)[front:])
        except Exception as error:  # whatever a class does when it is unpickled
            self._tell(f"{name} cannot be read ({type(error).__name__}: {error}); it is done again")
            raise KeyError(name) from error

    def kept(self, name: str, compute: Callable[[], T]) -> T:
        """Return the result of this name, computing and keeping it if it is missing."""
        try:
            known: T = self.get(name)
        except KeyError:
            return self.put(name, compute())
        return known

    def close(self) -> None:
        """Let others write it: nothing is found or kept any more. Twice is harmless."""
        self._records.close()
        self._places.clear()

    def _front(self, name: str) -> bytes:
        encoded = name.encode()
        return _FRONT.pack(self.seconds, len(encoded)) + encoded

    def _tell(self, reason: str) -> None:
        if self.trouble is None:
            self.trouble = reason
            self.on_trouble(reason)

    def _read(self, record: Record) -> None:
        """Learn what a record holds, without unpickling it."""
        self._before, length = _FRONT.unpack(self._records.part(record, 0, _FRONT.size))
        name = self._records.part(record, _FRONT.size, length).decode()
        front = _FRONT.size + length
        if self.header is not None:
            self._places[name] = (record, front)
            return
        header = json.loads(self._records.part(record, front, record.length - front))
        if name != HEADER or not isinstance(header, dict):
            raise NoRecordsError(f"{self.path} does not begin with the header of a journal")
        self.header = header


def header_of(path: Path) -> Mapping[str, Any] | None:
    """Read the header of a journal that another process may be writing; None if there is none.

    Nothing is unpickled, so no key is asked for.
    """
    try:
        body = first_body(path)
        if body is None:
            return None
        length = _FRONT.unpack_from(body)[1]
        header = json.loads(body[_FRONT.size + length :])
    except (OSError, ValueError, struct.error):
        return None
    return header if isinstance(header, dict) else None
