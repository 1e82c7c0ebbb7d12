"""Raw columns in C: codes of categories, numbers of moments, and cells of a CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hpmkd.student import Schema
from hpmkd.student.columns.calendar import NUMBERS, waves
from hpmkd.student.columns.column import Column
from hpmkd.student.columns.spelling import MISSING
from hpmkd_defaults.exporters.c.literals import braces
from hpmkd_defaults.exporters.c.template import Templates
from hpmkd_defaults.exporters.c.texts import spelling_table, text_table


def has_moments(schema: Schema) -> bool:
    """Return whether a cell may be several numbers of the row that the kernel reads."""
    return any(column.calendar is not None for column in schema.columns)


def categories(schema: Schema, templates: Templates) -> str:
    """Return the function that finds the code of a text, behind its tables."""
    known = {at: column.codes for at, column in enumerate(schema.columns) if column.codes}
    if not known:
        return templates.filled("no_categories.c")
    tables = (spelling_table(f"spellings_{at}", codes) for at, codes in known.items())
    entries = (
        f"{{spellings_{at}, {len(known[at])}}}" if at in known else "{NULL, 0}"
        for at in range(len(schema.columns))
    )
    return templates.filled("categories.c", tables="".join(tables), categories=braces(entries))


def moments(schema: Schema, templates: Templates) -> str:
    """Return the function that writes what the kernel reads, if that is not the cells."""
    if not has_moments(schema):
        return ""
    return templates.filled(
        "moments.c",
        months=_pairs("month"),
        hours=_pairs("hour"),
        n_numbers=len(NUMBERS),
        statements="\n".join(f"    {each}" for each in _statements(schema.columns)),
    )


def cells(schema: Schema, templates: Templates) -> str:
    """Return the functions that read the cells of a CSV file, behind their tables."""
    own = {at: column.missing for at, column in enumerate(schema.columns) if column.missing}
    tables = (text_table(f"missing_{at}", texts) for at, texts in own.items())
    entries = (
        f"{{{column.kind.upper()}, {f'missing_{at}' if at in own else 'NULL'}, "
        f"{len(column.missing)}}}"
        for at, column in enumerate(schema.columns)
    )
    return templates.filled(
        "cells.c",
        missing=text_table("missing", sorted(MISSING)),
        tables="".join(tables),
        readings=braces(entries),
    )


def _pairs(part: str) -> str:
    """Return sine and cosine of a part of a moment, by its value."""
    pairs = zip(waves(part, "sine"), waves(part, "cosine"), strict=True)
    return braces(f"{{{sine!r}, {cosine!r}}}" for sine, cosine in pairs)


def _statements(columns: Sequence[Column]) -> Iterator[str]:
    """Yield what writes the row."""
    place = 0
    for at, column in enumerate(columns):
        calendar = column.calendar
        if calendar is None:
            yield f"row[{place}] = cells[{at}];"
            place += 1
            continue
        yield (
            f"read_moment(cells[{at}], {float(calendar.origin)!r}, {calendar.whole_days:d}, "
            "numbers);"
        )
        for number in calendar.numbers:
            yield f"row[{place}] = numbers[{NUMBERS.index(number)}];"
            place += 1
