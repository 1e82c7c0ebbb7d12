"""``hpmkd predict``: the student's predictions for new rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpmkd.cli.arguments import ThresholdOption
from hpmkd.cli.options import file_options

if TYPE_CHECKING:
    from hpmkd.data.table_files import CsvFormat


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--student", metavar="STAGE", help="Another student of the run than the chosen one.")
@click.option(
    "--threshold",
    type=ThresholdOption(),
    metavar="P|best",
    help="Of two classes, from which probability on the rarer one is named; best: as the run found "
    "on its selection rows.  [default: the more probable class, .5]",
)
@click.option("--out", type=click.Path(path_type=Path), help="CSV to write.  [default: stdout]")
@file_options
def command(
    run: Path,
    data: Path,
    student: str | None,
    threshold: float | str | None,
    out: Path | None,
    format: CsvFormat,
) -> None:
    """Predict the rows of DATA with the student of RUN (a run folder or .hpmkd file).

    Writes a CSV with the predicted class and a probability per class, one line per row. A class
    that a spreadsheet would run as a formula (text that starts with =, +, -, @, tab or line end,
    and is no number) gets an apostrophe in front. A line on stderr names columns in which clearly
    more cells than in training, by over 5 % of the rows, are missing, hold an unknown level or lie
    out of range.

    \b
    Examples:
      hpmkd predict runs/adult new.csv > predictions.csv
      hpmkd predict runs/fraud new.csv --threshold best > predictions.csv
    """
    import numpy as np
    import pandas as pd

    from hpmkd.cli.load_student import rows_of, student_of
    from hpmkd.cli.output.drift import warn_of_unusual_cells
    from hpmkd.data.csv_cells import escape_cell
    from hpmkd.errors import RunFolderError
    from hpmkd.student.decisions import threshold_of

    model = student_of(run, student)
    rule = None
    if threshold is not None:
        rule = threshold_of(threshold, model.classes_, model.facts)
        click.echo(f"{model.classes_[rule.code]} is named from {rule.value:.6g} on", err=True)
    rows = rows_of(data, model, format=format)
    probabilities = model.predict_proba(rows)
    if model.sketch is not None:
        warn_of_unusual_cells(model.drift(rows), run, data)
    columns = [f"p_{label}" for label in model.classes_]
    table = pd.DataFrame(probabilities, columns=columns)
    codes = probabilities.argmax(axis=1) if rule is None else rule.codes(probabilities)
    labels = np.array([escape_cell(label) for label in model.classes_.tolist()])
    table.insert(0, "prediction", labels[codes])
    if out is None:
        table.to_csv(sys.stdout, index=False)
        return
    try:
        table.to_csv(out, index=False)
    except OSError as error:
        raise RunFolderError(
            f"cannot write {out}: {error.strerror or error}; choose another --out"
        ) from error
