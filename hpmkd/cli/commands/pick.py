"""``hpmkd pick``: another student of a finished run, without training."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from hpmkd.cli.options import limit_options, quiet_option

STDOUT = Path("-")


@click.command("pick")
@click.argument("run", type=click.Path(path_type=Path))
@limit_options
@click.option(
    "--out", type=click.Path(path_type=Path), help="Copy the student's file to here; - is stdout."
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@quiet_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    run: Path,
    limits: dict[str, Any],
    out: Path | None,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Pick the best student of RUN (a run folder) within limits.

    The selection rows decide, as in the run. Without options, the limits of the run apply.
    The copy leaves the sketch of the training rows out where a limit of size has no room for it.
    Links of the chain that their gate refused are left out. RUN is not changed; the copy is
    written whole or not at all.

    \b
    Examples:
      hpmkd pick runs/adult --max-size 5KB
      hpmkd pick runs/adult --max-latency 2us --min-retention 0.99 --out small.hpmkd
    """
    from dataclasses import asdict

    from msgspec import to_builtins

    from hpmkd.cli.output.json_lines import note
    from hpmkd.errors import LimitsError
    from hpmkd.evaluation.selection import pick
    from hpmkd.recipe.recipe import Recipe, read_limits
    from hpmkd.runs.folder import load_front, student_path

    piped = out == STDOUT
    if piped and as_json:
        raise click.UsageError("--out - and --json both want stdout: give one of them")
    students = load_front(run)
    if out is not None and not piped:
        _check_free(out, run, overwrite)
    recipe = Recipe.load(str(run / "recipe.toml"))
    limits_used = read_limits(limits) if limits else recipe.limits
    try:
        chosen = pick(students, limits_used, run)
    except LimitsError:
        if not as_json and not piped:
            _show(students, limits_used, None, recipe.metric.name)
        raise
    path = student_path(run, chosen.name)
    content, without = _content(path, limits_used.max_size)
    if piped:
        click.echo(content, nl=False)
        note(f"Picked {chosen.name}: {path}{without}")
        return
    if out is not None:
        _write(content, out)
    if as_json:
        result = {
            "limits": to_builtins(limits_used),
            "chosen": chosen.name,
            "file": str(out or path),
            "students": [asdict(each) for each in students],
        }
        json.dump(result, sys.stdout, indent=2)
        click.echo()
        return
    _show(students, limits_used, chosen.name, recipe.metric.name)
    click.echo(f"\nPicked {chosen.name}: {path}" + (f", copied to {out}{without}" if out else ""))


def _show(students: Any, limits: Any, chosen: str | None, metric: str) -> None:
    from hpmkd.cli.output.leaderboard import print_front, wide_console

    print_front(students, limits, chosen, wide_console(), metric)


def _check_free(out: Path, run: Path, overwrite: bool) -> None:
    from hpmkd.errors import RunFolderError

    if out.resolve().is_relative_to(run.resolve()):
        raise RunFolderError(f"{out} is inside {run}, which is left as it is; choose another --out")
    if os.path.isdir(out):
        raise RunFolderError(f"{out} is a folder; expected the path of a file to write")
    if os.path.exists(out) and not overwrite:
        raise RunFolderError(
            f"{out} exists already; choose another --out, or replace it with --overwrite"
        )


def _content(path: Path, max_size: int) -> tuple[bytes, str]:
    """Return the checked content of a student's file, and a word if it comes without its sketch."""
    from hpmkd.errors import StudentFileError
    from hpmkd.student import Student

    try:
        content = path.read_bytes()
        student = Student.from_bytes(content)
    except OSError as error:
        raise StudentFileError(
            f"{path} cannot be read: {error.strerror or error}; take the run folder from a backup, "
            "or distil again"
        ) from error
    except StudentFileError as error:
        raise StudentFileError(f"{path}: {error}") from error
    smaller = student.within(max_size)
    if smaller is student:
        return content, ""
    return smaller.to_bytes(), " without its sketch, for which --max-size leaves no room"


def _write(content: bytes, out: Path) -> None:
    from hpmkd.files import explain_write_errors, write_atomically

    with explain_write_errors(out):
        write_atomically(out, content)
