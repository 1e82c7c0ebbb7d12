"""Where a run of the command line is kept, so that it can be gone on with."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpmkd.cli.shutdown import KEY, RunState, RunStatus, ShutdownReport

if TYPE_CHECKING:
    from hpmkd.registry.registry import Registry
    from hpmkd.runs.checkpoint import RunCheckpoint

#: Under which name the context of a command has the arguments of the user.
TYPED = "hpmkd.typed"
#: Whoever mends the code or the recipe has another run.
UNLESS_CHANGED = (
    "what failed is tried again by whoever goes on; that helps where its cause is neither in the "
    "recipe nor in the code of a plugin: if you change these, begin anew (--out with "
    "--overwrite); else "
)


@dataclass(frozen=True)
class Place:
    """The run folder that a user named.

    Parameters
    ----------
    folder : Path
        Of ``--out`` or of ``--resume``.
    resume : bool
        Whether to go on with the run in it.
    overwrite : bool
        Whether a run in it may be replaced.
    trusted : bool
        Whether to go on with what somebody else began.
    """

    folder: Path
    resume: bool = False
    overwrite: bool = False
    trusted: bool = False

    @classmethod
    def chosen(
        cls, out: Path | None, resume: Path | None, *, overwrite: bool, trusted: bool = False
    ) -> Place:
        """Return the folder of ``--out`` or of ``--resume``, of which one is expected."""
        if resume is None:
            if out is None:
                raise click.UsageError(
                    "Missing option '--out' (the run folder to write), or '--resume' (one to go on "
                    "with)."
                )
            return cls(out, overwrite=overwrite, trusted=trusted)
        if out is not None or overwrite:
            other = "--overwrite" if out is None else "--out"
            raise click.UsageError(
                f"got --resume and {other}; expected one of them: --resume goes on with the run "
                "that is in the folder"
            )
        return cls(resume, resume=True, trusted=trusted)

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do; otherwise make sure that it can be done.

        Raises
        ------
        RunFolderError
            If there is nothing to go on with, or the folder cannot be written.
        """
        from hpmkd.errors import RunFolderError
        from hpmkd.runs.checkpoint_folder import holds_journal, recover
        from hpmkd.runs.folder import check_free

        if not self.resume:
            check_free(self.folder, overwrite=self.overwrite)
            return False
        recover(self.folder)
        if holds_journal(self.folder):
            return False
        if not (self.folder / "run.json").is_file():
            raise RunFolderError(_nothing_in(self.folder))
        return True

    def command(self) -> str:
        """Return what goes on with the run: what the user typed, but for the folder."""
        typed = click.get_current_context().meta[TYPED]
        program = "python -m hpmkd" if Path(sys.argv[0]).name == "__main__.py" else "hpmkd"
        return f"{program} {shlex.join([*_without_place(typed), '--resume', str(self.folder)])}"


@contextlib.contextmanager
def kept(place: Place, registry: Registry, hide: Callable[[], None]) -> Iterator[RunCheckpoint]:
    """Keep what is finished of a run; if it is stopped or fails, tell how to go on.

    Parameters
    ----------
    place : Place
        Where.
    registry : Registry
        Whose observers hear of what is taken from the journal.
    hide : callable
        Ends the view of the progress, so that the last words stand below it and the terminal is
        left as it was.
    """
    from hpmkd.cli.output.json_lines import report
    from hpmkd.errors import HpmkdError, RunFolderError
    from hpmkd.runs.checkpoint import RunCheckpoint

    unfinished = RunCheckpoint(
        place.folder,
        anew=not place.resume,
        command=place.command(),
        trusted=place.trusted,
        on_note=lambda note: registry.notify("hpmkd_noted", note=note),
    )

    def state() -> RunState:
        hide()
        return _state(unfinished, place)

    farewell: ShutdownReport = click.get_current_context().meta[KEY]
    try:
        work = RunStatus(state, unfinished.stop, unfinished.close, _told)
        with farewell.about(work, RunState(f"the run is complete, in {place.folder}")):
            try:
                yield unfinished
            except KeyboardInterrupt:
                farewell.say()
                raise
            except HpmkdError as failed:
                if unfinished.settled and unfinished.holds:
                    # A full disk, or no right to write: nothing of the run itself is wrong.
                    mended = isinstance(failed, RunFolderError)
                    words = _told(_state(unfinished, place), "" if mended else UNLESS_CHANGED)
                    report(f"the run failed; {words}")
                raise
    finally:
        unfinished.close()


def unopened(folder: Path) -> RunStatus:
    """Return what a farewell is about before the journal of a resumed run is opened.

    Parameters
    ----------
    folder : Path
        Of ``--resume``.
    """
    # Known now: the last words may be said in a thread that has no context.
    command = Place(folder, resume=True).command()

    def state() -> RunState:
        from hpmkd.runs.checkpoint_folder import holds_journal

        if holds_journal(folder):
            return RunState("nothing further was finished", go_on=command)
        if (folder / "run.json").is_file():
            return RunState(f"the run is complete, in {folder}")
        return RunState()

    return RunStatus(state, text=_told)


def _state(unfinished: RunCheckpoint, place: Place) -> RunState:
    """Return how far a run has got, what is best so far, and how to go on."""
    best, path = unfinished.best_so_far, unfinished.best.path
    # What a resumed journal holds is there to go on with, before the run has looked at it too.
    known = unfinished.settled or place.resume
    can_go_on = known and unfinished.holds and unfinished.resumable
    return RunState(
        unfinished.progress,
        None
        if best is None
        else {
            "stage": best["stage"],
            "selection_log_loss": best["selection_log_loss"],
            "path": str(path),
        },
        unfinished.command if can_go_on else None,
        unfinished.trouble,
    )


def _told(state: RunState, before: str = "") -> str:
    """Say it; `before`, on what terms to go on."""
    lines = [state.finished]
    if state.trouble is not None:
        lines.append(f"not all that was finished could be kept: {state.trouble}")
    if (best := state.best) is not None:
        lines.append(
            f"best so far: {best['stage']}, log loss {best['selection_log_loss']:.4f} on the "
            f"selection rows; use it with: hpmkd predict {shlex.quote(best['path'])} DATA"
        )
    if state.go_on is not None:
        lines.append(f"{before}go on with: {state.go_on}")
    return "\n".join(lines)


def _nothing_in(folder: Path) -> str:
    """Say why there is no run to go on with, and what to type."""
    from hpmkd.unwritable import file_above

    if (file := file_above(folder)) is not None:
        return f"{file} is a file; expected the folder of a run, or begin one with --out"
    taken = folder.exists() and any(folder.iterdir())
    where = "and the name of a new folder" if taken else shlex.quote(str(folder))
    return f"{folder} holds no run to go on with; begin one with --out {where}"


def _without_place(typed: Sequence[str]) -> Iterator[str]:
    """Yield arguments but for those that say where the run goes."""
    arguments = iter(typed)
    for each in arguments:
        if each in ("--out", "--resume"):
            next(arguments, None)
        elif each != "--overwrite" and not each.startswith(("--out=", "--resume=")):
            yield each
