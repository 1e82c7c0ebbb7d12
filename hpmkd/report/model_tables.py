"""Tables of a report with a row per model: the leaderboard, and the students to pick from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hpmkd.evaluation.metrics import metric_class
from hpmkd.evaluation.shown import digits, duration, few, percent, ratio, size
from hpmkd.report.limits import BREAKS
from hpmkd.report.models import intervals_of, pairs_of, teacher_of
from hpmkd.report.render.tables import Column, Table, table_of

if TYPE_CHECKING:
    from hpmkd.evaluation.leaderboard import ModelRecord
    from hpmkd.evaluation.pareto import StudentSummary
    from hpmkd.runs.result import Distillation

#: Heading of a leaderboard column, key of the record, and how it is written.
LEADERBOARD: Sequence[Column] = (
    ("role", "role", digits),
    ("name", "name", digits),
    ("accuracy", "accuracy", percent),
    ("retention", "retention", percent),
    ("log loss", "log_loss", digits),
    ("size", "bytes", size),
    ("one row", "row_us", duration),
    ("1000 rows", "batch_us", duration),
    ("smaller", "compression", ratio),
    ("faster", "speedup", ratio),
    ("balanced accuracy", "balanced_accuracy", percent),
    ("macro F1", "macro_f1", digits),
    ("AUC", "auc", digits),
    ("KL to the teacher", "kl", digits),
    ("agreement", "agreement", percent),
    ("alpha", "alpha", few),
    ("extra weight", "extra_weight", few),
    ("temperature", "temperature", few),
    ("selection log loss", "selection_log_loss", digits),
    ("after", "after", digits),
    ("scheduler", "scheduler", digits),
)
#: The same of the students to pick from.
FRONT: Sequence[Column] = (
    ("student", "name", digits),
    ("role", "role", digits),
    ("selection log loss", "selection_log_loss", digits),
    ("selection retention", "selection_retention", percent),
    ("size", "bytes", size),
    ("one row", "row_us", duration),
    ("test accuracy", "accuracy", percent),
    ("test log loss", "log_loss", digits),
    ("on the front", "on_front", digits),
)


def leaderboard(found: Distillation) -> Table:
    """Return teacher, controls, students; the shipped student stands out."""
    caption = "Teacher, controls, students, measured on the test rows alike"
    members = _members(found)
    records = [each for each in found.records if each not in members]
    made = _records(found, caption, records)
    pairs = [control for control, _ in pairs_of(records)]
    return replace(made, joined=frozenset(at for at, r in enumerate(records) if r in pairs))


def panel(found: Distillation) -> Table | None:
    """Return the same of the teachers by themselves; None where there is one."""
    members = _members(found)
    caption = "The teachers by themselves, measured on the test rows alike"
    return _records(found, caption, members) if members else None


def _members(found: Distillation) -> list[ModelRecord]:
    """Return the records of teachers but for that of all together."""
    fused = teacher_of(found.records)
    return [each for each in found.records if each.role == "teacher" and each is not fused]


def _records(found: Distillation, caption: str, records: Sequence[ModelRecord]) -> Table:
    own = [
        (f"{before}{name}", key, digits)
        for before, field in (("", "metric"), ("selection ", "selection_metric"))
        for name, key in own_metric(found, field)
    ]
    own_names = {name for name, _, _ in own}
    others = [column for column in LEADERBOARD[2:] if column[0] not in own_names]
    columns = [*LEADERBOARD[:2], *own, *others]
    made = table_of(caption, columns, records, bold_chosen=True)
    return _with_intervals(found, made, [key for _, key, _ in columns], records)


def _with_intervals(
    found: Distillation,
    made: Table,
    keys: Sequence[object],
    models: Sequence[ModelRecord | StudentSummary],
) -> Table:
    """Note the interval beside each accuracy and log loss, where it is known."""
    rows = []
    for cells, model in zip(made.rows, models, strict=True):
        own = intervals_of(found, model)
        notes = {"accuracy": "", "log_loss": ""}
        if own is not None:
            low, high = own.accuracy
            notes["accuracy"] = f"{100 * low:.1f}–{100 * high:.1f}"
            notes["log_loss"] = "–".join(map(digits, own.log_loss))
        noted = [
            replace(each, note=notes.get(str(key), ""))
            for each, key in zip(cells, keys, strict=True)
        ]
        rows.append(tuple(noted))
    return replace(made, rows=tuple(rows))


def front(found: Distillation) -> Table:
    """Return the students to pick from; the shipped one stands out."""
    limits = found.recipe.limits

    def breaks(student: StudentSummary) -> str:
        return ", ".join(BREAKS[name] for name in limits.broken(student.metrics)) or "nothing"

    kind = metric_class(found.recipe.metric.name)
    own: list[Column] = [
        (f"selection {name}", lambda each: kind.score(each.loss), digits)
        for name, _ in own_metric(found, "")
    ]
    columns = [*FRONT[:2], *own, *FRONT[2:], *([("breaks", breaks, digits)] if limits else [])]
    made = table_of("Students to pick from", columns, found.front, bold_chosen=True)
    return _with_intervals(found, made, [key for _, key, _ in columns], found.front)


def own_metric(found: Distillation, field: str) -> Iterator[tuple[str, str]]:
    """Yield the heading of the run's metric and its key, unless it is log loss."""
    if found.verdict.by_metric is not None:
        yield metric_class(found.recipe.metric.name).title, field
