"""The exported file: its parts in their order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.metadata import version

from hpmkd.errors import UnsupportedStudentError
from hpmkd.student import Student
from hpmkd.student.columns.column import Column
from hpmkd.student.packed.content import NotPackable
from hpmkd_defaults.exporters.c.columns import categories, cells, has_moments, moments
from hpmkd_defaults.exporters.c.kernel import Kernel
from hpmkd_defaults.exporters.c.literals import braces, comment
from hpmkd_defaults.exporters.c.template import Templates
from hpmkd_defaults.exporters.c.texts import text_table

#: What the comment calls the cells of a column.
KINDS = {"number": "number", "category": "code", "datetime": "seconds since 1970-01-01 UTC"}
#: The program's code for the cell of a moment.
READ_DATE = """\
    if (readings[column].kind == DATETIME) {
        if (!read_date(&value))
            refuse_cell(column, "a date such as 2024-03-01 or 2024-03-01T12:30:00Z");
        return value;
    }
"""
#: Categories that it lists of a column.
MOST_LISTED = 20


def to_c(student: Student, prefix: str) -> str:
    """Return a student as a file of C99 that needs no other.

    Parameters
    ----------
    student : Student
    prefix : str
        Of what is public in the file; an identifier.

    Raises
    ------
    UnsupportedStudentError
        The student cannot be packed, so that the kernel cannot answer for it.
    """
    schema, templates = student.encoder.schema, Templates(prefix)
    kernel = kernel_of(student)
    parts = [
        _head(student, kernel, templates, "source.txt"),
        _declarations(student, templates),
        kernel.text(),
        _texts(student, templates),
        categories(schema, templates),
        moments(schema, templates),
        _answers(student, kernel, templates),
        templates.filled("csv.c"),
        cells(schema, templates),
        templates.filled("dates.c") if has_moments(schema) else "",
        _program(student, templates),
    ]
    return "\n".join(part for part in parts if part)


def to_header(student: Student, prefix: str) -> str:
    """Return the declarations of :func:`to_c` alone; parameters and errors are the same."""
    templates = Templates(prefix)
    head = _head(student, kernel_of(student), templates, "header.txt")
    return head + "\n" + _declarations(student, templates)


def kernel_of(student: Student) -> Kernel:
    """Return the kernel of a student; see :func:`to_c`."""
    try:
        return Kernel(student)
    except NotPackable as reason:
        raise UnsupportedStudentError(
            f"the exporter 'c' writes students that can be packed, and this one "
            f"({student.model.family}) cannot: {reason}. The exporter 'json' may write it"
        ) from reason


def _head(student: Student, kernel: Kernel, templates: Templates, name: str) -> str:
    """Return the comment that describes the file."""
    return templates.filled(
        name,
        prefix=templates.prefix,
        PREFIX=templates.prefix.upper(),
        what=comment(f"{student.model.family}, {len(student.classes)} classes"),
        version=version("hpmkd"),
        columns=_listed(_about_columns(student)),
        labels=_listed(
            f"{code:6}  {comment(str(label))}"
            for code, label in enumerate(student.classes.tolist())
        ),
        facts=_about_facts(student),
        library=" -lm" if kernel.needs_libm else "",
    )


def _about_facts(student: Student) -> str:
    """Return the facts of the run in the student, if there are any."""
    if not student.facts:
        return ""
    lines = (
        f"{comment(name)}: {comment(json.dumps(value, ensure_ascii=False))}"
        for name, value in student.facts.items()
    )
    return f" *\n * Facts of the run:\n *\n{_listed(lines)}\n"


def _about_columns(student: Student) -> Iterator[str]:
    for at, column in enumerate(student.encoder.schema.columns):
        yield f"{at:6}  {comment(column.name)}: {KINDS[column.kind]}{_about_levels(column)}"


def _about_levels(column: Column) -> str:
    """Return the codes of a column's categories."""
    shown = (f"{code} {comment(text)}" for code, text in enumerate(column.categories[:MOST_LISTED]))
    more = ", ..." if len(column.categories) > MOST_LISTED else ""
    return f" ({', '.join(shown)}{more})" if column.kind == "category" else ""


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f" * {line}".rstrip() for line in lines)


def _declarations(student: Student, templates: Templates) -> str:
    n_columns, n_classes = len(student.encoder.schema.columns), len(student.classes)
    return templates.filled("declarations.h", n_columns=n_columns, n_classes=n_classes)


def _texts(student: Student, templates: Templates) -> str:
    return templates.filled(
        "texts.c",
        labels=text_table("labels", map(str, student.classes.tolist())),
        columns=text_table("columns", student.encoder.schema.names),
    )


def _program(student: Student, templates: Templates) -> str:
    """Return the function that reads lines and answers them."""
    schema = student.encoder.schema
    return templates.filled(
        "main.c", is_named=int(schema.named), dates=READ_DATE if has_moments(schema) else ""
    )


def _answers(student: Student, kernel: Kernel, templates: Templates) -> str:
    """Return the table of words, and the functions that answer from it."""
    doubles = f"    double doubles[HPMKD_N_DOUBLES({len(student.classes)})];\n"
    singles = f"    float singles[{kernel.n_singles()}];\n"
    n_features = len(student.encoder.schema.features)
    has_row = has_moments(student.encoder.schema)
    return templates.filled(
        "answers.c",
        words=braces(kernel.words.tolist()),
        room=singles + (f"    double row[{n_features}];\n" if has_row else ""),
        doubles=doubles,
        doubles_of_pool=doubles if kernel.pooled else "",
        and_doubles=", doubles" if kernel.pooled else "",
        fill="    encode(cells, row);\n" if has_row else "",
        row="row" if has_row else "cells",
        pool="pool_" if kernel.pooled else "",
    )
