"""``hpmkd explain``: the rules or coefficients of a student that a person can read."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpmkd.cli.options import quiet_option, student_option
from hpmkd.cli.stoppable_command import StoppableCommand
from hpmkd.cli.table_options import table_options

if TYPE_CHECKING:
    from hpmkd.data.sources.table_source import TableSource
    from hpmkd.data.table_files import CsvFormat
    from hpmkd.student import Student
    from hpmkd.student.explain.rules import Support

#: The student that is explained by default.
DEFAULT = "tree"


@click.command("explain", cls=StoppableCommand)
@click.argument("run", type=click.Path(path_type=Path))
@student_option("Student of the run to explain instead of its tree.")
@click.option(
    "--data",
    type=click.Path(),
    help="Labelled rows to take shares and purities from, instead of the training rows.",
)
@click.option(
    "--target", metavar="COL", help="Column of --data with the labels.  [default: as in RUN]"
)
@quiet_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@table_options
def command(
    run: Path,
    student: str | None,
    data: TableSource | None,
    target: str | None,
    quiet: bool,
    as_json: bool,
    format: CsvFormat,
) -> None:
    """Print the rules of the tree of RUN (a run folder or .hpmkd file), in original units.

    Each leaf gives its class and probability, the share of the training rows that end in it,
    and their purity (the share of the commonest class among them). Of a linear student, print
    the coefficients, largest first.

    \b
    Example:
      hpmkd explain runs/adult
      hpmkd explain runs/adult --data holdout.csv --json | jq '.rules[0]'
      hpmkd explain runs/adult --student logistic | head
    """
    from hpmkd.cli.load_student import student_of
    from hpmkd.student.explain import linear_terms, rules

    if target is not None and data is None:
        raise click.UsageError("--target names a column of --data: give both")
    if os.path.isdir(run) and student is None and (known := _names(run)) and DEFAULT not in known:
        raise click.UsageError(f"{run} has no tree; {_alternatives(run)}")
    name = student or DEFAULT
    model = student_of(run, name)
    _report_chosen(run, student)
    shown = name if os.path.isdir(run) else run.name
    if rules.readable(model):
        support = _support(model, run, data, target, format)
        _show_tree(model, shown, support, data, as_json=as_json)
    elif not linear_terms.readable(model):
        raise click.UsageError(
            f"the student {shown} is {model.model.family}, too large to read as rules; "
            f"{_alternatives(run)}"
        )
    elif data is not None:
        raise click.UsageError("--data is for trees: it changes nothing about coefficients")
    else:
        _show_linear(model, shown, as_json=as_json)


def _report_chosen(run: Path, student: str | None) -> None:
    """Report, without ``--student``, that the run ships another one."""
    from hpmkd.cli.output.json_lines import note
    from hpmkd.runs.folder import read_json

    if student is None and (run / "run.json").is_file():
        chosen = read_json(run / "run.json", dict).get("chosen")
        if chosen != DEFAULT:
            note(f"the run chose {chosen}; this is its {DEFAULT}")


def _names(run: Path) -> list[str]:
    """Return the names of the students of a run folder."""
    return sorted(path.stem for path in run.glob("students/*.hpmkd"))


def _alternatives(run: Path) -> str:
    """Return which students of a run can be explained, if it is one."""
    from hpmkd.cli.load_student import student_of
    from hpmkd.student.explain import linear_terms, rules

    students = {name: student_of(run, name) for name in _names(run)}
    known = [
        f"--student {name}"
        for name, model in students.items()
        if rules.readable(model) or linear_terms.readable(model)
    ]
    if not known:
        return "a run with the stage tree or logistic has a student that can be read"
    return f"in this run, {' or '.join(known)} can be read"


def _support(
    model: Student, run: Path, data: TableSource | None, target: str | None, format: CsvFormat
) -> Support | None:
    """Return the rows in each leaf, of the training rows or of other labelled ones."""
    from hpmkd.cli.load_student import rows_of, target_of
    from hpmkd.data.make_dataset import make_dataset
    from hpmkd.student import TreesModel
    from hpmkd.student.explain.rules import Support

    trees = model.model
    assert isinstance(trees, TreesModel), "readable"
    if data is not None:
        target = target or target_of(run)
        frame = rows_of(data, model, target, format, sort=True)
        rows = make_dataset(frame, target, classes=model.classes_)
        trees = trees.with_leaf_counts(model.encoder.transform(rows.table), rows.labels)
    return None if trees.leaf_counts is None else Support(trees.leaf_counts)


def _show_tree(
    model: Student, shown: str, support: Support | None, data: TableSource | None, *, as_json: bool
) -> None:
    """Print a tree."""
    from hpmkd.report.rule_text import tree_text
    from hpmkd.student.explain.rules import rules

    if not as_json:
        rows = f"rows of {data}" if data else "training rows"
        click.echo("\n".join(tree_text(model, shown, support, rows)))
        return
    columns = model.encoder.schema.columns
    plain = {
        "student": shown,
        "kind": "tree",
        "classes": model.classes.tolist(),
        # An unknown category is one that is not among these.
        "categories": {each.name: each.categories for each in columns if each.kind == "category"},
        "rows_of": None if support is None else str(data or "training"),
        "rules": rules(model, support),
    }
    click.echo(json.dumps(plain, indent=2))


def _show_linear(model: Student, shown: str, *, as_json: bool) -> None:
    """Print a linear student."""
    from hpmkd.report.rule_text import linear_text
    from hpmkd.student.explain import linear_terms

    if not as_json:
        click.echo("\n".join(linear_text(model, shown)))
        return
    margins = [
        {**margin, "terms": [asdict(term) for term in margin["terms"]]}
        for margin in linear_terms.margins(model)
    ]
    labels = model.classes.tolist()
    plain = {"student": shown, "kind": "linear", "classes": labels, "margins": margins}
    click.echo(json.dumps(plain, indent=2))
