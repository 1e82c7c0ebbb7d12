"""A run of the command line: distilled, saved, and shown."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hpmkd.cli.session import RunSession
    from hpmkd.data.sources.table_source import TableSource
    from hpmkd.recipe.recipe import Recipe
    from hpmkd.runs.result import Distillation

#: What a command has that reads no tables.
NO_SOURCES: Mapping[str, Any] = MappingProxyType({})


def distil_and_save(
    recipe: Recipe,
    session: RunSession,
    *,
    disable: Sequence[str],
    quiet: bool,
    as_json: bool,
    sources: Mapping[str, TableSource | None] = NO_SOURCES,
    **problem: Any,
) -> None:
    """Run, save, and show the result.

    `problem` goes to :func:`hpmkd.api.run`, `sources` are the places of its tables, by their use.
    """
    from hpmkd.api import run
    from hpmkd.cli.output.json_lines import events_of_command
    from hpmkd.cli.output.text import results_only
    from hpmkd.cli.progress import observer
    from hpmkd.errors import LimitsError, OutputError
    from hpmkd.registry.registry import Registry

    registry = Registry.installed(disable)
    registry.require_sound()
    progress = observer(quiet=quiet, events=events_of_command())
    if progress is not None:
        registry.add("progress", progress)
    view = contextlib.ExitStack()
    with session.checkpoint(registry, view.close) as checkpoint:
        with results_only(), view:
            view.enter_context(progress or contextlib.nullcontext())
            found = run(recipe, registry, checkpoint=checkpoint, **problem)
        kept = {
            use: each.to_mapping() for use, each in sources.items() if each and each.is_database
        }
        found = replace(found, facts={**found.facts, "sources": kept})
        found.save(session.folder, overwrite=True)
    try:
        show(found, session.folder, as_json=as_json)
    except OutputError as error:
        raise OutputError(f"{error}. The run is complete, in {session.folder}") from error
    if unmet := found.unmet(session.folder):
        raise LimitsError(f"saved, but {unmet}", found)


def show_finished(
    folder: Path,
    recipe: Recipe,
    *,
    as_json: bool,
    seed: int,
    rows: Mapping[str, Any],
    **_: Any,
) -> None:
    """Report that there is nothing to resume, and print the result to stdout.

    `rows` are those of the requested run, as :class:`~hpmkd.data.given_rows.GivenRows` takes them.

    Raises
    ------
    RunFolderError
        If it is the result of another run than the requested one.
    """
    from hpmkd.cli.output.json_lines import note
    from hpmkd.data.given_rows import GivenRows
    from hpmkd.errors import RunFolderError
    from hpmkd.runs.result import Distillation
    from hpmkd.runs.resume_check import diff_with_finished_run

    found = Distillation.load(folder)
    requested = GivenRows(**rows)
    different = diff_with_finished_run(found.facts, found.recipe, recipe, seed, requested)
    if different:
        raise RunFolderError(
            f"{folder} is complete and belongs to another run: {'; '.join(different)}. Rerun "
            "with its original options, or name another folder (--out)"
        )
    note(f"{folder} is complete; nothing was run")
    show(found, folder, as_json=as_json)


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
            "front": [asdict(each) for each in found.front],
            "unmet": found.unmet(out),
        }
        json.dump(result, sys.stdout, indent=2)
        click.echo()
    else:
        from hpmkd.cli.output.closing import print_closing
        from hpmkd.cli.output.drift import print_sketch
        from hpmkd.cli.output.leaderboard import print_result

        print_result(found)
        print_sketch(found)
        print_closing(found, out)
