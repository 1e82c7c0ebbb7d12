"""A run of the command line: its folder, how far it has got, and how to resume it."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hpmkd.cli.output.json_lines import Events
    from hpmkd.registry.registry import Registry
    from hpmkd.runs.checkpoint import RunCheckpoint

#: Under which name the context of a command has the arguments of the user.
TYPED = "hpmkd.typed"
#: Another recipe, or other code, makes another run.
UNLESS_CHANGED = (
    "a resumed run retries what failed; that helps unless the cause is in the recipe or in the "
    "code of a plugin: if you change these, start over (--out with --overwrite); else "
)


@dataclass(frozen=True)
class RunStatus:
    """How far a run has got.

    Parameters
    ----------
    finished : str
        As a sentence.
    best : mapping, optional
        The best student so far: its ``stage``, its ``selection_log_loss``, and the ``path`` of
        its file.
    go_on : str, optional
        The command that resumes it.
    trouble : str, optional
        Why some finished work could not be stored.
    """

    finished: str = "nothing was finished"
    best: dict[str, Any] | None = None
    go_on: str | None = None
    trouble: str | None = None

    def text(self, before: str = "") -> str:
        """Return it as lines; `before`, on what terms to resume."""
        lines = [self.finished]
        if self.trouble is not None:
            lines.append(f"some finished work could not be stored: {self.trouble}")
        if (best := self.best) is not None:
            lines.append(
                f"best so far: {best['stage']}, log loss {best['selection_log_loss']:.4f} on the "
                f"selection rows; use it with: hpmkd predict {shlex.quote(best['path'])} DATA"
            )
        if self.go_on is not None:
            lines.append(f"{before}resume with: {self.go_on}")
        return "\n".join(lines)


class RunSession:
    """The run of a command: first without a folder, then not begun, checkpointed, and saved.

    Parameters
    ----------
    events : Events, optional
        Where its status goes instead of stderr, if it is stopped.
    """

    def __init__(self, events: Events | None = None) -> None:
        self.events, self._lock, self._reported = events, threading.Lock(), False
        self._resume = self._overwrite = self._trusted = self._saved = False
        self._checkpoint: RunCheckpoint | None = None
        self._hide: Callable[[], object] = lambda: None
        self.folder, self.command = Path(), ""

    def open(
        self, out: Path | None, resume: Path | None, *, overwrite: bool, trusted: bool = False
    ) -> None:
        """Take the folder of ``--out``, as typed or by default, or of ``--resume``.

        Parameters
        ----------
        overwrite : bool
            Whether a run in it may be replaced.
        trusted : bool
            Whether to resume another user's run.
        """
        if resume is not None and (out is not None or overwrite):
            other = "--overwrite" if out is None else "--out"
            raise click.UsageError(
                f"got --resume and {other}; expected one of them: --resume continues the run "
                "that is in the folder"
            )
        self.folder, self._resume = resume or out or Path(), resume is not None
        self._overwrite, self._trusted = overwrite, trusted
        # Known now: the status may be needed in a thread that has no context.
        typed = _without_folder(click.get_current_context().meta[TYPED])
        program = "python -m hpmkd" if Path(sys.argv[0]).name == "__main__.py" else "hpmkd"
        self.command = f"{program} {shlex.join([*typed, '--resume', str(self.folder)])}"

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
        """Store finished results of a run, until it is saved; if it fails, print how to resume it.

        Parameters
        ----------
        registry : Registry
            Whose observers are notified of what is taken from the journal.
        hide : callable
            Ends the view of the progress, so that the status stands below it and the terminal
            is restored.
        """
        from hpmkd.cli.output.json_lines import report
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
                report(f"the run failed; {self.status().text(terms)}")
            raise
        self._saved = True

    def on_signal(self) -> None:
        """Store nothing any more: the process is to end."""
        if self._checkpoint is not None:
            self._checkpoint.stop()

    def report(self) -> None:
        """Write, once, how far a stopped run has got, and let others resume it."""
        with self._lock:
            if self._reported:
                return
            self._reported = True
            status = self.status()
            if self.events is None:
                click.echo(f"\nstopped; {status.text()}", err=True)
            else:
                self.events.write("stopped", **asdict(status))
            self.close()

    def end(self, code: int) -> None:
        """Report a process that ends with `code` before its command does."""
        self.report()
        if self.events is not None:
            self.events.ended(code)

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
        resumable = known and checkpoint.resumable and checkpoint.n_finished
        trouble = checkpoint.journal.trouble
        return RunStatus(checkpoint.progress, best, self.command if resumable else None, trouble)

    def close(self) -> None:
        """Let others resume the run."""
        if self._checkpoint is not None:
            self._checkpoint.close()

    def _status_of_folder(self) -> RunStatus:
        """Return the status of a run that is not begun yet, or is saved already."""
        from hpmkd.runs.checkpoint_folder import FolderState, state_of

        state = state_of(self.folder) if self._saved or self._resume else FolderState.EMPTY
        if state is FolderState.FINISHED:
            return RunStatus(f"the run is complete, in {self.folder}")
        if state.resumable:
            return RunStatus("nothing further was finished", go_on=self.command)
        return RunStatus()


def _nothing_in(folder: Path) -> str:
    """Return why there is no run to resume, and what to type."""
    from hpmkd.files import file_above

    if (file := file_above(folder)) is not None:
        return f"{file} is a file; expected the folder of a run, or begin one with --out"
    taken = os.path.exists(folder) and any(folder.iterdir())
    where = "and the name of a new folder" if taken else shlex.quote(str(folder))
    return f"{folder} holds no run to resume; begin one with --out {where}"


def _without_folder(typed: Sequence[str]) -> Iterator[str]:
    """Yield all arguments except those that name the folder of the run."""
    arguments = iter(typed)
    for each in arguments:
        if each in ("--out", "--resume"):
            next(arguments, None)
        elif each != "--overwrite" and not each.startswith(("--out=", "--resume=")):
            yield each
