"""``hpmkd predict``: the student's predictions for new rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpmkd.cli.arguments import ThresholdOption
from hpmkd.cli.options import quiet_option, student_option
from hpmkd.cli.stoppable_command import StoppableCommand
from hpmkd.cli.table_options import table_options

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.data.sources.table_source import TableSource
    from hpmkd.data.table_files import CsvFormat


@click.command("predict", cls=StoppableCommand)
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path())
@student_option()
@click.option(
    "--threshold",
    type=ThresholdOption(),
    metavar="P|best",
    help="Of two classes, predict the rarer one from this probability on; best: the threshold "
    "that the run found on its selection rows.  [default: the more probable class, .5]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="CSV to write, whole or not at all.  [default: stdout]",
)
@quiet_option
@table_options
def command(
    run: Path,
    data: TableSource,
    student: str | None,
    threshold: float | str | None,
    out: Path | None,
    format: CsvFormat,
    quiet: bool,
) -> None:
    """Predict the rows of DATA with the student of RUN (a run folder or .hpmkd file).

    Writes a CSV with the predicted class and a probability per class, one line per row. A class
    that a spreadsheet would run as a formula (text that starts with =, +, -, @, tab or line end,
    and is not a number) gets an apostrophe in front. A line on stderr names the columns in which
    clearly more cells than in training, by over 5 % of the rows, are missing, hold an unknown
    level or are out of range.

    \b
    Examples:
      hpmkd predict runs/adult new.csv > predictions.csv
      hpmkd predict runs/fraud new.csv --threshold best > predictions.csv
      hpmkd predict runs/adult shop.duckdb --query "SELECT * FROM new ORDER BY id"
    """
    import numpy as np
    import pandas as pd

    from hpmkd.cli.load_student import rows_of, student_of
    from hpmkd.cli.output.drift import warn_of_unusual_cells
    from hpmkd.cli.output.json_lines import note
    from hpmkd.data.csv_cells import escape_cell
    from hpmkd.student.decisions import threshold_of

    model = student_of(run, student)
    rule = None
    if threshold is not None:
        rule = threshold_of(threshold, model.classes_, model.facts)
        note(f"{model.classes_[rule.code]} is predicted from probability {rule.value:.6g} on")
    rows = rows_of(data, model, format=format)
    probabilities = model.predict_proba(rows)
    if model.sketch is not None:
        warn_of_unusual_cells(model.drift(rows), run, data)
    columns = [f"p_{label}" for label in model.classes_]
    table = pd.DataFrame(probabilities, columns=columns)
    codes = probabilities.argmax(axis=1) if rule is None else rule.codes(probabilities)
    labels = np.array([escape_cell(label) for label in model.classes_.tolist()])
    table.insert(0, "prediction", labels[codes])
    _write(table, out)


def _write(table: pd.DataFrame, out: Path | None) -> None:
    """Write a CSV to stdout, a pipe or a device as it comes; a file whole or not at all."""
    from hpmkd.cli.output.streams import is_stdout
    from hpmkd.files import explain_write_errors, is_stream, replacing

    if out is None or is_stdout(out):
        _warn_of_signs([*table.columns, *map(str, table["prediction"].unique())])
        table.to_csv(sys.stdout, index=False)
        return
    with explain_write_errors(out):
        if is_stream(out):
            table.to_csv(out, index=False)
            return
        with replacing(out) as draft:
            table.to_csv(draft, index=False)


def _warn_of_signs(names: list[str]) -> None:
    """Warn that class names are written with substitutes, where stdout lacks some characters."""
    from hpmkd.cli.output.streams import lacking

    if signs := lacking("".join(names)):
        click.echo(
            f"warning: stdout is encoded as {sys.stdout.encoding}, which lacks {signs}: "
            "substitutes are written. Write a file with --out, or set PYTHONIOENCODING=utf-8",
            err=True,
        )
