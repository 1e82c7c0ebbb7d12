"""A run folder while its run goes on: it holds the journal, and the best student so far."""

from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hpmkd.errors import JournalWarning, RunFolderError
from hpmkd.execution.journal import Journal, NoJournal
from hpmkd.execution.journal.file import JournalFile
from hpmkd.execution.journal.records import ForeignRecordsError
from hpmkd.execution.journal.sealing import user_key
from hpmkd.runs.checkpoint_folder import BEST, COMMAND, JOURNAL, holds_journal, sweep
from hpmkd.runs.fingerprint import UNTOLD, differences
from hpmkd.training.best_so_far import BestSoFar, told_by
from hpmkd.unwritable import explained

#: What people call a finished piece of work, by its job.
JOBS = {"fold": "fold", "trial": "trial", "answers": "cross-fit", "student": "student"}


class RunCheckpoint:
    """What of a run is kept while it goes on; without a folder, nothing is.

    Parameters
    ----------
    folder : Path, optional
        The run folder.
    anew : bool
        Begin anew, whatever is there; it stays until :meth:`verify_or_begin`. Otherwise go on with
        what is there, or begin where there is nothing.
    command : str, optional
        What a user types to go on.
    trusted : bool
        Go on with what another user or machine began; this runs code that it holds.
    on_note : callable
        Told, in a sentence, what happened to the journal.

    Raises
    ------
    RunFolderError
        If there is nothing to go on with, it is not ours, somebody else is at it, or it cannot
        be written.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        anew: bool = False,
        command: str | None = None,
        trusted: bool = False,
        on_note: Callable[[str], None] = lambda note: None,
    ) -> None:
        self.folder, self.command, self.on_note = folder, command, on_note
        self.best = BestSoFar(None if folder is None else folder / BEST, self._in_trouble)
        self._file: JournalFile | None = None
        #: Whether it is known that another process can go on with it.
        self.resumable = folder is not None
        #: Whether what the folder holds is of this run.
        self.settled = False
        self._warned = False
        if folder is None:
            self.journal: Journal = NoJournal()
            return
        if not anew and not holds_journal(folder) and folder.is_dir() and any(folder.iterdir()):
            raise RunFolderError(
                f"{folder} holds something other than an unfinished run; name a folder that does, "
                "or one that is not there yet"
            )
        self._made = not folder.exists()
        self.journal = self._file = self._opened(folder, anew, trusted)
        if not anew:
            sweep(folder)

    def _opened(self, folder: Path, fresh: bool, trusted: bool) -> JournalFile:
        with explained(folder, "choose another folder"):
            folder.mkdir(parents=True, exist_ok=True)
            try:
                return JournalFile(
                    folder / JOURNAL,
                    user_key(),
                    fresh=fresh,
                    trusted=trusted,
                    on_trouble=self._in_trouble,
                )
            except ForeignRecordsError as error:
                raise RunFolderError(
                    f"{error}: reading it could run code of theirs. Begin anew (--out with "
                    "--overwrite, or another folder), or add --trust-pickle if you trust it"
                ) from error

    def verify_or_begin(self, run_fingerprint: Mapping[str, Any]) -> None:
        """Begin the journal; or make sure that it is of the same run, and tell what it holds.

        Raises
        ------
        RunFolderError
            If it is of another; the message names every difference.
        """
        if self._file is None or self.folder is None:
            return
        self.resumable = None not in run_fingerprint["teachers"].values()
        if not self.resumable:
            names = [name for name, told in run_fingerprint["teachers"].items() if told is None]
            self.on_note(f"teacher {names[0]!r}: {UNTOLD}; so this run cannot be gone on with")
        was = self._file.header
        if was is None:
            with explained(self.folder, "choose another folder"):
                (self.folder / BEST).unlink(missing_ok=True)
                self._file.begin({**run_fingerprint, COMMAND: self.command})
        elif different := differences(was, run_fingerprint):
            begun = f" ({was[COMMAND]})" if was.get(COMMAND) else ""
            raise RunFolderError(
                f"{self.folder} holds the beginning of another run: {'; '.join(different)}. Give "
                f"what it was begun with{begun}, or begin anew (--out with --overwrite, or another "
                "folder)"
            )
        else:
            self.on_note(self._told(self._file))
        self.settled = True

    @property
    def kept(self) -> JournalFile | None:
        """The journal, if there is one."""
        return self._file

    @property
    def resumed(self) -> int:
        """How many results were taken from the journal."""
        return 0 if self._file is None else self._file.resumed

    @property
    def best_so_far(self) -> Mapping[str, Any] | None:
        """What is known of the best student so far."""
        return None if self.best.path is None else told_by(self.best.path)

    @property
    def progress(self) -> str:
        """How far the run has got, as a sentence."""
        jobs = Counter(name.partition(" ")[0] for name in self._file or ())
        told = [_counted(n, word) for job, word in JOBS.items() if (n := jobs[job])]
        if not told:
            return "nothing was finished"
        return f"finished: {', '.join(told)}"

    @property
    def holds(self) -> int:
        """How many results the journal holds."""
        return 0 if self._file is None else len(self._file)

    @property
    def trouble(self) -> str | None:
        """Why not all that was finished could be kept; None if it could."""
        return None if self._file is None else self._file.trouble

    def stop(self) -> None:
        """Keep nothing any more: what is finished from now on may be so by half."""
        if self._file is not None:
            self._file.stopped = True

    def close(self) -> None:
        """Let others go on with the run. Where nothing was finished, nothing is left."""
        if self._file is None or self.folder is None:
            return
        if self._file.empty:
            with contextlib.suppress(OSError):
                self._file.path.unlink()
        self._file.close()
        if self._made:
            with contextlib.suppress(OSError):  # somebody has something in it
                self.folder.rmdir()
        self._file, self._made = None, False

    def _in_trouble(self, reason: str) -> None:
        if self._warned:  # of the journal or of the best student: mostly both have one cause
            return
        self._warned = True
        message = f"the run goes on, but not all of it can be kept for --resume: {reason}"
        warnings.warn(message, JournalWarning, stacklevel=2)

    def _told(self, journal: JournalFile) -> str:
        results = _counted(len(journal), "finished result")
        text = f"going on with {self.folder}: {results} from its journal"
        if journal.dropped:
            text += f"; the last {journal.dropped} bytes were damaged, and are done again"
        return text


def _counted(n: int, word: str) -> str:
    return f"{n} {word}{'s' * (n != 1)}"
