"""``hpmkd export``: the student in another format."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpmkd.cli.completion import offers
from hpmkd.cli.options import disable_option, quiet_option, student_option

if TYPE_CHECKING:
    from hpmkd.contracts import Exporter

STDOUT = Path("-")


@click.command("export")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--to",
    required=True,
    metavar="FORMAT",
    help="A format that hpmkd plugins lists, e.g. onnx.",
    shell_complete=offers("exporter"),
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File to write; - is stdout.  [default: beside the student]",
)
@student_option()
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of the exporter, e.g. inputs=matrix. Repeatable.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@disable_option
@quiet_option
def command(
    run: Path,
    to: str,
    out: Path | None,
    student: str | None,
    settings: tuple[str, ...],
    overwrite: bool,
    disable: tuple[str, ...],
    quiet: bool,
) -> None:
    """Write the student of RUN (a run folder or .hpmkd file) in another format.

    Prints the path of the file, which is written whole or not at all. It is kept only if it
    predicts as the student does; if nothing here can run it, a warning is printed instead.

    \b
    Example:
      hpmkd export runs/adult --to onnx
      hpmkd export runs/adult --to json --student tree --out - | jq .trees
    """
    from hpmkd.cli.load_student import path_of
    from hpmkd.cli.output.json_lines import note
    from hpmkd.errors import UnsupportedStudentError
    from hpmkd.progress.heartbeat import Waiting
    from hpmkd.recipe.files import parse_setting
    from hpmkd.recipe.units import shown_size
    from hpmkd.runs.export import content, exporter_of, write
    from hpmkd.student import Student

    exporter = exporter_of(to, dict(map(parse_setting, settings)), disable)
    source = path_of(run, student)
    model = Student.load(source)
    try:
        with nullcontext() if quiet else Waiting(f"exporting {source} to {to}"):
            if out == STDOUT:
                written = content(exporter, model)
            else:
                target = out or source.with_suffix(exporter.suffix)
                path = write(exporter, model, target, overwrite=overwrite)
    except UnsupportedStudentError as error:
        raise UnsupportedStudentError(f"{error}{_others(exporter, run, source)}") from error
    if out == STDOUT:
        click.echo(written, nl=False)
        return
    click.echo(path)
    note(f"{shown_size(path.stat().st_size)}")


def _others(exporter: Exporter, run: Path, refused: Path) -> str:
    """Return which other students of the run the format can express, as the end of an error."""
    from hpmkd.cli.load_student import names_of, path_of
    from hpmkd.runs.export import expressible
    from hpmkd.student import Student

    known = {name: Student.load(path_of(run, name)) for name in names_of(run)}
    content = Student.load(refused).to_bytes()
    others = {name: each for name, each in known.items() if each.to_bytes() != content}
    found = expressible(exporter, others)
    if not found:
        return (
            "; no other student of the run can be written in this format either" if others else ""
        )
    return f"; it can write these students of the run: {', '.join(found)} (--student {found[0]})"
