"""The whole file: the student's own part, and those that all files have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from hpmkd.errors import UnsupportedStudentError
from hpmkd.student import Student
from hpmkd.student.columns.column import Column
from hpmkd.student.columns.spelling import aliases
from hpmkd_defaults.exporters.json.model import columns_of, model_of
from hpmkd_defaults.exporters.python.copied import copied, imports_of
from hpmkd_defaults.exporters.python.literals import literal
from hpmkd_defaults.exporters.python.models import ModelSource, model_source
from hpmkd_defaults.exporters.python.variables import part_of, variables_of

_HEADER = '''\
#!/usr/bin/env python3
"""A student of hpmkd {version}: {family}, {columns} columns, {classes} classes.

It needs Python 3.8 or later, and nothing else; NumPy, if installed, speeds up many rows.

    predict_proba(row)          probabilities of a row, in the order of CLASSES
    predict(row)                its most probable class
    predict_proba_many(rows)    probabilities of many rows

A row is a dict with a cell for each of COLUMNS: numbers, categories (text, or what str makes of a
cell), dates and times (typed, or ISO 8601 text; without a zone, UTC). A cell is missing if it is
None or NaN; so is a category that is not listed. Text that spells a number is read as one.

On a command line, with a CSV file that has a header:

    python this_file.py < rows.csv > answers.csv
"""

from __future__ import annotations

{imports}
try:
    import numpy
except ImportError:
    numpy = None
'''
#: The reader of the cells of a column, by its kind.
_READERS = {"number": "number_reader", "category": "category_reader", "datetime": "moment_reader"}


def to_python(student: Student) -> str:
    """Return a student as the source of a Python module.

    Raises
    ------
    UnsupportedStudentError
        The model reads other than raw columns, or trees are more than 200 levels deep.
    """
    model, columns = _plain(student)
    offsets = {each["name"]: each["offset"] for each in columns if "offset" in each}
    variables = variables_of(student.encoder.schema, offsets)
    models = model.get("members", [model])
    suffixes = [f"_{at}" for at in range(1, len(models) + 1)] if "members" in model else [""]
    sources = [
        model_source(each, variables, suffix) for each, suffix in zip(models, suffixes, strict=True)
    ]
    links = [each["link"] for each in models]
    links += ["softmax", "pool"] if "members" in model else []  # a pool ends in a softmax
    kinds = list(dict.fromkeys(each["kind"] for each in columns))
    parts = _parts(kinds, sources, links)
    header = _HEADER.format(
        version=version("hpmkd"),
        family=student.model.family,
        columns=len(columns),
        classes=len(student.classes),
        imports=imports_of(parts, [line for source in sources for line in source.imports]),
    )
    sections = [
        header,
        _about(student, columns),
        *(source.text for source in sources),
        _probabilities(models, sources, model.get("pool")),
        *parts.values(),
    ]
    return "\n\n".join(section.strip("\n") + "\n" for section in sections)


def _plain(student: Student) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return model and columns as plain values, as the exporter of JSON makes them."""
    try:
        return model_of(student), columns_of(student)
    except UnsupportedStudentError as error:
        raise UnsupportedStudentError(
            f"the exporter 'python' writes what the exporter 'json' can: {error}"
        ) from error


def _parts(
    kinds: Sequence[str], sources: Sequence[ModelSource], links: Sequence[str]
) -> dict[str, str]:
    """Return the parts that a file needs, by name, and between them what depends on the student."""
    names = ["cells", *(["moments"] if "datetime" in kinds else []), "answers"]
    names += [part for source in sources for part in source.parts]
    texts = {part: copied(part) for part in [*names, *links, "command"]}
    readers = ", ".join(f'"{kind}": {_READERS[kind]}' for kind in kinds)
    texts["answers"] = f"KINDS = {{{readers}}}\n\n\n{texts['answers']}"
    prepared = "".join(f"{line}\n" for source in sources for line in source.prepared)
    texts["command"] = f"{prepared}\n\n{texts['command']}" if prepared else texts["command"]
    return texts


def _about(student: Student, columns: Sequence[Mapping[str, Any]]) -> str:
    """Return the lines on classes and columns."""
    described = zip(student.encoder.schema.columns, columns, strict=True)
    about = {column.name: _column(column, plain) for column, plain in described}
    return (
        f"CLASSES = {literal(student.classes.tolist())}\n"
        "#: In their order. Categories by falling frequency in training: trees compare their\n"
        "#: places, from 0 on. `spellings`: what tables make of a category, such as 1 of '01'.\n"
        "#: `missing`: texts that stand for a missing cell, beside the usual ones.\n"
        f"COLUMNS = {literal(about)}\n"
        "#: Whether the cells of a dict are found by name; else they are read in their order.\n"
        f"NAMED = {student.encoder.schema.named}\n"
    )


def _column(column: Column, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of a column."""
    rest = {name: each for name, each in plain.items() if name not in ("name", "offset", "parts")}
    if column.calendar is not None:
        rest["parts"] = [part_of(*each) for each in column.calendar.numbers]
    if column.missing:
        rest["missing"] = list(column.missing)
    if spellings := aliases(column.categories):
        rest["spellings"] = dict(sorted(spellings.items()))
    return rest


def _probabilities(
    models: Sequence[Mapping[str, Any]],
    sources: Sequence[ModelSource],
    pool: Mapping[str, Any] | None,
) -> str:
    """Return the functions that answer for the cells of a row, and of many."""
    pairs = list(zip(models, sources, strict=True))
    calls = [f"{model['link']}({source.margins})" for model, source in pairs]
    calls_many = [f"{model['link']}_many({source.margins_many})" for model, source in pairs]
    answer, answer_many, constant = calls[0], calls_many[0], ""
    if pool is not None:
        constant = f"POOL = {literal(dict(pool))}\n\n\n"
        answer, answer_many = _fused("fused", calls), _fused("fused_many", calls_many)
    return (
        f"{constant}"
        "def probabilities(x):\n"
        '    """Return the probabilities of a row of cells, read; NaN is missing."""\n'
        f"    return {answer}\n\n\n"
        "def probabilities_many(x):\n"
        '    """Return the probabilities (n, K) of many rows, of which each cell is an array."""\n'
        f"    return {answer_many}\n"
    )


def _fused(function: str, calls: Sequence[str]) -> str:
    members = "".join(f"        {call},\n" for call in calls)
    return f"{function}([\n{members}    ], POOL)"
