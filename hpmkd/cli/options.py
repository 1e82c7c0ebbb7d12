"""Options that several commands share, and what they mean."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import click

from hpmkd.cli import completion
from hpmkd.cli.arguments import FolderName, Positive
from hpmkd.cli.settings import Plan
from hpmkd.execution.placement import MOST_WORKERS

F = TypeVar("F", bound=Callable[..., Any])
#: What adds an option to a command, or to a function that is to be one.
Option = Callable[[Callable[..., Any]], Callable[..., Any]]

#: Parameters of the options of every run that are short for a setting.
SHORTCUTS = {
    "executor.name": "executor",
    "budget.models": "budget_models",
    "budget.seconds": "budget_seconds",
    "budget.trial_seconds": "trial_timeout",
    "memory.name": "no_memory",
    "cache.name": "no_cache",
    "drift.sketch": "no_sketch",
    "metric": "metric",
}


def limit_options(command: F) -> F:
    """Add the limits of a student; the command gets those that were given as its `limits`."""
    options = [
        click.option(
            "--max-size",
            metavar="SIZE",
            help="Take only a student whose file is no larger, e.g. 50KB, 50KiB, 1.5MB.",
        ),
        click.option(
            "--max-latency",
            metavar="TIME",
            help="Take only a student that answers one row no slower, e.g. 2us, 800ns, 1.5ms.",
        ),
        click.option(
            "--min-retention",
            metavar="SHARE",
            help="Take only a student that retains this share of the teacher's accuracy on the "
            "selection rows, e.g. 0.99 or 99%.",
        ),
    ]

    @functools.wraps(command)
    def limited(**given: Any) -> Any:
        from hpmkd.recipe.limits import TEXTS, as_numbers

        typed = {name: given.pop(name) for name in TEXTS}
        limits = {name: text for name, text in typed.items() if text is not None}
        return command(limits=as_numbers(limits, ""), **given)

    for option in reversed(options):
        limited = option(limited)
    return cast("F", limited)


def disable_option(command: F) -> F:
    """Add ``--disable``."""
    return click.option(
        "--disable",
        multiple=True,
        metavar="PLUGIN",
        help="Leave a plugin out without importing it. Repeatable.",
        shell_complete=completion.plugin_names,
    )(command)


def student_option(help: str = "Another student of the run than the chosen one.") -> Option:
    """Return what adds ``--student``, by its name in the run folder."""
    return click.option(
        "--student", metavar="STAGE", help=help, shell_complete=completion.student_names
    )


def quiet_option(command: F) -> F:
    """Add ``--quiet``; :func:`~hpmkd.cli.output.json_lines.note` reads it from the context."""
    text = "No progress and no notes; errors and warnings stay."
    return click.option("--quiet", is_flag=True, help=text)(command)


def run_options(command: F) -> F:
    """Add the options that say how a run goes; the command gets them as its `plan`."""
    options = [
        click.option(
            "--recipe",
            default="hpm",
            show_default=True,
            metavar="NAME|FILE",
            shell_complete=completion.recipe_names,
        ),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="Override a setting of the recipe, e.g. sampler.trials=2. Repeatable.",
            shell_complete=completion.setting_names,
        ),
        click.option(
            "--student",
            metavar="STAGE",
            help="Run only this stage.",
            shell_complete=completion.offers("stage"),
        ),
        click.option(
            "--metric",
            metavar="NAME|cost=FILE",
            help="What chooses the student and judges it: log_loss, brier, auc, "
            "average_precision, accuracy, f1, or cost=FILE, a CSV with classes as header and first "
            "column (row: true class, column: named class).  [default: as the recipe]",
            shell_complete=completion.metric_names,
        ),
        click.option(
            "--budget-models",
            type=click.IntRange(min=1),
            metavar="N",
            help="Train at most N students in all.  [default: as the recipe]",
        ),
        click.option(
            "--budget-seconds",
            type=Positive(),
            metavar="S",
            help="Stop proposing trials after S seconds.  [default: as the recipe]",
        ),
        click.option(
            "--trial-timeout",
            type=Positive(),
            metavar="S",
            help="Retry a trial that exceeds S seconds once, then drop it.  "
            "[default: as the recipe]",
        ),
        click.option(
            "--no-memory",
            flag_value="none",
            default=None,
            help="Neither read nor write the memory of earlier runs.",
        ),
        click.option(
            "--no-cache",
            flag_value="memory",
            default=None,
            help="Neither read nor write the disk cache of teacher predictions.",
        ),
        click.option(
            "--no-sketch",
            flag_value=False,
            default=None,
            help="Keep no shares of the training rows in the student's file, by which evaluate "
            "--drift and predict notice other data.",
        ),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
        click.option(
            "--workers",
            type=click.IntRange(min=1, max=MOST_WORKERS),
            metavar="N",
            help="Worker processes of one thread; 1 is this process.  [default: as the recipe]",
        ),
        click.option(
            "--executor",
            metavar="NAME",
            help="Where the work runs: serial, loky, or a plugin's, such as dask; its settings "
            "are given with --set executor.KEY=VALUE.  [default: as the recipe]",
            shell_complete=completion.offers("executor"),
        ),
        disable_option,
        click.option(
            "--resume",
            type=FolderName(),
            metavar="DIR",
            help="Resume the run in DIR that was stopped; give the other options as before.",
        ),
        quiet_option,
        click.option(
            "--json",
            "as_json",
            is_flag=True,
            help="Print the result as JSON, and on stderr one JSON object per event.",
        ),
    ]

    @limit_options
    @functools.wraps(command)
    def planned(
        *,
        limits: dict[str, Any],
        recipe: str,
        settings: Sequence[str],
        student: str | None,
        workers: int | None,
        **given: Any,
    ) -> Any:
        typed = {path: given.pop(name) for path, name in SHORTCUTS.items()}
        shortcuts = {path: value for path, value in typed.items() if value is not None}
        shortcuts |= {f"limits.{name}": value for name, value in limits.items()}
        return command(plan=Plan(recipe, tuple(settings), shortcuts, student, workers), **given)

    for option in reversed(options):
        planned = option(planned)
    return cast("F", planned)
