"""The student file of a server: loaded again when it is replaced, refused where it is damaged."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from hpmkd.errors import StudentFileError
from hpmkd_serve.metrics import ServerMetrics
from hpmkd_serve.served import ServedStudent

LOG = logging.getLogger("hpmkd_serve")
#: Seconds between checks of the file.
SECONDS = 1.0


class WatchedFile:
    """A student file, and the student that answers: the last that could be loaded.

    Parameters
    ----------
    path : Path
        Of the ``.hpmkd`` file; symbolic links are followed each time.
    metrics : ServerMetrics
        Record each student.

    Attributes
    ----------
    current : ServedStudent
        Replaced as a whole: requests in flight finish with the former one.
    problem : str or None
        Why the file as it is now cannot be loaded.

    Raises
    ------
    StudentFileError
        There is no student to begin with.
    """

    def __init__(self, path: Path, metrics: ServerMetrics) -> None:
        self.path = path
        self.metrics = metrics
        self.problem: str | None = None
        self._asked = False
        self._seen = self._state()
        self.current = ServedStudent.read(path)
        metrics.student_loaded(self.current)

    def ask(self) -> None:
        """Load the file soon, even if it looks unchanged."""
        self._asked = True

    async def watch(self) -> None:
        """Load the file whenever it changes, until cancelled."""
        while True:
            await asyncio.sleep(SECONDS)
            # In a thread, so that requests are answered meanwhile.
            if self._asked or await asyncio.to_thread(self._state) != self._seen:
                await asyncio.to_thread(self.load)

    def load(self) -> None:
        """Load the file; if that fails, keep the current student and log why."""
        # Before it is read: a change or a request meanwhile is noticed the next time.
        self._asked, self._seen = False, self._state()
        try:
            served = ServedStudent.read(self.path)
        except StudentFileError as error:
            self._refuse(str(error))
        except Exception as error:  # on any error, the old student answers
            self._refuse(f"'{self.path}': {type(error).__name__}: {error}")
            LOG.debug("while loading", exc_info=error)
        else:
            self._accept(served)

    def _accept(self, served: ServedStudent) -> None:
        before, self.current, self.problem = self.current, served, None
        self.metrics.student_loaded(served)
        same = {
            "columns": before.student.encoder.schema == served.student.encoder.schema,
            "classes": before.classes == served.classes,
        }
        changes = [what for what, is_same in same.items() if not is_same]
        others = f"; its {' and '.join(changes)} have changed: see /schema" if changes else ""
        LOG.info("student %s answers from now on%s", served.digest[:12], others)

    def _refuse(self, problem: str) -> None:
        self.problem = problem
        self.metrics.student_refused()
        LOG.error("the new student is refused, %s stays: %s", self.current.digest[:12], problem)

    def _state(self) -> tuple[int, ...] | None:
        """Return what differs when the file is replaced; None where it is missing."""
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
