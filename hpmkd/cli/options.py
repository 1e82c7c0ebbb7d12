"""Options that several commands share, and what they mean."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from hpmkd.distillation import Distillation
    from hpmkd.recipe import Recipe

F = TypeVar("F", bound=Callable[..., Any])


def run_options(command: F) -> F:
    """Add the options that say how a run goes."""
    options = [
        click.option("--recipe", default="hpm", show_default=True, metavar="NAME|FILE"),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="Override a setting of the recipe, e.g. sampler.trials=2. Repeatable.",
        ),
        click.option("--student", metavar="STAGE", help="Run only this stage."),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            help="Worker processes of one thread; 1 is this process.  [default: as the recipe]",
        ),
        click.option(
            "--disable",
            multiple=True,
            metavar="PLUGIN",
            help="Leave a plugin out without importing it. Repeatable.",
        ),
        click.option("--quiet", is_flag=True, help="No progress."),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def recipe_of(
    recipe: str, settings: Sequence[str], student: str | None, workers: int | None
) -> Recipe:
    """Read a recipe and put the options on top."""
    from hpmkd.recipe import Recipe
    from hpmkd.recipe_files import parse_setting

    overrides = dict(parse_setting(text) for text in settings)
    return Recipe.load(recipe).with_options(overrides, student, workers)


def distil_and_save(
    recipe: Recipe,
    out: Path,
    *,
    disable: Sequence[str],
    quiet: bool,
    as_json: bool,
    overwrite: bool,
    **problem: Any,
) -> None:
    """Run, save, and show the result; `problem` goes to :func:`hpmkd.api.run`."""
    from hpmkd.api import run
    from hpmkd.cli.progress import observer
    from hpmkd.registry import Registry

    registry = Registry.installed(disable)
    registry.require_sound()
    progress = observer(quiet=quiet)
    if progress is not None:
        registry.add("progress", progress)
    with progress or contextlib.nullcontext():
        found = run(recipe, registry, **problem)
    found.save(out, overwrite=overwrite)
    show(found, out, as_json=as_json)


def show(found: Distillation, out: Path, *, as_json: bool) -> None:
    """Print a result to stdout."""
    if as_json:
        from dataclasses import asdict

        result = {
            "out": str(out),
            "leaderboard": [asdict(record) for record in found.records],
            "verdict": found.verdict.to_mapping(),
            "counts": dict(found.counts),
            "knowledge": found.knowledge.to_mapping(),
        }
        json.dump(result, sys.stdout, indent=2)
        click.echo()
    else:
        from hpmkd.cli.table import print_result

        print_result(found)
        click.echo(f"\nWritten to {out}; use it with: hpmkd predict {out} DATA")
