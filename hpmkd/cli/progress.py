"""Shows how a run gets on: a live view on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import click

from hpmkd.hookspecs import hookimpl
from hpmkd.values import DataFacts, Trial

LABELS = {
    "teachers": "reading the teachers",
    "search": "searching configurations",
    "refit": "refitting on all rows",
    "measure": "measuring on test rows",
    "front": "fitting the rest of the front",
}
SECONDS_BETWEEN_LINES = 2.0


class PlainProgress:
    """An observer that writes a line to stderr now and then."""

    def __init__(self) -> None:
        self._last, self._phase, self._said = 0.0, "", ""
        self._best: tuple[float, str] | None = None

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    @hookimpl
    def hpmkd_run_started(self, facts: DataFacts, recipe: dict[str, Any]) -> None:
        """Say what is distilled."""
        click.echo(_opening(facts, recipe), err=True)

    @hookimpl
    def hpmkd_phase_advanced(self, phase: str, done: int, total: int) -> None:
        """Say how far a phase is, not more often than every two seconds."""
        now = time.monotonic()
        if phase != self._phase or done == total or now - self._last > SECONDS_BETWEEN_LINES:
            self._phase, self._last = phase, now
            best = _best(self._best) if phase == "search" else ""
            line = f"{LABELS.get(phase, phase)}: {done}/{total}{best}"
            if line != self._said:
                click.echo(line, err=True)
            self._said = line

    @hookimpl
    def hpmkd_trial_finished(self, trial: Trial) -> None:
        """Remember the best, report failures."""
        self._best = _better(self._best, trial)
        if trial.failure:
            click.echo(f"warning: trial {trial.number} failed: {trial.failure}", err=True)


class LiveProgress:
    """An observer that draws a bar per phase on a terminal (stderr)."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._bars = Progress(
            TextColumn("{task.description:<26}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[best]}"),
            console=Console(stderr=True, markup=False),
        )
        self._tasks: dict[str, Any] = {}
        self._best: tuple[float, str] | None = None

    def __enter__(self) -> LiveProgress:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    @hookimpl
    def hpmkd_run_started(self, facts: DataFacts, recipe: dict[str, Any]) -> None:
        """Say what is distilled."""
        self._bars.console.print(_opening(facts, recipe), highlight=False)

    @hookimpl
    def hpmkd_phase_advanced(self, phase: str, done: int, total: int) -> None:
        """Move the bar of a phase."""
        if phase not in self._tasks:
            self._tasks[phase] = self._bars.add_task(LABELS.get(phase, phase), best="")
        best = _best(self._best) if phase == "search" else ""
        self._bars.update(self._tasks[phase], completed=done, total=total, best=best)

    @hookimpl
    def hpmkd_trial_finished(self, trial: Trial) -> None:
        """Remember the best, report failures."""
        self._best = _better(self._best, trial)
        if trial.failure:
            self._bars.console.print(f"warning: trial {trial.number} failed: {trial.failure}")


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on stderr, every two seconds, how long something takes that has no steps to count."""
    started, ended = time.monotonic(), threading.Event()

    def tell() -> None:
        while not ended.wait(SECONDS_BETWEEN_LINES):
            click.echo(f"{what}: {time.monotonic() - started:.0f} s", err=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def observer(*, quiet: bool) -> PlainProgress | LiveProgress | None:
    """Return the progress view that suits where stderr goes."""
    if quiet:
        return None
    return LiveProgress() if sys.stderr.isatty() else PlainProgress()


def _opening(facts: DataFacts, recipe: dict[str, Any]) -> str:
    return (
        f"distilling {facts.n_rows} rows of {facts.n_columns} columns, {facts.n_classes} classes; "
        f"recipe {recipe['name']}, stages {', '.join(recipe['stages'])}"
    )


def _better(best: tuple[float, str] | None, trial: Trial) -> tuple[float, str] | None:
    if trial.failure is not None or (best is not None and best[0] <= trial.log_loss):
        return best
    return trial.log_loss, trial.configuration.stage


def _best(best: tuple[float, str] | None) -> str:
    return f"  best log loss {best[0]:.4f} ({best[1]})" if best else ""
