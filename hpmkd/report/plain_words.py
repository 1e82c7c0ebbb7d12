"""The result of a run in plain words: what to ship, how good it is, what the teacher was worth."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hpmkd.evaluation.metrics import metric_class
from hpmkd.evaluation.shown import digits, duration, size
from hpmkd.report.models import shipped, teacher_of
from hpmkd.report.render.format import clean

if TYPE_CHECKING:
    from hpmkd.evaluation.leaderboard import ModelRecord
    from hpmkd.evaluation.verdict import Verdict
    from hpmkd.runs.result import Distillation


#: How the intervals of accuracy and log loss come about.
INTERVALS = (
    "95 % intervals: a bootstrap over the test rows or, where a model is right on all of them, the "
    "rule of three"
)


def heading(found: Distillation) -> str:
    """Return what a report is about: the data and its target, as far as the run knows them."""
    data, target = found.facts.get("data"), found.facts["target"]
    parts = [clean(data)] if data else []
    parts += [f"target {clean(target)}"] if target is not None else []
    return ", ".join(parts) or "a table"


def date_of(found: Distillation) -> str | None:
    """Return the day on which a run was made; None in folders of older versions."""
    made = found.facts.get("made")
    if made is None:
        return None
    day = datetime.date.fromisoformat(made)
    return f"{day.day} {day:%B %Y}"


def sentences(found: Distillation) -> list[str]:
    """Return the result of a run in a few sentences."""
    return [*_student(found), _worth(found.verdict)]


def _student(found: Distillation) -> Iterator[str]:
    record, rows = shipped(found), found.facts["rows"]["test"]
    costs = [] if record.bytes is None else [size(record.bytes)]
    costs += [] if record.row_us is None else [f"{duration(record.row_us)} for one row"]
    known = f" ({', '.join(costs)})" if costs else ""
    yield (
        f"The run ships the student {clean(record.name)}{known}. It is right on "
        f"{_share(record.accuracy, rows)}."
    )
    if record.metric is not None:
        title = metric_class(found.recipe.metric.name).title
        yield f"Its {title}, by which the run chose, is {digits(record.metric)}."
    teacher = teacher_of(found.records)
    if teacher is not None:
        times = " and ".join(_times(record))
        cheaper = f"; the student is {times}" if times else ""
        yield f"The teacher is right on {_share(teacher.accuracy, rows)}{cheaper}."


def _share(accuracy: float, rows: int) -> str:
    """Return a share of the test rows, never rounded to all or none of them."""
    if accuracy in (0.0, 1.0):
        return f"{'all' if accuracy else 'none of the'} {rows} test rows"
    text = f"{accuracy:.1%}"
    return f"{f'{accuracy:.2%}' if text in ('100.0%', '0.0%') else text} of {rows} test rows"


def _times(record: ModelRecord) -> Iterator[str]:
    for times, more, less in (
        (record.compression, "smaller", "larger"),
        (record.speedup, "faster", "slower"),
    ):
        if times:
            factor, word = (times, more) if times >= 1 else (1 / times, less)
            yield f"{factor:,.0f} times {word}" if factor >= 10 else f"{factor:.1f} times {word}"


def _worth(verdict: Verdict) -> str:
    if verdict.stopped is not None:
        return f"No student had a teacher: {clean(verdict.stopped)}."
    if not verdict.comparisons:
        return (
            "The student learned from the labels alone: no student that learned from a teacher "
            "was better on the rows that choose."
        )
    return {
        "pays": "Distilling paid: the best student without a teacher is worse.",
        "no difference": f"Whether the teacher was worth anything is not clear: {_doubt(verdict)}.",
        "hurts": (
            "Distilling did not pay: the best student without a teacher, "
            f"{clean(verdict.control)}, is better. Ship that one."
        ),
    }[verdict.outcome]


def _doubt(verdict: Verdict) -> str:
    """Return why there is no difference: by the test rows, or by repeated selection alone."""
    low, high = (verdict.by_metric or verdict).interval
    if low <= 0 <= high:
        return "the test rows cannot tell the student from the best one without a teacher"
    return (
        "on the test rows the best student without a teacher is worse, but repeated selection "
        "does not confirm the gain"
    )
