"""``hpmkd evaluate``: scores of a student on labelled rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpmkd.cli.options import student_option
from hpmkd.cli.stoppable_command import StoppableCommand
from hpmkd.cli.table_options import table_options

if TYPE_CHECKING:
    from hpmkd.data.sources.table_source import TableSource
    from hpmkd.data.table_files import CsvFormat
    from hpmkd.student import Student


@click.command("evaluate", cls=StoppableCommand)
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path())
@click.option("--target", metavar="COL", help="Column with the labels.  [default: as in RUN]")
@click.option(
    "--weights",
    metavar="COL",
    help="Column with the weights of the rows.  [default: as in RUN, if DATA has it]",
)
@student_option()
@click.option(
    "--drift", "with_drift", is_flag=True, help="Also compare the rows with the training rows."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@table_options
def command(
    run: Path,
    data: TableSource,
    target: str | None,
    weights: str | None,
    student: str | None,
    with_drift: bool,
    as_json: bool,
    format: CsvFormat,
) -> None:
    """Score the student of RUN (a run folder or .hpmkd file) on the labelled rows of DATA.

    With --drift, DATA needs no labels: without them nothing is scored. A column shifted if its
    population stability index (PSI) is over .1, and strongly if it is over .25, unless chance
    explains it.

    \b
    Examples:
      hpmkd evaluate runs/adult holdout.csv
      hpmkd evaluate runs/adult last_week.csv --drift
      hpmkd evaluate runs/adult postgresql://ana@db/sales --query "SELECT * FROM holdout"
    """
    from hpmkd.cli.load_student import known_target, known_weights, rows_of, student_of, target_of
    from hpmkd.cli.output.drift import print_drift
    from hpmkd.errors import DataError

    model = student_of(run, student)
    rows = rows_of(data, model, target or known_target(run), format, sort=True)
    if with_drift and not len(rows):
        raise DataError(
            f"{data}: got no rows to compare with the training rows; expected at least one"
        )
    if weights is None and (known := known_weights(run)) in rows.columns:
        weights = known
    drift = model.drift(rows) if with_drift else None
    results: dict[str, Any] = {}
    if drift is None or target is not None or _has_labels(rows, known_target(run)):
        results = _scores(model, rows, target or target_of(run), weights)
    if as_json:
        measured = {} if drift is None else {"drift": drift.to_mapping()}
        click.echo(json.dumps({**results, **measured}, indent=2))
        return
    _show(results)
    if drift is not None:
        click.echo(nl=bool(results))
        print_drift(drift)


def _show(results: Mapping[str, Any]) -> None:
    """Print a line for each result; sizes and times have units, and so other names."""
    from hpmkd.recipe.units import shown_size, shown_time

    quantities: Mapping[str, tuple[str, Callable[[float], str]]] = {
        "bytes": ("size", shown_size),
        "sketch_bytes": ("sketch", shown_size),
        "row_us": ("1 row", shown_time),
        "batch_us": ("1000 rows", shown_time),
    }
    width = max(map(len, results), default=0)
    for name, value in results.items():
        heading, show = quantities.get(name, (name, _plain))
        click.echo(f"{heading:<{width}} {show(value)}")


def _plain(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _has_labels(rows: Any, target: str | None) -> bool:
    """Return whether a column holds anything; one of new rows may be there and empty."""
    return target in rows.columns and bool(rows[target].notna().any())


def _scores(model: Student, rows: Any, target: str, weights: str | None) -> dict[str, Any]:
    """Return the scores, the size and the speed of a student."""
    from hpmkd.data.make_dataset import make_dataset
    from hpmkd.evaluation.latency import student_latency
    from hpmkd.evaluation.scores import score

    dataset = make_dataset(rows, target, classes=model.classes_, weights=weights)
    scores = score(model.predict_proba(dataset.table), dataset.labels, dataset.weights)
    latency = student_latency(model, dataset.table)
    size = {"bytes": model.n_bytes, "sketch_bytes": model.sketch_bytes}
    rows_are = {"rows": len(dataset), **({} if weights is None else {"weighted_by": weights})}
    return {**rows_are, **asdict(scores), **size, **asdict(latency)}
