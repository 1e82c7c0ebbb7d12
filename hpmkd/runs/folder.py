"""Run folders are written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from hpmkd.errors import RunFolderError, StudentFileError
from hpmkd.evaluation.pareto import StudentSummary
from hpmkd.files import explain_write_errors, sync
from hpmkd.registry.offers import NAME
from hpmkd.runs.checkpoint_folder import (
    FolderState,
    check_finished,
    draft_prefix,
    place_of,
    recover,
    state_of,
    take_along,
)
from hpmkd.student import Student

#: Which students were fitted on all rows, with their figures.
FRONT = "front.json"


def check_free(
    folder: str | Path, *, overwrite: bool = False, cure: str = "choose another --out"
) -> None:
    """Refuse, before any work, a folder that could not be written afterwards.

    Parameters
    ----------
    overwrite : bool
        Whether a run in it may be replaced.
    cure : str
        For the error: what to do where nothing can be written.

    Raises
    ------
    RunFolderError
        If it holds something already, or its parent cannot be written.
    """
    folder = Path(folder)
    with explain_write_errors(folder, cure):
        recover(folder)
        state = state_of(folder)
    if os.path.exists(folder) and not folder.is_dir():
        raise RunFolderError(f"{folder} is a file; expected a folder to write the run to")
    if state is FolderState.OTHER:
        raise RunFolderError(
            f"{folder} holds something other than a run of hpmkd, which is not overwritten; "
            "choose another folder"
        )
    if state.resumable and not overwrite:
        raise RunFolderError(
            f"{folder} holds an unfinished run; resume it with --resume in place of --out, or "
            "start over with --overwrite"
        )
    if state is FolderState.FINISHED and not overwrite:
        raise RunFolderError(
            f"{folder} exists already; choose another --out, or replace it with --overwrite"
        )
    with explain_write_errors(folder, cure):
        parent = place_of(folder).parent
        parent.mkdir(parents=True, exist_ok=True)
        # Named as the draft will be: its name may be too long where that of the folder is not.
        with tempfile.TemporaryDirectory(dir=parent, prefix=draft_prefix(folder)):
            pass


@contextlib.contextmanager
def writing(
    folder: str | Path, *, overwrite: bool = False, cure: str = "choose another --out"
) -> Iterator[Path]:
    """Give a draft folder beside the target; move it into place when all is written.

    After any failure inside, also a full disk or a killed process, the target is either
    unchanged or complete.

    Parameters
    ----------
    overwrite : bool
        Whether a run in it, finished or not, may be replaced.
    cure : str
        For the error: what to do where it cannot be written.
    """
    check_free(folder, overwrite=overwrite, cure=cure)
    folder, target = Path(folder).absolute(), place_of(Path(folder))
    with explain_write_errors(folder, cure):
        # Of this writer alone: another may be at the same folder.
        draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=draft_prefix(target)))
        new = draft / "new"
        try:
            new.mkdir()
            yield new
            _sync(new)
            if state_of(target) is FolderState.UNFINISHED:
                take_along(target, new)
            _replace(target, new, draft / "old")
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _replace(target: Path, new: Path, old: Path) -> None:
    try:
        if target.exists():
            target.rename(old)
        new.rename(target)
    except BaseException:
        # Also Ctrl-C: the old run must not go with the draft.
        if old.exists() and not target.exists():
            old.rename(target)
        raise


def student_path(folder: Path, name: str) -> Path:
    """Return the file of a student of this name; never one outside `folder`.

    Raises
    ------
    RunFolderError
        If the name could lead anywhere else.
    """
    if not NAME.fullmatch(name):
        raise RunFolderError(
            f"got a student named {name!r}, which cannot be the name of a file; expected "
            "lower-case letters, digits, - and _"
        )
    return folder / "students" / f"{name}.hpmkd"


def read_json(path: Path, shape: type = object) -> Any:
    """Read one of a run folder's JSON files.

    Parameters
    ----------
    path : Path
        The file.
    shape : type
        ``dict`` or ``list``, the expected content.

    Raises
    ------
    StudentFileError
        If it is missing or damaged.
    """
    if os.path.isfile(path.parent):
        raise StudentFileError(
            f"{path.parent} is a file; expected a run folder, as hpmkd distill writes it. "
            "A student's file alone is read by hpmkd.Student.load, and by hpmkd predict"
        )
    try:
        content = json.loads(path.read_text("utf-8"), parse_constant=_no_number)
    except FileNotFoundError as error:
        check_finished(path.parent)
        raise StudentFileError(
            f"{path.parent} is no run folder: {path.name} is missing; give a folder that "
            "hpmkd distill wrote"
        ) from error
    except RecursionError as error:
        raise StudentFileError(f"{path} cannot be read: it is nested too deeply") from error
    except (OSError, ValueError) as error:
        raise StudentFileError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, shape):
        raise StudentFileError(
            f"{path} is damaged: got a {type(content).__name__}; expected a {shape.__name__}. "
            "Distil again, or take the folder from a backup"
        )
    return content


def _no_number(text: str) -> float:
    raise ValueError(f"got {text}, which no run writes; expected a finite number")


def _sync(folder: Path) -> None:
    # Contents first, names afterwards: a power cut must not leave an empty file that loads.
    for path in folder.rglob("*"):
        if path.is_file():
            sync(path)


def write_json(path: Path, content: Any) -> None:
    """Write one of a run folder's JSON files."""
    path.write_text(
        json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", "utf-8"
    )


def load_front(folder: Path) -> tuple[StudentSummary, ...]:
    """Read which students a run fitted on all rows, with their costs and scores.

    Raises
    ------
    StudentFileError
        If there is no such list, or it is damaged.
    """
    path = folder / FRONT
    try:
        return tuple(StudentSummary.read(each) for each in read_json(path, list))
    except msgspec.ValidationError as error:
        raise StudentFileError(
            f"{path} is damaged: {error}. Distil again, or take the folder from a backup"
        ) from error


def load_students(folder: Path, chosen: object) -> dict[str, Student]:
    """Read the students of a run folder, of which the chosen one is there twice.

    Raises
    ------
    StudentFileError
        If one is damaged, or the chosen one is missing or not the same twice.
    """
    paths = sorted(folder.glob("students/*.hpmkd"), key=lambda path: path.stem)
    students = {path.stem: Student.load(path) for path in paths}
    if not isinstance(chosen, str) or chosen not in students:
        raise StudentFileError(
            f"{folder} is no intact run folder: run.json chooses {chosen!r}; expected one of "
            f"those in students/: {', '.join(students) or 'none'}"
        )
    # What is shipped is student.hpmkd: it is the one that loads, and it must be whole.
    shipped = folder / "student.hpmkd"
    students[chosen] = Student.load(shipped)
    copy = student_path(folder, chosen)
    if shipped.read_bytes() != copy.read_bytes():
        raise StudentFileError(
            f"{folder} is no intact run folder: {shipped.name} and {copy.relative_to(folder)} "
            "differ; delete neither, but distil again or take both from a backup"
        )
    return students
