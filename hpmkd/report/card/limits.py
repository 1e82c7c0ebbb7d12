"""What a run itself knows of the limits of its student."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hpmkd.evaluation.shown import digits, percent
from hpmkd.report.models import row_details
from hpmkd.report.render.format import clean

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation

#: A recall on fewer test rows is uncertain.
FEW_ROWS = 30


def limits(found: Distillation) -> Iterator[str]:
    """Yield the limits, a sentence each."""
    details, labels = row_details(found), found.facts["classes"]
    classes = [*zip(map(clean, labels), details.by_class, strict=True)]
    yield (
        "It was measured on rows like those it was trained on. Where the data change, it may be "
        "wrong: hpmkd predict warns of rows unlike the training rows, student.drift(rows) compares."
    )
    if few := [label for label, each in classes if each.rows < FEW_ROWS]:
        yield f"Fewer than {FEW_ROWS} test rows, so little is known: {', '.join(few)}."
    known = [(each.student, label) for label, each in classes if each.student is not None]
    recall, label = min(known, default=(1.0, ""))
    if recall < 1:
        yield f"It recognises class {label} least: {percent(recall)} of its test rows."
    error = next(each.error for each in details.reliability if each.model == "student")
    yield (
        f"Its probabilities are off by {digits(error)} on average (expected calibration error on "
        f"{details.rows} test rows)."
    )
    yield "A category that training did not have is read as a missing cell."
    yield from (f"{each.rstrip('.')}." for each in found.verdict.warnings)
    if found.knowledge.regime.name == "leaking":
        yield "The teacher had seen the selection rows: losses on them may be optimistic."
    yield "Fairness to groups of people was not examined: recall by group is not measured."
