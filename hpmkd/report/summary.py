"""Key figures and tables of a report, beside its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpmkd.evaluation.shown import digits, duration, few, percent, ratio, size
from hpmkd.report.model_tables import own_metric
from hpmkd.report.models import row_details, shipped
from hpmkd.report.render.format import clean
from hpmkd.report.render.tables import Cell, Column, Table, cell, table, table_of

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation

#: Of what the verdict compares: heading, key, and how it is written.
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


def figures(found: Distillation) -> list[tuple[str, Cell]]:
    """Return the key figures of the shipped student that are known, by name."""
    record = shipped(found)
    own = [(name, key, digits) for name, key in own_metric(found, "metric")]
    others = [each for each in FIGURES if each[0] not in {name for name, _, _ in own}]
    cells = [(name, cell(getattr(record, key), shown)) for name, key, shown in (*own, *others)]
    return [each for each in cells if each[1].exact is not None]


def confusion(found: Distillation) -> list[Table]:
    """Return the confusion matrices on the test rows: of student, control and teacher.

    Beside the student's recall of each class stands the control's.
    """
    details = row_details(found)
    labels = [clean(label) for label in found.facts["classes"]]
    theirs = [each.control for each in details.by_class]

    def lines(model: str) -> Iterator[list[str | int | Cell]]:
        for at, (label, row) in enumerate(zip(labels, details.confusion[model], strict=True)):
            recall = cell(row[at] / sum(row) if sum(row) else None, percent)
            beside = [cell(theirs[at], percent)] if model == "student" else []
            yield [label, *row, recall, *beside]

    return [
        table(
            f"Confusion matrix of the {model}: test rows by their class and the one it names",
            (
                "true class",
                *(f"named {label}" for label in labels),
                "recall",
                *(["the control's"] if model == "student" else []),
            ),
            lines(model),
        )
        for model in ("student", "control", "teacher")
        if model in details.confusion
    ]


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
    """Return the requests to the cache; no rate of a region without any."""
    names = ("hits", "misses", "disk_hits", "rate")
    regions = found.counts.get("cache_regions", {})  # older runs have none
    rows = [{"region": clean(region), **counts} for region, counts in regions.items()]
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
    column, classes = found.facts.get("weights"), found.facts.get("class_weight")
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
