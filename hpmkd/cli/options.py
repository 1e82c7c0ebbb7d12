"""Options that several commands share, and what they mean."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import click

from hpmkd.cli import completion
from hpmkd.cli.arguments import FolderName, Positive
from hpmkd.cli.settings import SHORTCUTS, Plan
from hpmkd.execution.placement import MOST_WORKERS

F = TypeVar("F", bound=Callable[..., Any])
#: What adds an option to a command, or to a function that is to be one.
Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def limit_options(command: F) -> F:
    """Add the limits of a student; the command gets those that were given as its `limits`."""
    options = [
        click.option(
            "--max-size",
            metavar="SIZE",
            help="Accept only students whose file is at most SIZE, e.g. 50KB, 50KiB, 1.5MB.",
        ),
        click.option(
            "--max-latency",
            metavar="TIME",
            help="Accept only students that predict one row within TIME, e.g. 2us, 800ns, 1.5ms.",
        ),
        click.option(
            "--min-retention",
            metavar="SHARE",
            help="Accept only students that retain this share of the teacher's accuracy on the "
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


def student_option(help: str = "Student of the run to use instead of the chosen one.") -> Option:
    """Return what adds ``--student``, by its name in the run folder."""
    return click.option(
        "--student", metavar="STAGE", help=help, shell_complete=completion.student_names
    )


def quiet_option(command: F) -> F:
    """Add ``--quiet``; :func:`~hpmkd.cli.output.json_lines.note` reads it from the context."""
    text = "Print no progress and no notes; errors and warnings still appear."
    return click.option("--quiet", is_flag=True, help=text)(command)


def run_options(command: F) -> F:
    """Add the options that control a run; the command gets them as its `plan`."""
    options = [
        click.option(
            "--recipe",
            default="hpm",
            show_default=True,
            metavar="NAME|FILE",
            help="Recipe of the run: one that hpmkd recipe lists, or a TOML file.",
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
            help="Metric that chooses and judges the student: log_loss, brier, auc, "
            "average_precision, accuracy, f1, or cost=FILE, a CSV with classes as header and first "
            "column (row: true class, column: named class).  [default: from the recipe]",
            shell_complete=completion.metric_names,
        ),
        click.option(
            "--budget-models",
            type=click.IntRange(min=1),
            metavar="N",
            help="Train at most N students in all.  [default: from the recipe]",
        ),
        click.option(
            "--budget-seconds",
            type=Positive(),
            metavar="S",
            help="Stop proposing trials after S seconds.  [default: from the recipe]",
        ),
        click.option(
            "--trial-timeout",
            type=Positive(),
            metavar="S",
            help="Retry a trial that exceeds S seconds once, then drop it.  "
            "[default: from the recipe]",
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
            help="Store no sketch of the training rows in the student's file; evaluate --drift "
            "and predict need it to detect drift.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Seed of the run: the same seed, rows and recipe make the same students.",
        ),
        click.option(
            "--workers",
            type=click.IntRange(min=1, max=MOST_WORKERS),
            metavar="N",
            help="Number of worker processes, of one thread each; 1 is this process.  [default: "
            "from the recipe]",
        ),
        click.option(
            "--executor",
            metavar="NAME",
            help="Where the work runs: serial, loky, or a plugin's, such as dask; its settings "
            "are given with --set executor.KEY=VALUE.  [default: from the recipe]",
            shell_complete=completion.offers("executor"),
        ),
        disable_option,
        click.option(
            "--resume",
            type=FolderName(),
            metavar="DIR",
            help="Resume the interrupted run in DIR; give the other options as before.",
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
        names = {path: option.strip("-").replace("-", "_") for path, option in SHORTCUTS.items()}
        typed = {path: given.pop(name) for path, name in names.items()}
        shortcuts = {path: value for path, value in typed.items() if value is not None}
        shortcuts |= {f"limits.{name}": value for name, value in limits.items()}
        return command(plan=Plan(recipe, tuple(settings), shortcuts, student, workers), **given)

    for option in reversed(options):
        planned = option(planned)
    return cast("F", planned)
