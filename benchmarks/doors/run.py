"""Odd cells in every input format: cases tried, predicted wrongly, refused, refused unclearly.

Run ``python -m benchmarks doors --markdown docs/doors.md``.
"""

from __future__ import annotations

import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pandas as pd

import hpmkd
from benchmarks.common.pages import filled, page_option, publish, table
from benchmarks.doors.broken import BROKEN, broken_file
from benchmarks.doors.entrances import DOORS, Row
from benchmarks.doors.grammar import COLUMNS, draw, meaning, training_rows
from hpmkd.cli.load_student import rows_of
from hpmkd.data.sources.table_source import TableSource
from hpmkd.data.table_files import read_table
from hpmkd.errors import DataError
from hpmkd.student import Student

PAGE = Path(__file__).with_name("page.md")
STAGES = ("tree", "logistic")
SETTINGS = {"sampler.trials": 1, "split.folds": 2, "memory": "none", "cache": "memory"}
OUTCOMES = ("same", "refused", "wrong", "unclear")
#: Every message has one of these: what was expected, or what to do.
ADVICE = ("expected", "correct", "rename", "add", "save it", "--", "choose", "give")


def student_of(stage: str, rows: int, seed: int) -> Student:
    """Distil a student from a CSV file of the grammar."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.csv"
        pd.DataFrame(training_rows(rows, seed)).to_csv(path, index=False)
        frame = read_table(path)
    return hpmkd.distill(frame, "y", student=stage, settings=SETTINGS, seed=seed).student


def outcomes(student: Student, cases: int, seed: int) -> Iterator[tuple[str, str, list[Row]]]:
    """Yield the input format, the outcome and the rows of so many cases.

    A case is a row, alone or among others, in one format. Its prediction has to be that of the
    same row as spelt in training, bit for bit; a row with an invalid cell has to be refused.
    """
    rng = np.random.default_rng(seed)
    doors, files = list(DOORS), list(BROKEN)
    for case in range(cases):
        n = int(rng.choice([1, 1, 2, 5, 12]))
        rows = [draw(rng) for _ in range(n)]
        if case % 5 == 4:
            name = files[case // 5 % len(files)]
            yield f"file: {name}", _outcome_of_file(student, name, rows), rows
        else:
            door = doors[case % len(doors)]
            yield door, _outcome(student, door, rows), rows


def _outcome(student: Student, door: str, rows: list[Row]) -> str:
    means = [meaning(row) for row in rows]
    refused = any(each is None for each in means)
    try:
        found = DOORS[door](student, rows)
    except DataError as error:
        return ("refused" if _is_clear(error) else "unclear") if refused else "wrong"
    except Exception:  # any of them, as a user would see a traceback
        return "unclear"
    if refused:
        return "wrong"
    expected = student.predict_proba([dict(each) for each in means if each is not None])
    expected = expected.argmax(axis=1) if found.ndim == 1 else expected
    return "same" if np.array_equal(found, expected) else "wrong"


def _outcome_of_file(student: Student, name: str, rows: list[Row]) -> str:
    usable = [dict(row, score="1", truth="True", when="2020-03-01") for row in rows]
    ending, content = broken_file(name, usable)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"rows{ending}"
        path.write_bytes(content)
        try:
            student.predict_proba(rows_of(TableSource(str(path)), student))
        except DataError as error:
            return "refused" if _is_clear(error) else "unclear"
        except Exception:  # as above
            return "unclear"
    return "wrong"


def _is_clear(error: DataError) -> bool:
    return any(each in str(error) for each in ADVICE)


@click.command()
@click.option("--cases", default=2400, show_default=True, help="Cases per student.")
@click.option("--rows", default=400, show_default=True, help="Training rows.")
@click.option("--seed", default=0, show_default=True, help="Of rows and cases.")
@click.option("--show", is_flag=True, help="Show the rows of what went wrong, on stderr.")
@page_option
def main(cases: int, rows: int, seed: int, show: bool, markdown: Path | None) -> None:
    """Try every input format, and count the outcomes."""
    warnings.simplefilter("ignore")
    counts: dict[str, Counter[str]] = {}
    for stage in STAGES:
        student = student_of(stage, rows, seed)
        for door, outcome, given in outcomes(student, cases, seed):
            counts.setdefault(door, Counter())[outcome] += 1
            if show and outcome in ("wrong", "unclear"):
                click.echo(f"{stage}, {door}: {outcome}: {given}", err=True)
    total = sum(counts.values(), Counter())
    lines = [
        [name, sum(own.values()), *(own[each] for each in OUTCOMES)]
        for name, own in [*sorted(counts.items()), ("**all**", total)]
    ]
    text = filled(
        PAGE,
        cases=sum(total.values()),
        students=" and ".join(STAGES),
        seed=seed,
        rows=rows,
        spellings=sum(len(each.spellings) for each in COLUMNS.values()),
        columns=len(COLUMNS),
        counted=table(["input", "tried", *OUTCOMES], lines),
    )
    publish(text, markdown)
