"""The states of a run folder, and what it holds while its run continues."""

from __future__ import annotations

import glob
import os
import shlex
import shutil
from enum import Enum, auto
from pathlib import Path

from hpmkd.errors import StudentFileError
from hpmkd.execution.journal import COMPANIONS
from hpmkd.execution.journal_rows import is_journal, read_header
from hpmkd.user_key import known_key

#: What is in a run folder while the run continues: what is finished, and the best student so far.
JOURNAL, BEST = "journal", "best.hpmkd"
#: Under which name the header of a journal has what a user types to resume the run.
COMMAND = "command"
JOURNAL_FILES = {JOURNAL, *(JOURNAL + end for end in COMPANIONS)}


class FolderState(Enum):
    """What a path holds: the states of a run folder, and others."""

    EMPTY = auto()  # or missing
    UNFINISHED = auto()
    FINISHED = auto()
    #: A finished run, and the journal of one that is to take its place.
    REPLACING = auto()
    OTHER = auto()

    @property
    def resumable(self) -> bool:
        """Whether there is a journal."""
        return self in (FolderState.UNFINISHED, FolderState.REPLACING)


def state_of(folder: Path) -> FolderState:
    """Return what a path holds."""
    # Path.exists raises an error where the path is too long, or one above may not be looked into.
    if not os.path.exists(folder):
        return FolderState.EMPTY
    if not os.path.isdir(folder):
        return FolderState.OTHER
    names, journal = {each.name for each in folder.iterdir()}, folder / JOURNAL
    # One that was opened a moment ago is empty yet.
    opened = JOURNAL in names <= JOURNAL_FILES and journal.stat().st_size == 0
    unfinished = opened or (JOURNAL in names and is_journal(journal))
    if "run.json" in names:
        return FolderState.REPLACING if unfinished else FolderState.FINISHED
    if unfinished:
        return FolderState.UNFINISHED
    return FolderState.OTHER if names else FolderState.EMPTY


def check_finished(folder: Path) -> None:
    """Refuse a folder whose run is unfinished.

    Raises
    ------
    StudentFileError
        If it is; the message names what there is, and how to resume it.
    """
    if state_of(folder) is not FolderState.UNFINISHED:
        return
    best, key = folder / BEST, known_key()
    message = f"{folder} holds an unfinished run"
    if best.is_file():
        message += f"; its best student so far is {best}: "
        message += f"hpmkd predict {shlex.quote(str(best))} DATA"
    header = None if key is None else read_header(folder / JOURNAL, key)
    same = f"the same command, with --resume {shlex.quote(str(folder))} in place of --out"
    if header is None:
        raise StudentFileError(
            f"{message}. Another user or machine began it, or its journal is damaged, so the "
            f"command in it is not shown. To resume it, type {same}, and with --trust-journal if "
            "you trust the one who started it"
        )
    raise StudentFileError(f"{message}. Resume with: {header.get(COMMAND) or same}")


def place_of(folder: Path) -> Path:
    """Return where a run folder is written: where a symbolic link leads, which itself stays."""
    return Path(os.path.realpath(folder))


def draft_prefix(folder: Path) -> str:
    """Return the prefix of the folders in which processes write a run folder."""
    return f".{place_of(folder).name}.draft-"


def drafts_of(folder: Path) -> list[Path]:
    """Return where processes write a run folder, each in its own place."""
    return sorted(place_of(folder).parent.glob(f"{glob.escape(draft_prefix(folder))}*"))


def recover(folder: Path) -> None:
    """Move a run folder to its place, where a killed process left that half done."""
    for draft in [] if os.path.exists(folder) else drafts_of(folder):
        # The old one was moved away, so the new one is whole.
        if (draft / "old").exists() and (draft / "new").exists():
            (draft / "new").rename(place_of(folder))
            shutil.rmtree(draft, ignore_errors=True)
            return


def take_along(unfinished: Path, new: Path) -> None:
    """Keep what others put beside a journal during the run."""
    for each in unfinished.iterdir():
        own = each.name in JOURNAL_FILES or each.name.lstrip(".").startswith(BEST)
        if not own and not (new / each.name).exists():
            each.rename(new / each.name)
