"""An example row, which a student can predict as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpmkd.student.student import Student


def example_row(student: Student) -> dict[str, Any]:
    """Return a row that a student answers, in the order of its columns.

    Numbers and moments are from the middle of the training rows if the student has a sketch of
    them, else 0 and the middle of the calendar; categories are the most frequent level.
    """
    schema = student.encoder.schema
    sketches = student.sketch.columns if student.sketch is not None else (None,) * len(schema.names)
    row: dict[str, Any] = {}
    for column, sketch in zip(schema.columns, sketches, strict=True):
        edges = getattr(sketch, "edges", ())
        middle = float(edges[len(edges) // 2]) if edges else 0.0
        if column.calendar is not None:
            row[column.name] = column.calendar.text(middle)
        elif column.kind == "number":
            row[column.name] = int(middle) if middle.is_integer() else middle
        else:
            row[column.name] = column.categories[0] if column.categories else None
    return row
