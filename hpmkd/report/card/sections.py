"""The sections of a model card: what a run knows is filled in, the rest is left to be filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.evaluation.shown import UNKNOWN, digits, duration, percent, size
from hpmkd.report import plain_words, reproduce, summary
from hpmkd.report.card.limits import limits
from hpmkd.report.models import intervals_of, row_details, shipped, teacher_of
from hpmkd.report.render.format import clean

if TYPE_CHECKING:
    from hpmkd.evaluation.leaderboard import ModelRecord
    from hpmkd.runs.result import Distillation

#: What stands where only people know the answer; Hugging Face's cards have the same words.
TO_FILL = "[More Information Needed]"
Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A section of a card.

    Parameters
    ----------
    title : str
        Its heading.
    level : int
        1 for a heading of the card, 2 for one below it.
    texts : tuple of str
        Paragraphs.
    points : tuple of str
        A list below them.
    rows : tuple of tuple of str
        A table below that, its headings first.
    code : str
        Below all.
    language : str
        Of the code.
    """

    title: str
    level: int = 1
    texts: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    rows: Rows = ()
    code: str = ""
    language: str = "text"


def sections(found: Distillation, folder: str) -> list[Section]:
    """Return the sections of the card of a run; commands name its folder."""
    again = reproduce.command(found, folder)
    return [
        Section("Model description", texts=tuple(plain_words.sentences(found)), rows=_facts(found)),
        Section("Intended uses & limitations", 2, (f"Who uses it, and for what: {TO_FILL}",)),
        Section("Out of scope", 2, (f"What it must not be used for: {TO_FILL}",)),
        Section("Limitations", 2, points=tuple(limits(found))),
        Section("Training data", rows=_data(found), texts=(f"Where they come from: {TO_FILL}",)),
        Section(
            "Training procedure",
            texts=(reproduce.sentences(found, again),),
            rows=_procedure(found),
            code=again,
            language="console",
        ),
        Section("Evaluation results", texts=(_how_measured(found),), rows=_results(found)),
        Section("Results by class", 2, rows=_by_class(found)),
        Section(
            "How to get started with the model",
            code="import hpmkd\n\n"
            'student = hpmkd.Student.load("student.hpmkd")\n'
            "student.predict_proba(rows)  # raw columns, as in training",
            language="python",
        ),
        Section("Model card authors and contact", texts=(TO_FILL,)),
    ]


def _facts(found: Distillation) -> Rows:
    record, student = shipped(found), found.student
    kind = getattr(getattr(student, "model", None), "family", record.name)
    rows = [
        ("what", "value"),
        ("model", f"{clean(record.name)} ({clean(kind)})"),
        ("file", f"student.hpmkd, {size(record.bytes)}"),
        ("time of one row", duration(record.row_us)),
        ("task", f"classification, {len(found.facts['classes'])} classes"),
        ("classes", _listed(found.facts["classes"])),
        ("made", plain_words.date_of(found) or UNKNOWN),
        ("by", f"hpmkd {found.facts['versions'].get('hpmkd', UNKNOWN)}"),
        ("license", TO_FILL),
    ]
    schema = getattr(getattr(student, "encoder", None), "schema", None)
    if schema is not None:
        columns = [f"{clean(each.name)} ({each.kind})" for each in schema.columns]
        rows.insert(5, ("columns", _listed(columns)))
    return tuple(rows)


def _data(found: Distillation) -> Rows:
    facts = found.facts
    rows = facts["rows"]
    total = sum(each.rows for each in row_details(found).by_class)
    shares = [
        f"{clean(label)} {each.rows / total:.1%}"
        for label, each in zip(facts["classes"], row_details(found).by_class, strict=True)
    ]
    return (
        ("what", "value"),
        ("data", plain_words.heading(found)),
        ("rows", f"{rows['training']} to train and to choose on, {rows['test']} to test on"),
        ("columns", str(facts["columns"])),
        ("left out", _listed(facts["left_out"]) or "none"),
        ("classes, by test rows", ", ".join(shares)),
        ("weights", summary.weighed(found) or "none"),
        ("rows without labels", _extra(found)),
    )


def _extra(found: Distillation) -> str:
    counted = [f"{n} {kind}" for kind, n in found.knowledge.extra_rows.items() if n]
    return ", ".join(counted) or "none"


def _procedure(found: Distillation) -> Rows:
    facts, known = found.facts, found.knowledge
    teachers = [
        f"{clean(name)} ({facts['teachers'].get(name, 'a student')}, weight {weight:.2f})"
        for name, weight in zip(known.teachers, known.weights, strict=True)
    ]
    return (
        ("what", "value"),
        ("recipe", f"{found.recipe.name}, seed {facts['seed']}"),
        ("teachers", ", ".join(teachers)),
        ("regime", f"{known.regime.name}: {known.regime.reason}"),
        ("models trained", str(found.counts["models_trained"])),
        ("seconds", f"{found.counts['seconds']['total']:.0f}"),
        ("versions", ", ".join(f"{name} {each}" for name, each in facts["versions"].items())),
    )


def _how_measured(found: Distillation) -> str:
    return (
        f"On {found.facts['rows']['test']} test rows, which were read once, at the end. In "
        f"brackets, {plain_words.INTERVALS}. {found.verdict.sentence}"
    )


def _results(found: Distillation) -> Rows:
    teacher, control = teacher_of(found.records), found.verdict.control
    models = [shipped(found)]
    models += [r for r in found.records if r.role == "control" and r.name == control]
    models += [each for each in found.records if each is teacher]
    return (
        ("model", "accuracy", "log loss", "AUC", "balanced accuracy", "size", "one row"),
        *(_result(found, each) for each in models),
    )


def _result(found: Distillation, record: ModelRecord) -> tuple[str, ...]:
    own = intervals_of(found, record)
    accuracy, loss = percent(record.accuracy), digits(record.log_loss)
    if own is not None:
        accuracy += f" [{own.accuracy[0]:.2%}, {own.accuracy[1]:.2%}]"
        loss += f" [{digits(own.log_loss[0])}, {digits(own.log_loss[1])}]"
    costs = (size(record.bytes), duration(record.row_us))
    more = (digits(record.auc), percent(record.balanced_accuracy))
    return (f"{record.role} {clean(record.name)}", accuracy, loss, *more, *costs)


def _by_class(found: Distillation) -> Rows:
    lines = [
        (clean(label), str(each.rows), *map(percent, (each.student, each.control, each.teacher)))
        for label, each in zip(found.facts["classes"], row_details(found).by_class, strict=True)
    ]
    return (("class", "test rows", "recall", "the control's", "the teacher's"), *lines)


def _listed(names: Sequence[object], most: int = 30) -> str:
    more = [f"… {len(names) - most} more"] if len(names) > most else []
    return ", ".join([*map(clean, names[:most]), *more])
