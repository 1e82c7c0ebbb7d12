"""Says how a run gets on, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from hpmkd.hookspecs import hookimpl

if TYPE_CHECKING:
    from hpmkd.deepbridge.results import DistillationOutcome
    from hpmkd.values import DataFacts, Trial


class Teller:
    """An observer that prints a line when a run starts, and when a phase is over."""

    def __init__(self) -> None:
        self._phase, self._line = "", ""

    def say(self, text: str) -> None:
        """Print a text."""
        click.echo(text)

    @hookimpl
    def hpmkd_run_started(self, facts: DataFacts, recipe: dict[str, Any]) -> None:
        """Say what is distilled, and how."""
        self.say(
            f"{recipe['name']}: {facts.n_rows} rows of {facts.n_columns} columns, "
            f"{facts.n_classes} classes; {', '.join(recipe['stages'])}"
        )

    @hookimpl
    def hpmkd_phase_advanced(self, phase: str, done: int, total: int) -> None:
        """Say how far the phase before came: how much there is to do may change under way."""
        if phase != self._phase and self._line:
            self.say(self._line)
        self._phase, self._line = phase, f"{phase}: {done} of {total}"

    @hookimpl
    def hpmkd_run_finished(self) -> None:
        """Say how far the last phase came."""
        self.say(self._line)
        self._phase, self._line = "", ""

    @hookimpl
    def hpmkd_trial_finished(self, trial: Trial) -> None:
        """Report failures."""
        if trial.failure:
            self.say(f"trial {trial.number} failed: {trial.failure}")


def counted(outcomes: Sequence[DistillationOutcome]) -> Mapping[str, Any]:
    """Return what runs cost together.

    Returns
    -------
    mapping
        ``models_trained``: by the runs, and for rows and :meth:`get_trained_model` since;
        ``models_refitted``: how many of them were the latter. ``teacher_fits``,
        ``teacher_calls``, ``cache_hits``, and ``seconds`` of the runs.
    """
    runs = [outcome.found.counts for outcome in outcomes]
    trained = sum(outcome.found.models_trained for outcome in outcomes)
    return {
        "models_trained": trained,
        "models_refitted": trained - sum(run["models_trained"] for run in runs),
        **{
            name: sum(run[name] for run in runs)
            for name in ("teacher_fits", "teacher_calls", "cache_hits")
        },
        "seconds": round(sum(run["seconds"]["total"] for run in runs), 3),
    }
