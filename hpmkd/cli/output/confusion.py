"""Which classes the shipped student takes for which, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.cli.output.columns import TableColumn, print_columns

if TYPE_CHECKING:
    from rich.console import Console

    from hpmkd.runs.result import Distillation

#: With more classes the report shows them.
MOST_CLASSES = 12
Line = tuple[str, tuple[int, ...]]


def print_confusion(found: Distillation, console: Console) -> None:
    """Print the confusion matrix of the shipped student; of many classes, where to find it."""
    matrix = None if found.evidence is None else found.evidence.confusion.get("student")
    if matrix is None:
        return
    if len(matrix) > MOST_CLASSES:
        console.print("Confusion matrix: in evidence.json, and in the report (hpmkd report)")
        return
    labels = [str(label) for label in found.facts["classes"]]
    console.print("\nConfusion matrix of the student on the test rows:")
    true: TableColumn[Line] = TableColumn("true class", lambda line: line[0], 0, left=True)
    named = [
        TableColumn(f"named {label}", lambda line, at=at: str(line[1][at]), 1 + at)  # type: ignore[misc]
        for at, label in enumerate(labels)
    ]
    lines = list(zip(labels, matrix, strict=True))
    print_columns([true, *named], lines, lambda line: False, console, "evidence.json")
