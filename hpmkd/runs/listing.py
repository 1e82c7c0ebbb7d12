"""The runs in a folder: the facts of each, in any state."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from hpmkd.errors import StudentFileError
from hpmkd.evaluation.bootstrap import Conclusion
from hpmkd.runs.checkpoint_folder import FolderState, check_finished, state_of
from hpmkd.runs.folder import load_front, read_json

RunState = Literal["finished", "unfinished", "damaged", "foreign"]
WHOLE = (FolderState.FINISHED, FolderState.REPLACING)


@dataclass(frozen=True)
class RunFigures:
    """The result of a finished run.

    Parameters
    ----------
    finished : float
        When it was written, in seconds since 1970.
    target : str or None
        Column of the labels, if it had a name.
    rows : int
        Training rows.
    verdict : {"pays", "no difference", "hurts"}
        Its outcome.
    student : str
        The one that ships.
    bytes : int
        Size of its file, without the sketch of the training rows.
    row_us : float
        Its time of one row, in microseconds.
    log_loss, accuracy : float
        On the test rows.
    models : int
        Models trained.
    seconds : float
        Duration of the run.
    """

    finished: float
    target: str | None
    rows: int
    verdict: Conclusion
    student: str
    bytes: int
    row_us: float
    log_loss: float
    accuracy: float
    models: int
    seconds: float


@dataclass(frozen=True)
class ListedRun:
    """A folder among runs.

    Parameters
    ----------
    folder : str
        Its path.
    state : {"finished", "unfinished", "damaged", "foreign"}
        A whole run; one that may be resumed; one whose files cannot be read; something else.
    figures : RunFigures or None
        Of a finished run.
    message : str or None
        The damage of a damaged one, how an unfinished one is resumed.
    """

    folder: str
    state: RunState
    figures: RunFigures | None = None
    message: str | None = None


def list_runs(folder: Path) -> list[ListedRun]:
    """Return the runs in a folder, by name, numbers in their order; of a run, that run alone.

    Other folders are among them, as foreign; files and hidden folders are not.
    """
    itself = list_run(folder)
    if itself.state != "foreign":
        return [itself]
    names = [name for name in os.listdir(folder) if not name.startswith(".")]
    inside = [folder / name for name in sorted(names, key=_natural)]
    return [list_run(each) for each in inside if os.path.isdir(each)]


def list_run(folder: Path) -> ListedRun:
    """Return what a folder holds; a problem with it is reported, not raised."""
    try:
        state = state_of(folder)
        if state in WHOLE:
            return ListedRun(str(folder), "finished", read_figures(folder))
    except (StudentFileError, msgspec.ValidationError, OSError) as error:
        return ListedRun(str(folder), "damaged", message=str(error))
    try:
        check_finished(folder)
    except StudentFileError as error:
        return ListedRun(str(folder), "unfinished", message=str(error))
    return ListedRun(str(folder), "foreign")


class _Rows(msgspec.Struct):
    training: int


class _Facts(msgspec.Struct):
    rows: _Rows
    chosen: str
    target: str | None = None


class _Verdict(msgspec.Struct):
    outcome: Conclusion


class _Seconds(msgspec.Struct):
    total: float


class _Counts(msgspec.Struct):
    models_trained: int
    seconds: _Seconds


def read_figures(folder: Path) -> RunFigures:
    """Read the few files that have the figures of a finished run; no student is loaded.

    Raises
    ------
    StudentFileError, ValidationError
        If one is missing or damaged.
    """
    facts = msgspec.convert(read_json(folder / "run.json", dict), _Facts)
    verdict = msgspec.convert(read_json(folder / "verdict.json", dict), _Verdict)
    counts = msgspec.convert(read_json(folder / "counts.json", dict), _Counts)
    shipped = next((each for each in load_front(folder) if each.chosen), None)
    if shipped is None:
        raise StudentFileError(f"{folder / 'front.json'} has no student that ships")
    return RunFigures(
        finished=(folder / "run.json").stat().st_mtime,
        target=facts.target,
        rows=facts.rows.training,
        verdict=verdict.outcome,
        student=facts.chosen,
        bytes=shipped.bytes,
        row_us=shipped.row_us,
        log_loss=shipped.log_loss,
        accuracy=shipped.accuracy,
        models=counts.models_trained,
        seconds=counts.seconds.total,
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a sort key by which ``adult-2`` comes before ``adult-10``."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(each), "") if each.isdecimal() else (-1, each) for each in parts]
