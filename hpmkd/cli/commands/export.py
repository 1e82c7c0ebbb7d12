"""``hpmkd export``: the student in another format."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

STDOUT = Path("-")


@click.command("export")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--to", required=True, metavar="FORMAT", help="onnx, json, or that of a plugin.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File to write; - is stdout.  [default: beside the student]",
)
@click.option("--student", metavar="STAGE", help="Another student of the run than the chosen one.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of the exporter, e.g. inputs=matrix. Repeatable.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is there already.")
@click.option(
    "--disable",
    multiple=True,
    metavar="PLUGIN",
    help="Leave a plugin out without importing it. Repeatable.",
)
def command(
    run: Path,
    to: str,
    out: Path | None,
    student: str | None,
    settings: tuple[str, ...],
    overwrite: bool,
    disable: tuple[str, ...],
) -> None:
    """Write the student of RUN (a run folder or .hpmkd file) in another format.

    Prints the path of the file, which is written whole or not at all. An ONNX file is kept
    only if onnxruntime predicts as the student does.

    \b
    Example:
      hpmkd export runs/adult --to onnx
      hpmkd export runs/adult --to json --student tree --out - | jq .trees
    """
    from hpmkd.cli.load_student import path_of
    from hpmkd.cli.progress.heartbeat import Waiting
    from hpmkd.recipe.files import parse_setting
    from hpmkd.runs.export import exporter_of, write
    from hpmkd.student import Student

    exporter = exporter_of(to, dict(map(parse_setting, settings)), disable)
    source = path_of(run, student)
    model = Student.load(source)
    task = f"exporting {source} to {to}"
    if out == STDOUT:
        with tempfile.TemporaryDirectory() as folder:
            with Waiting(task):
                path = write(exporter, model, Path(folder) / f"student{exporter.suffix}")
            click.echo(path.read_bytes(), nl=False)
        return
    target = out or source.with_suffix(exporter.suffix)
    with Waiting(task):
        path = write(exporter, model, target, overwrite=overwrite)
    click.echo(path)
    click.echo(f"{path.stat().st_size:,} bytes", err=True)
