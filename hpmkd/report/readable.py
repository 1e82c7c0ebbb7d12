"""The student of a run that a person can read: the rules of its tree, or its linear weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd.report.rule_text import linear_text, tree_text
from hpmkd.student.explain import linear_terms, rules
from hpmkd.student.explain.rules import Support
from hpmkd.student.student import Student

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation

#: Of more, the page has the first; ``hpmkd explain`` prints all.
MOST_LINES = 250
#: Stages whose students can be read, if the one that ships cannot.
STAND_INS = ("tree", "logistic")


@dataclass(frozen=True)
class Readable:
    """A student as text.

    Parameters
    ----------
    name : str
        Of the student.
    ships : bool
        Whether it is the one that ships; otherwise that is too much to read.
    text : str
        Rules or weights, at most so many lines.
    left_out : int
        How many lines more there are.
    """

    name: str
    ships: bool
    text: str
    left_out: int


def readable(found: Distillation) -> Readable | None:
    """Return the shipped student as text, or another of the run; None if none can be read."""
    for name in (found.chosen, *STAND_INS):
        student = found.by_name.get(name)
        if isinstance(student, Student) and (lines := [*_lines(student, name)]):
            shown = "\n".join(lines[:MOST_LINES])
            return Readable(name, name == found.chosen, shown, max(0, len(lines) - MOST_LINES))
    return None


def _lines(student: Student, name: str) -> Iterator[str]:
    if rules.readable(student):
        trees: Any = student.model
        counts = trees.leaf_counts
        support = None if counts is None else Support(counts)
        yield from tree_text(student, name, support, "training rows")
    elif linear_terms.readable(student):
        yield from linear_text(student, name)
