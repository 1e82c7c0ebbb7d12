"""A student as notebooks show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hpmkd import html

if TYPE_CHECKING:
    from hpmkd.student.student import Student

#: Names of classes and columns, at most.
MOST_NAMES = 12


def student_html(student: Student) -> str:
    """Return the HTML of what a student is."""
    sketch = "none" if student.sketch is None else f"{student.sketch_bytes:,} bytes more"
    rows = [
        ("model", student.model.family),
        ("classes", _counted(student.classes.tolist())),
        ("columns", _counted([column.name for column in student.encoder.schema.columns])),
        ("file", f"{student.n_bytes:,} bytes"),
        ("sketch of the training rows", sketch),
    ]
    return html.table(["student", ""], rows, names=2)


def _counted(names: Sequence[Any]) -> str:
    """Return how many names there are, and the first of them."""
    more = ", …" if len(names) > MOST_NAMES else ""
    return f"{len(names)}: {', '.join(map(str, names[:MOST_NAMES]))}{more}"
