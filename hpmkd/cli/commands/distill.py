"""``hpmkd distill``: a heavy teacher and real data in, a small honest student out."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpmkd.cli.arguments import FolderName, Share, class_weight_of
from hpmkd.cli.completion import offers
from hpmkd.cli.options import run_options
from hpmkd.cli.run_command import RunCommand
from hpmkd.cli.saving import distil_and_save, show_finished
from hpmkd.cli.session import RunSession
from hpmkd.cli.settings import Plan
from hpmkd.cli.table_options import other_source, table_options

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.data.sources.table_source import TableSource
    from hpmkd.data.table_files import CsvFormat


@click.command("distill", cls=RunCommand)
@click.argument("data", type=click.Path())
@click.option("--target", required=True, metavar="COL", help="Column with the labels.")
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="SPEC",
    help="A panel (quick, panel), a fitted model's file (.skops), or package.module:factory. "
    "Repeatable.",
    shell_complete=offers("teacher", files=True),
)
@click.option(
    "--probabilities",
    "probabilities",
    multiple=True,
    metavar="COL[,COL…]",
    help="Columns with a teacher's probabilities, one per class. Matched by their ending (p_yes), "
    "else in the sorted order of the classes.",
)
@click.option(
    "--weights",
    metavar="COL",
    help="Column with row weights, 0 or more; it is not used as a feature.",
)
@click.option(
    "--class-weight",
    "class_weights",
    multiple=True,
    metavar="balanced|LABEL=WEIGHT",
    help="Weigh the classes in training, all alike or as given (repeatable); test rows count as "
    "they are.",
)
@click.option("--test", type=click.Path(), help="Test rows: a file or a database, as for DATA.")
@click.option(
    "--test-query", metavar="SQL", help="A SELECT of the test rows.  [database: --test, or DATA]"
)
@click.option(
    "--unlabeled",
    type=click.Path(),
    help="Unlabelled rows, for the teachers to label: a file or a database, as for DATA.",
)
@click.option(
    "--unlabeled-query",
    metavar="SQL",
    help="A SELECT of these rows.  [database: --unlabeled, or DATA]",
)
@click.option("--test-size", type=Share(), help="Share of DATA to test on.  [default: 0.2]")
@click.option(
    "--out", type=FolderName(), help="Run folder to write.  [default: runs/DATA-1, -2, …]"
)
@click.option("--overwrite", is_flag=True, help="Replace an existing run.")
@click.option(
    "--trust-pickle",
    is_flag=True,
    help="Load a pickled teacher; this runs the code in it.",
)
@click.option(
    "--trust", "trusted", multiple=True, metavar="TYPE", help="Type a skops teacher may hold."
)
@click.option(
    "--trust-journal",
    is_flag=True,
    help="Resume a run that another user or machine began; this runs the code in its journal.",
)
@click.option(
    "--drop",
    multiple=True,
    metavar="COL",
    help="Drop a column: neither students nor the teachers fitted here use it. Repeatable.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="COL",
    help="Keep a column that would be left out: an id, a row number, free text, or one that never "
    "changes. Repeatable.",
)
@table_options
@run_options
@click.pass_obj
def command(
    session: RunSession,
    /,
    data: TableSource,
    target: str,
    teachers: tuple[str, ...],
    probabilities: tuple[str, ...],
    weights: str | None,
    class_weights: tuple[str, ...],
    test: str | None,
    test_query: str | None,
    unlabeled: str | None,
    unlabeled_query: str | None,
    test_size: float | None,
    out: Path | None,
    resume: Path | None,
    overwrite: bool,
    trust_pickle: bool,
    trusted: tuple[str, ...],
    trust_journal: bool,
    drop: tuple[str, ...],
    keep: tuple[str, ...],
    format: CsvFormat,
    plan: Plan,
    seed: int,
    **shown: Any,
) -> None:
    """Distil a teacher on DATA into a small student.

    DATA is a CSV or Parquet file, a folder of Parquet files, a DuckDB file, or a PostgreSQL
    database (postgresql://USER@HOST/DATABASE; the password in PGPASSWORD or ~/.pgpass). Rows of a
    database are sorted, so that the run does not depend on the order in which they come.

    \b
    Examples:
      hpmkd distill adult.csv --target income
      hpmkd distill adult.csv --target income --teacher model.skops --out runs/adult
      hpmkd distill scored.csv --target income --probabilities p_no,p_yes --out runs/adult
      hpmkd distill adult.csv --target income --teacher sklearn.ensemble:RandomForestClassifier \\
            --student xgboost --set sampler.trials=2 --workers 2 --out runs/adult
      hpmkd distill survey.csv --target answer --weights weight --out runs/survey
      hpmkd distill adult.csv --target income --resume runs/adult
      hpmkd distill postgresql://ana@db/sales --query "SELECT * FROM customers" \\
            --target churned --out runs/churn
    """
    # First: a run that is stopped while it loads prints how to resume it.
    if out is None and resume is None:
        out = _default_folder(data, overwrite=overwrite)
    session.open(out, resume, overwrite=overwrite, trusted=trust_journal)
    from hpmkd.data.columns import ColumnChoice, texts_of
    from hpmkd.errors import RecipeError

    of_test = other_source(data, test, test_query)
    of_unlabeled = other_source(data, unlabeled, unlabeled_query)
    if of_test is not None and test_size is not None:
        given_test = "--test" if test_query is None else "--test-query"
        raise RecipeError(f"got {given_test} and --test-size; expected one of them")
    read = plan.read(**({} if test_size is None else {"split.test_size": test_size}))
    finished = session.is_finished()
    # As `python -m` does: a factory may live in a module beside the data.
    sys.path.insert(0, os.getcwd())
    frame = data.read(format, sort=True)
    texts, choice = texts_of(frame), ColumnChoice(drop, keep)
    columns = [name for group in probabilities for name in _names(group, frame)]
    _check_names(columns, target)
    rows, given = _without(frame, columns, data)
    test_rows, test_given = (
        (None, None) if of_test is None else _test(of_test, columns, format, texts)
    )
    handed_in: dict[str, Any] = {
        "X": rows,
        "y": target,
        "X_test": test_rows,
        "sample_weight": weights,
        "class_weight": class_weight_of(class_weights),
        "columns": choice,
    }
    if finished:
        show_finished(session.folder, read, rows=handed_in, seed=seed, **shown)
        return
    loaded = [each for spec in teachers for each in _teachers(spec, trust_pickle, trusted)]
    if given is not None:
        from hpmkd.knowledge.teachers import GivenTeacher

        loaded.append(GivenTeacher("given", given, test_given))
    distil_and_save(
        read,
        session,
        **handed_in,
        X_unlabeled=None if of_unlabeled is None else of_unlabeled.read(format, texts, sort=True),
        sources={"data": data, "test": of_test, "unlabeled": of_unlabeled},
        teacher=loaded or None,
        source=data.name,
        seed=seed,
        **shown,
    )


def _default_folder(data: TableSource, *, overwrite: bool) -> Path:
    """Return the folder of a run for which none was named, and report it."""
    from hpmkd.cli.output.json_lines import note
    from hpmkd.runs.default_folder import next_folder

    folder = next_folder(data.name)
    if overwrite:
        raise click.UsageError(
            f"got --overwrite without --out; expected the folder of the run to replace, or neither "
            f"(the run goes to {folder})"
        )
    note(f"the run goes to {folder} (--out names another folder)")
    return folder


def _names(group: str, frame: pd.DataFrame) -> list[str]:
    """Split a list of columns at its commas, unless it is the name of one."""
    return [group] if group in frame.columns else group.split(",")


def _check_names(columns: list[str], target: str) -> None:
    """Refuse names that cannot be those of probability columns, whatever the file holds."""
    from hpmkd.errors import DataError

    if not all(columns):
        raise DataError("--probabilities: no column was named; expected names, such as p_no,p_yes")
    if target in columns:
        raise DataError(
            f"--probabilities: {target!r} is the target, not a probability column; leave it out"
        )
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise DataError(
            f"--probabilities: named more than once: {', '.join(repeated)}; expected one column "
            "per class"
        )


def _teachers(spec: str, trust_pickle: bool, trusted: tuple[str, ...]) -> list[Any]:
    if not os.path.isfile(spec):
        return [spec]
    from hpmkd.knowledge.loading import load_teacher

    return load_teacher(spec, trust_pickle=trust_pickle, trusted=trusted)


def _without(
    frame: pd.DataFrame, columns: list[str], source: TableSource
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Take the probability columns out of a frame."""
    from hpmkd.errors import DataError

    if not columns:
        return frame, None
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        known = ", ".join(map(str, frame.columns[:20]))
        raise DataError(f"{source}: no column is called {', '.join(missing)}. Columns: {known}")
    return frame.drop(columns=columns), frame[columns]


def _test(
    source: TableSource,
    columns: list[str],
    format: CsvFormat,
    texts: Mapping[str, Collection[str]],
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Read test rows; their probabilities may be missing, then the teacher is not measured."""
    frame = source.read(format, texts, sort=True)
    if not set(columns) <= set(frame.columns):
        return frame, None
    return _without(frame, columns, source)
