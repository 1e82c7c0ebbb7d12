"""What a report says in words and tables, beside its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpmkd.report.render.format import clean, digits, duration, few, percent, ratio, size
from hpmkd.report.render.tables import Cell, Table, cell, table

if TYPE_CHECKING:
    from hpmkd.evaluation.leaderboard import ModelRecord
    from hpmkd.runs.result import Distillation

#: Heading of a leaderboard column, key of the record, and how it is written.
LEADERBOARD = (
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
    ("macro F1", "macro_f1", digits),
    ("AUC", "auc", digits),
    ("KL to the teacher", "kl", digits),
    ("agreement", "agreement", percent),
    ("alpha", "alpha", few),
    ("temperature", "temperature", few),
    ("selection log loss", "selection_log_loss", digits),
    ("after", "after", digits),
    ("scheduler", "scheduler", digits),
)
#: Key figures of the shipped student.
FIGURES = (
    ("accuracy", "accuracy", percent),
    ("of the teacher's accuracy", "retention", percent),
    ("log loss", "log_loss", digits),
    ("file", "bytes", size),
    ("smaller than the teacher", "compression", ratio),
    ("for one row", "row_us", duration),
    ("faster than the teacher", "speedup", ratio),
)
COUNTS: Mapping[str, str] = {
    "models_trained": "models trained",
    "teacher_fits": "teacher fits",
    "teacher_calls": "teacher calls",
    "cache_hits": "cache hits",
    "cache_misses": "cache misses",
    "cache_evictions": "cache evictions",
    "cache_disk_hits": "cache hits on disk",
    "cache_bytes": "size of the cache",
    "resumed": "results from the journal",
    "peak_mb": "peak memory, MB",
}


@dataclass(frozen=True)
class Figure:
    """One key figure: its number, as cells are, and what it is of."""

    of: str
    cell: Cell


def shipped(found: Distillation) -> ModelRecord:
    """Return the record of the shipped student."""
    return next(record for record in found.records if record.chosen)


def figures(found: Distillation) -> list[Figure]:
    """Return the key figures of the shipped student, those that are known."""
    record = shipped(found)
    made = [Figure(of, cell(getattr(record, key), shown)) for of, key, shown in FIGURES]
    return [each for each in made if each.cell.exact is not None]


def leaderboard(found: Distillation) -> Table:
    """Return the leaderboard; the shipped student stands out."""
    rows = [
        [cell(getattr(record, key), shown) for _, key, shown in LEADERBOARD]
        for record in found.records
    ]
    headings = [heading for heading, _, _ in LEADERBOARD]
    made = table("Teachers, controls, students, measured on the test rows alike", headings, rows)
    bold = frozenset(at for at, record in enumerate(found.records) if record.chosen)
    return replace(made, bold=bold)


def arms(found: Distillation) -> Table:
    """Return what the verdict compares."""
    rows = [
        [arm.name, cell(arm.log_loss), cell(arm.temperature, few), cell(arm.calibrated_log_loss)]
        for arm in found.verdict.arms
    ]
    headings = ("taught by", "log loss", "best temperature", "log loss at that temperature")
    return table("The shipped student and its controls, on the test rows", headings, rows)


def counts(found: Distillation) -> Table:
    """Return every count of the run."""
    shown = {"cache_bytes": size, "peak_mb": few}
    rows = [
        [name, cell(found.counts[key], shown.get(key, digits))]
        for key, name in COUNTS.items()
        if key in found.counts
    ]
    return table("Counts", ("what", "count"), rows)


def setting(found: Distillation) -> Table:
    """Return what was distilled, by what, from what."""
    facts = found.facts
    rows = facts["rows"]
    said: dict[str, Any] = {
        "seed": cell(facts["seed"]),
        "training rows": cell(rows["training"]),
        "test rows": cell(rows["test"]),
        "columns": cell(facts["columns"]),
        "classes": ", ".join(clean(label) for label in facts["classes"]),
        "target": facts.get("target"),
        "teachers": _listed(facts.get("teachers", {})),
        "plugins": _listed(facts.get("plugins", {})),
        "versions": _listed(facts["versions"]),
    }
    return table("What ran", ("what", "value"), [[name, value] for name, value in said.items()])


def _listed(named: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} ({value})" for name, value in named.items()) or "-"
