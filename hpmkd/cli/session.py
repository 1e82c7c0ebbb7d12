"""A run of the command line: its folder, how far it has got, and how to resume it."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpmkd.cli.shutdown import KEY, RunStatus

if TYPE_CHECKING:
    from hpmkd.registry.registry import Registry
    from hpmkd.runs.checkpoint import RunCheckpoint

#: Under which name the context of a command has the arguments of the user.
TYPED = "hpmkd.typed"
#: Another recipe, or other code, makes another run.
UNLESS_CHANGED = (
    "what failed is tried again by whoever goes on; that helps where its cause is neither in the "
    "recipe nor in the code of a plugin: if you change these, begin anew (--out with "
    "--overwrite); else "
)


class RunSession:
    """The run of a command, from the reading of its options to its end.

    It is what the shutdown report of the command is about.

    Parameters
    ----------
    folder : Path
        Of ``--out`` or of ``--resume``.
    resume : bool
        Whether to resume the run in it.
    overwrite : bool
        Whether a run in it may be replaced.
    trusted : bool
        Whether to resume what another user began.
    """

    def __init__(
        self, folder: Path, *, resume: bool = False, overwrite: bool = False, trusted: bool = False
    ) -> None:
        self.folder, self._resume = folder, resume
        self._overwrite, self._trusted = overwrite, trusted
        self._checkpoint: RunCheckpoint | None = None
        self._saved = False
        self._hide: Callable[[], object] = lambda: None
        context = click.get_current_context()
        # Known now: the status may be asked for in a thread that has no context.
        typed = shlex.join([*_without_folder(context.meta[TYPED]), "--resume", str(folder)])
        program = "python -m hpmkd" if Path(sys.argv[0]).name == "__main__.py" else "hpmkd"
        self.command = f"{program} {typed}"
        if (report := context.meta.get(KEY)) is not None:
            report.session = self

    @classmethod
    def of(
        cls, out: Path | None, resume: Path | None, *, overwrite: bool, trusted: bool = False
    ) -> RunSession:
        """Return the session of ``--out`` or of ``--resume``, of which one is expected."""
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

    def is_finished(self) -> bool:
        """Whether there is nothing left to do; otherwise make sure that it can be done.

        Raises
        ------
        RunFolderError
            If there is nothing to resume, or the folder cannot be written.
        """
        from hpmkd.errors import RunFolderError
        from hpmkd.runs.checkpoint_folder import FolderState, recover, state_of
        from hpmkd.runs.folder import check_free

        if not self._resume:
            check_free(self.folder, overwrite=self._overwrite)
            return False
        recover(self.folder)
        state = state_of(self.folder)
        if state in (FolderState.EMPTY, FolderState.OTHER):
            raise RunFolderError(_nothing_in(self.folder))
        return state is FolderState.FINISHED

    @contextlib.contextmanager
    def checkpoint(self, registry: Registry, hide: Callable[[], None]) -> Iterator[RunCheckpoint]:
        """Store what is finished of a run; if it fails, print how to resume it.

        Parameters
        ----------
        registry : Registry
            Whose observers are notified of what is taken from the journal.
        hide : callable
            Ends the view of the progress, so that the status stands below it and the terminal
            is left as it was.
        """
        from hpmkd.errors import HpmkdError, RunFolderError
        from hpmkd.runs.checkpoint import RunCheckpoint

        self._hide = hide
        self._checkpoint = checkpoint = RunCheckpoint(
            self.folder,
            anew=not self._resume,
            command=self.command,
            trusted=self._trusted,
            on_note=lambda note: registry.notify("hpmkd_noted", note=note),
        )
        try:
            yield checkpoint
        except HpmkdError as failed:
            if checkpoint.verified and len(checkpoint.journal):
                # A full disk, or no right to write: nothing of the run itself is wrong.
                terms = "" if isinstance(failed, RunFolderError) else UNLESS_CHANGED
                click.echo(f"the run failed; {self.status().text(terms)}", err=True)
            raise
        self._saved = True

    def status(self) -> RunStatus:
        """Return how far the run has got, what is best so far, and how to resume it."""
        checkpoint = self._checkpoint
        if checkpoint is None or self._saved:
            return self._status_of_folder()
        self._hide()
        if (best := checkpoint.best.facts()) is not None:
            named = {name: best[name] for name in ("stage", "selection_log_loss")}
            best = {**named, "path": str(checkpoint.best.path)}
        # What a resumed journal holds can be resumed before the run has looked at it, too.
        known = checkpoint.verified or self._resume
        resumable = known and checkpoint.identifiable and len(checkpoint.journal)
        trouble = checkpoint.journal.trouble
        return RunStatus(checkpoint.progress, best, self.command if resumable else None, trouble)

    def _status_of_folder(self) -> RunStatus:
        """Return how far a run has got that is not begun yet, or is saved already."""
        from hpmkd.runs.checkpoint_folder import FolderState, state_of

        state = state_of(self.folder) if self._saved or self._resume else FolderState.EMPTY
        if state is FolderState.FINISHED:
            return RunStatus(f"the run is complete, in {self.folder}")
        if state.resumable:
            return RunStatus("nothing further was finished", go_on=self.command)
        return RunStatus()

    def on_signal(self) -> None:
        """Store nothing any more."""
        if self._checkpoint is not None:
            self._checkpoint.stop()

    def close(self) -> None:
        """Let others resume the run."""
        if self._checkpoint is not None:
            self._checkpoint.close()


def _nothing_in(folder: Path) -> str:
    """Say why there is no run to resume, and what to type."""
    from hpmkd.files import file_above

    if (file := file_above(folder)) is not None:
        return f"{file} is a file; expected the folder of a run, or begin one with --out"
    taken = folder.exists() and any(folder.iterdir())
    where = "and the name of a new folder" if taken else shlex.quote(str(folder))
    return f"{folder} holds no run to go on with; begin one with --out {where}"


def _without_folder(typed: Sequence[str]) -> Iterator[str]:
    """Yield arguments but for those that say where the run goes."""
    arguments = iter(typed)
    for each in arguments:
        if each in ("--out", "--resume"):
            next(arguments, None)
        elif each != "--overwrite" and not each.startswith(("--out=", "--resume=")):
            yield each
