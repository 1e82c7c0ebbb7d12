"""Key figures and tables of a report, beside its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpmkd.evaluation.metrics import metric_class
from hpmkd.evaluation.shown import digits, duration, few, percent, ratio, size
from hpmkd.report.limits import BREAKS
from hpmkd.report.models import row_details
from hpmkd.report.render.format import clean
from hpmkd.report.render.tables import Cell, Column, Table, cell, table, table_of

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
#: The same of what the verdict compares.
ARMS: Sequence[Column] = (
    ("student", "name", digits),
    ("log loss", "log_loss", digits),
    ("best temperature", "temperature", few),
    ("log loss at that temperature", "calibrated_log_loss", digits),
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
    "cache_evictions": "cache evictions",
    "cache_bytes": "size of the cache",
    "resumed": "results from the journal",
    "peak_mb": "peak memory, MB",
}
#: Of each region of the cache, and of all together.
CACHE: Sequence[Column] = (
    ("region", "region", digits),
    ("hits", "hits", digits),
    ("of them from disk", "disk_hits", digits),
    ("misses", "misses", digits),
    ("hit rate", "rate", percent),
)


def shipped(found: Distillation) -> ModelRecord:
    """Return the record of the shipped student."""
    return next(record for record in found.records if record.chosen)


def figures(found: Distillation) -> list[tuple[str, Cell]]:
    """Return the key figures of the shipped student that are known, by name."""
    record = shipped(found)
    own = [(name, key, digits) for name, key in _metric(found, "metric")]
    others = [each for each in FIGURES if each[0] not in {name for name, _, _ in own}]
    cells = [(name, cell(getattr(record, key), shown)) for name, key, shown in (*own, *others)]
    return [each for each in cells if each[1].exact is not None]


def leaderboard(found: Distillation) -> Table:
    """Return the leaderboard; the shipped student stands out."""
    caption = "Teachers, controls, students, measured on the test rows alike"
    own = [
        (f"{before}{name}", key, digits)
        for before, field in (("", "metric"), ("selection ", "selection_metric"))
        for name, key in _metric(found, field)
    ]
    own_names = {name for name, _, _ in own}
    others = [column for column in LEADERBOARD[2:] if column[0] not in own_names]
    columns = [*LEADERBOARD[:2], *own, *others]
    return table_of(caption, columns, found.records, bold_chosen=True)


def _metric(found: Distillation, field: str) -> Iterator[tuple[str, str]]:
    """Yield the heading of the run's metric and its key, unless it is log loss."""
    if found.verdict.by_metric is not None:
        yield metric_class(found.recipe.metric.name).title, field


def confusion(found: Distillation) -> list[Table]:
    """Return the confusion matrices on the test rows: of student, control and teacher."""
    matrices = row_details(found).confusion
    labels = [clean(label) for label in found.facts["classes"]]
    return [
        table(
            f"Confusion matrix of the {model}: test rows by their class and the one it names",
            ("true class", *(f"named {label}" for label in labels), "recall"),
            [
                [label, *row, cell(row[at] / sum(row) if sum(row) else None, percent)]
                for at, (label, row) in enumerate(zip(labels, matrices[model], strict=True))
            ],
        )
        for model in ("student", "control", "teacher")
        if model in matrices
    ]


def front(found: Distillation) -> Table:
    """Return the students to pick from; the shipped one stands out."""
    limits = found.recipe.limits

    def breaks(student: StudentSummary) -> str:
        return ", ".join(BREAKS[name] for name in limits.broken(student.metrics)) or "nothing"

    kind = metric_class(found.recipe.metric.name)
    own: list[Column] = [
        (f"selection {name}", lambda each: kind.score(each.loss), digits)
        for name, _ in _metric(found, "")
    ]
    columns = [*FRONT[:2], *own, *FRONT[2:], *([("breaks", breaks, digits)] if limits else [])]
    return table_of("Students to pick from", columns, found.front, bold_chosen=True)


def arms(found: Distillation) -> Table:
    """Return what the verdict compares."""
    caption = "The shipped student and its controls, on the test rows"
    return table_of(caption, ARMS, found.verdict.arms)


def counts(found: Distillation) -> Table:
    """Return every count of the run."""
    shown = {"cache_bytes": size, "peak_mb": few}
    rows = [
        [name, cell(found.counts[key], shown.get(key, digits))]
        for key, name in COUNTS.items()
        if key in found.counts
    ]
    return table("Counts", ("what", "count"), rows)


def cache(found: Distillation) -> Table:
    """Return what was asked of the cache; no rate of a region that was not asked."""
    names = ("hits", "misses", "disk_hits", "rate")
    regions = found.counts.get("cache_regions", {})  # none of old
    rows = [{"region": clean(region), **told} for region, told in regions.items()]
    together = {name: found.counts.get(f"cache_{name}") for name in names}
    return table_of("Cache", CACHE, [*rows, {"region": "together", **together}])


def efforts(found: Distillation) -> Table:
    """Return what the models were trained for; no rows of a run that did not count it."""
    took = found.counts.get("trained_for", {})
    headings = ("purpose", "configurations", "trials", "models")
    rows = [[name, *(each[what] for what in headings[1:])] for name, each in took.items()]
    return table("What models were trained for", headings, rows)


def purposes(counts: Mapping[str, Any]) -> dict[str, str]:
    """Return what models were trained for, and how many; nothing of a run that did not count it."""
    return {name: _effort(each) for name, each in counts.get("trained_for", {}).items()}


def _effort(effort: Mapping[str, int]) -> str:
    if not effort["trials"]:
        return f"{effort['models']}"
    tried = [_plural(effort[what], what) for what in ("configurations", "trials")]
    return f"{effort['models']} ({', '.join(tried)})"


def _plural(n: int, names: str) -> str:
    return f"{n} {names[:-1] if n == 1 else names}"


def setting(found: Distillation) -> Table:
    """Return data, teachers and versions of the run."""
    facts = found.facts
    rows = facts["rows"]
    values: dict[str, Any] = {
        "seed": cell(facts["seed"]),
        "training rows": cell(rows["training"]),
        "test rows": cell(rows["test"]),
        "columns": cell(facts["columns"]),
        "left out": ", ".join(map(clean, facts["left_out"])) or "-",
        "classes": ", ".join(clean(label) for label in facts["classes"]),
        "target": facts["target"],
        "teachers": _listed(facts["teachers"]),
        "plugins": _listed(facts["plugins"]),
        "versions": _listed(facts["versions"]),
    }
    if how := weighed(found):
        values["weights"] = how
    if how := ensemble(found):
        values["ensemble"] = how
    return table("What ran", ("what", "value"), [[name, value] for name, value in values.items()])


def weighed(found: Distillation) -> str:
    """Return by what rows and classes count; nothing where all count the same."""
    column, classes = found.facts.get("weights"), found.facts.get("class_weight")  # none of old
    parts = []
    if found.facts["given"].get("weights"):
        parts.append("rows by their weight" + (f", column {clean(column)}" if column else ""))
    if classes:
        own = _listed(classes) if isinstance(classes, Mapping) else str(classes)
        parts.append(f"classes {clean(own)}, but test rows as they are")
    return "; ".join(parts)


def ensemble(found: Distillation) -> str:
    """Return which students are fused, and by what; nothing where none are."""
    fused = found.facts.get("ensemble")
    if not fused:
        return ""
    *others, last = map(clean, fused["members"])
    return f"{', '.join(others)} and {last}, fused by {clean(fused['fuser'])}"


def _listed(named: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} ({value})" for name, value in named.items()) or "-"
