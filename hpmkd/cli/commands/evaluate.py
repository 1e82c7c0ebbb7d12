"""``hpmkd evaluate``: scores of a student on labelled rows."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpmkd.cli.options import file_options

if TYPE_CHECKING:
    from hpmkd.data.table_files import CsvFormat


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--target", metavar="COL", help="Column with the labels.  [default: as in RUN]")
@click.option("--student", metavar="STAGE", help="Another student of the run than the chosen one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@file_options
def command(
    run: Path,
    data: Path,
    target: str | None,
    student: str | None,
    as_json: bool,
    format: CsvFormat,
) -> None:
    """Score the student of RUN (a run folder or .hpmkd file) on the labelled rows of DATA.

    \b
    Example:
      hpmkd evaluate runs/adult holdout.csv
    """
    from hpmkd.cli.load_student import rows_of, student_of, target_of
    from hpmkd.data.dataset import make_dataset
    from hpmkd.evaluation.latency import student_latency
    from hpmkd.evaluation.scores import score

    model = student_of(run, student)
    target = target or target_of(run)
    dataset = make_dataset(rows_of(data, model, target, format), target, classes=model.classes_)
    scores = score(model.predict_proba(dataset.table), dataset.labels)
    latency = student_latency(model, dataset.table)
    size = len(model.to_bytes())
    results = {"rows": len(dataset), **asdict(scores), "bytes": size, **asdict(latency)}
    if as_json:
        click.echo(json.dumps(results, indent=2))
        return
    for name, value in results.items():
        shown = f"{value:.4f}" if isinstance(value, float) else str(value)
        click.echo(f"{name:<12} {shown}")
