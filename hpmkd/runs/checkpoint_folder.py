"""How a run folder looks while its run goes on, and what killed processes leave there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

from hpmkd.errors import StudentFileError
from hpmkd.execution.journal.file import header_of
from hpmkd.execution.journal.records import MAGIC

#: What is in a run folder while the run goes on: what is finished, and the best student so far.
JOURNAL, BEST = "journal", "best.hpmkd"
#: Under which name the header of a journal has what a user types to go on.
COMMAND = "command"


def is_unfinished(folder: Path) -> bool:
    """Whether a folder holds the journal of a run, and no complete run."""
    return holds_journal(folder) and not (folder / "run.json").is_file()


def check_finished(folder: Path) -> None:
    """Refuse a folder whose run is not at its end.

    Raises
    ------
    StudentFileError
        If it is not; the message says what there is, and how to go on.
    """
    if not is_unfinished(folder):
        return
    best, header = folder / BEST, header_of(folder / JOURNAL) or {}
    said = f"{folder} holds an unfinished run"
    if best.is_file():
        said += f"; its best student so far is {best}: hpmkd predict {shlex.quote(str(best))} DATA"
    typed = header.get(COMMAND) or f"the same command, with --resume {folder} in place of --out"
    raise StudentFileError(f"{said}. Go on with: {typed}")


def holds_journal(folder: Path) -> bool:
    """Whether a run that is not at its end keeps its journal in a folder."""
    try:
        with (folder / JOURNAL).open("rb") as file:
            start = file.read(len(MAGIC))
    except OSError:
        return False
    # One that was begun a moment ago is empty yet.
    return start == MAGIC or (not start and {each.name for each in folder.iterdir()} == {JOURNAL})


def recover(folder: Path) -> None:
    """Put a run folder in its place, where the process that did so was killed in the middle."""
    target = folder.absolute()
    if not target.exists():
        for draft in _drafts(target):
            # The old one was moved away, so the new one is whole.
            if (draft / "old").exists() and (draft / "new").exists():
                (draft / "new").rename(target)
                shutil.rmtree(draft, ignore_errors=True)
                return


def sweep(folder: Path) -> None:
    """Remove what killed processes left beside a run folder, and in it.

    Whoever calls it holds the lock of its journal: nobody else is writing.
    """
    for draft in _drafts(folder.absolute()):
        shutil.rmtree(draft, ignore_errors=True)
    for draft in folder.glob(f".{BEST}.*"):
        draft.unlink(missing_ok=True)


def _drafts(target: Path) -> list[Path]:
    if not target.parent.is_dir():
        return []
    name = re.compile(rf"\.{re.escape(target.name)}-[a-z0-9_]{{8}}")
    return [each for each in target.parent.iterdir() if name.fullmatch(each.name)]


def take_along(unfinished: Path, new: Path) -> None:
    """Keep what somebody put beside a journal while the run went on."""
    for each in unfinished.iterdir():
        own = each.name == JOURNAL or each.name.lstrip(".").startswith(BEST)
        if not own and not (new / each.name).exists():
            each.rename(new / each.name)
