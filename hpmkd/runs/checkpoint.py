"""A run folder while its run continues: it holds the journal, and the best student so far."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hpmkd.errors import JournalWarning, RunFolderError, warn
from hpmkd.execution.journal import Journal, JournalFile
from hpmkd.files import explain_write_errors
from hpmkd.runs.checkpoint_folder import (
    BEST,
    COMMAND,
    JOURNAL,
    FolderState,
    drafts_of,
    place_of,
    state_of,
)
from hpmkd.runs.fingerprint import UNIDENTIFIABLE, differences
from hpmkd.training.best_so_far import BestSoFar
from hpmkd.user_key import KEY_BYTES, key_path, user_key

#: What people call a finished piece of work, by its job.
JOBS = {"fold": "fold", "trial": "trial", "answers": "cross-fit", "student": "student"}
CURE = "choose another folder"


class RunCheckpoint:
    """What is stored of a run in progress; without a folder, nothing.

    Parameters
    ----------
    folder : Path, optional
        The run folder.
    anew : bool
        Start over, whatever is there; it stays until :meth:`verify_or_begin`. Otherwise resume
        what is there, or begin where there is nothing.
    command : str, optional
        What a user types to resume the run.
    trusted : bool
        Resume a run that another user or machine began; this runs code that it holds.
    on_note : callable
        Called with a sentence about the journal.

    Raises
    ------
    RunFolderError
        If there is nothing to resume, it is another user's, another process has it open, or it
        cannot be written.
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
        self.best = BestSoFar(None if folder is None else folder / BEST, self._warn)
        #: Keeps nothing where there is no `journal_file`.
        self.journal = Journal()
        self.journal_file: JournalFile | None = None
        #: Whether what the folder holds is of this run.
        self.verified = False
        #: Whether another process can find out that it has the same run.
        self.identifiable = True
        #: Whether another process of the user can check the journal's seals.
        self.own_key = True
        self._warned = False
        if folder is None:
            return
        state = state_of(folder)
        if not anew and state is not FolderState.EMPTY and not state.resumable:
            raise RunFolderError(
                f"{folder} holds something other than an unfinished run; name the folder of one, "
                "or a new folder"
            )
        key = self._key()
        self._made = not os.path.exists(folder)
        with explain_write_errors(folder, CURE):
            place_of(folder).mkdir(parents=True, exist_ok=True)
            self.journal_file = JournalFile(
                folder / JOURNAL, key, fresh=anew, trusted=trusted, on_trouble=self._warn
            )
        for draft in drafts_of(folder):  # of processes that were killed: this one has the lock
            shutil.rmtree(draft, ignore_errors=True)
        self.journal = self.journal_file

    def verify_or_begin(self, run_fingerprint: Mapping[str, Any]) -> None:
        """Begin the journal, or check that it is of the same run and report its content.

        Raises
        ------
        RunFolderError
            If it is of another run; the message names every difference.
        """
        file = self.journal_file
        if file is None or self.folder is None:
            return
        unknown = [name for name, each in run_fingerprint["teachers"].items() if each is None]
        self.identifiable = not unknown
        if unknown:
            self.on_note(f"teacher {unknown[0]!r}: {UNIDENTIFIABLE}; so this run cannot be resumed")
        was = file.header
        if was is None:
            with explain_write_errors(self.folder, CURE):
                (self.folder / BEST).unlink(missing_ok=True)
                file.begin({**run_fingerprint, COMMAND: self.command})
        elif different := differences(was, run_fingerprint):
            begun = f" ({was[COMMAND]})" if was.get(COMMAND) else ""
            raise RunFolderError(
                f"{self.folder} belongs to another run: {'; '.join(different)}. Rerun with its "
                f"original options{begun}, or start over (--out with --overwrite, or another "
                "folder)"
            )
        else:
            found = _counted(len(file), "finished result")
            damaged = f"; {file.damaged} damaged, to be recomputed" if file.damaged else ""
            self.on_note(f"resuming {self.folder}: {found} from its journal{damaged}")
        self.verified = True

    @property
    def resumable(self) -> bool:
        """Whether another process can resume the run."""
        return self.own_key and self.identifiable

    @property
    def n_finished(self) -> int:
        """Finished pieces of work, not counting the outcomes of other runs, stored first."""
        return sum(name != "remembered" for name in self.journal)

    @property
    def progress(self) -> str:
        """How far the run has got, as a sentence."""
        jobs = Counter(name.partition(" ")[0] for name in self.journal)
        finished = [_counted(n, word) for job, word in JOBS.items() if (n := jobs[job])]
        return f"finished: {', '.join(finished)}" if finished else "nothing was finished"

    def stop(self) -> None:
        """Store nothing any more: later results may be half finished."""
        if self.journal_file is not None:
            self.journal_file.stopped = True

    def close(self) -> None:
        """Let others resume the run. Where nothing was finished, nothing is left."""
        file = self.journal_file
        if file is None or self.folder is None:
            return
        empty = file.empty or (len(file) > 0 and not self.n_finished)
        file.close()
        with contextlib.suppress(OSError):
            if empty:
                file.path.unlink(missing_ok=True)
            if self._made:
                place_of(self.folder).rmdir()  # unless it holds anything
        self.journal, self.journal_file = Journal(), None

    def _key(self) -> bytes:
        """Return the user's key; where there can be none, one that is lost after this run."""
        try:
            return user_key()
        except OSError as error:
            self.own_key = False
            warn(
                f"the user's key {key_path()} can be neither read nor made "
                f"({error.strerror or error}): the run continues, but if it is stopped, --resume "
                "treats it as another user's. Give HOME (or XDG_DATA_HOME) a folder that you "
                "may write to",
                JournalWarning,
            )
            return secrets.token_bytes(KEY_BYTES)

    def _warn(self, reason: str) -> None:
        if not self._warned:  # of the journal or of the best student: mostly both have one cause
            self._warned = True
            message = f"the run continues, but --resume repeats what could not be stored: {reason}"
            warn(message, JournalWarning)


def _counted(n: int, word: str) -> str:
    return f"{n} {word}{'s' * (n != 1)}"
