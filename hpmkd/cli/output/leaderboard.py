"""The result of a run as text: tables, teachers, gates, search, counts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hpmkd.cli.output.cache_line import cache_line
from hpmkd.cli.output.columns import TableColumn, print_columns
from hpmkd.cli.output.confusion import print_confusion
from hpmkd.recipe.units import shown_size, shown_time

if TYPE_CHECKING:
    from rich.console import Console

    from hpmkd.evaluation.leaderboard import ModelRecord
    from hpmkd.evaluation.metrics import Metric
    from hpmkd.evaluation.pareto import StudentSummary
    from hpmkd.recipe.limits import Limits
    from hpmkd.runs.result import Distillation

#: Piped output has room for every column.
PLAIN_WIDTH = 10_000
#: By how much a teacher's weight must exceed its mean to be reported.
REPORTED_GAIN = 0.05
#: Schedulers that change nothing.
IDLE = (None, "constant")


def print_result(found: Distillation) -> None:
    """Print tables, teachers, gates, search and counts to stdout: all but the verdict.

    That comes last, as :func:`~hpmkd.cli.output.closing.print_closing` prints it.
    """
    from hpmkd.report.summary import ensemble, purposes, weighed

    console = wide_console()
    print_table(found.records, console, found.recipe.metric.name)
    if how := weighed(found):
        console.print(f"Weights: {how}")
    print_confusion(found, console)
    knowledge = found.knowledge
    weights = ", ".join(
        f"{name} {weight:.2f}"
        for name, weight in zip(knowledge.teachers, knowledge.weights, strict=True)
    )
    console.print(f"Teachers by weight: {weights}")
    moved = sorted({record.name for record in found.records if record.scheduler not in IDLE})
    if moved:
        name = found.recipe.scheduler.name
        console.print(f"Scheduler {name} moved alpha and temperature of: {', '.join(moved)}")
    for line in _wins(found):
        console.print(line)
    shown = " and ".join(f"{n} {kind}" for kind, n in knowledge.extra_rows.items() if n)
    # A teacher that stopped at its first fold labelled rows that no student has seen.
    if shown and any(trial.configuration.extra_weight > 0 for trial in found.trials):
        console.print(
            f"The teachers labelled {shown} rows; students with an extra weight learned from them"
        )
    console.print(f"Regime: {knowledge.regime.name} ({knowledge.regime.reason})")
    for gate in found.gates:
        step = "passed" if gate.passed else "refused"
        console.print(f"Gate {gate.name}: {step} ({gate.reason})")
    if members := ensemble(found):
        console.print(f"Ensemble: {members}")
    fused = found.facts["ensemble"]
    if fused is not None and fused["unpacked"] is not None:
        console.print(f"The ensemble has no file of its own: {fused['unpacked']}")
    console.print(_search(found))
    counts = found.counts
    if took := purposes(counts):
        console.print(f"Models for {', '.join(f'{name} {each}' for name, each in took.items())}")
    console.print(cache_line(counts))
    seconds = ", ".join(f"{phase} {spent:.1f}" for phase, spent in counts["seconds"].items())
    console.print(f"Seconds: {seconds}")
    kind = _other_than_log_loss(found.recipe.metric.name)
    ranked = "log loss" if kind is None else kind.title
    console.print(
        f"\nStudents refitted on all rows, ranked by selection {ranked} (choose another with "
        "`hpmkd pick`):"
    )
    print_front(found.front, found.recipe.limits, found.chosen, console, found.recipe.metric.name)


def wide_console() -> Console:
    """Return a console on stdout; piped output is not wrapped."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    # Without markup: names and sentences may hold brackets.
    return Console(width=width, highlight=False, markup=False, soft_wrap=True)


def print_front(
    students: Sequence[StudentSummary],
    limits: Limits,
    chosen: str | None,
    console: Console,
    metric: str = "log_loss",
) -> None:
    """Print the students to pick from; if there are limits, which of them each breaks.

    `metric` is the name of what the run chose by.
    """
    name: TableColumn[StudentSummary] = TableColumn(
        "student", lambda each: _marked(each.name, each.name == chosen), 0, left=True
    )
    kind = _other_than_log_loss(metric)
    chosen_by = [] if kind is None else [_selection_metric(kind)]
    columns = [name, *chosen_by, *FRONT_COLUMNS, *([_breaks(limits)] if limits else [])]
    print_columns(columns, students, lambda each: each.name == chosen, console, "front.json")


def _other_than_log_loss(metric: str) -> type[Metric] | None:
    from hpmkd.evaluation.metrics import LOG_LOSS, metric_class

    return None if metric == LOG_LOSS.name else metric_class(metric)


def _selection_metric(kind: type[Metric]) -> TableColumn[StudentSummary]:
    return TableColumn(kind.title, lambda each: f"{kind.score(each.loss):.4f}", 1)


def _breaks(limits: Limits) -> TableColumn[StudentSummary]:
    """Return the column of the limits that a student breaks."""

    def broken(each: StudentSummary) -> str:
        return ", ".join(name.split("_")[1] for name in limits.broken(each.metrics)) or "-"

    return TableColumn("breaks", broken, 3)


def _marked(name: str, chosen: bool) -> str:
    return f"{name} *" if chosen else name


def _search(found: Distillation) -> str:
    """Return how the search ended, and which stages had a warm start."""
    facts = found.facts["search"]
    stages = ", ".join(stage for stage, points in facts["remembered"].items() if points)
    start = f"; warm start from other data sets: {stages}" if stages else ""
    searched = sum(trial["after"] is None for trial in found.history)
    return f"Search: {searched} trial{'s' * (searched != 1)}; {facts['ended']}{start}"


def _wins(found: Distillation) -> Iterator[str]:
    """Yield where in the data which teacher wins, if the fuser knows."""
    for win in found.knowledge.fuser.get("wins", ()):
        if win["weight"] - win["mean_weight"] < REPORTED_GAIN:
            continue
        yield (
            f"Where {win['column']} is {win['cells']}: {win['teacher']} weighs "
            f"{win['weight']:.2f}, {win['mean_weight']:.2f} on average"
        )


def print_table(
    records: tuple[ModelRecord, ...], console: Console, metric: str = "log_loss"
) -> None:
    """Print the leaderboard; a narrow terminal gets the columns that matter most.

    `metric` is the name of what the run chose by.
    """
    kind, columns = _other_than_log_loss(metric), [*COLUMNS]
    if kind is not None:
        columns = [column for column in columns if column.heading != kind.title]
        at = next(at for at, column in enumerate(columns) if column.heading == "log loss")
        column: TableColumn[ModelRecord] = TableColumn(
            kind.title, lambda record: _number(record.metric, ".4f"), 1
        )
        columns.insert(at, column)
    print_columns(columns, records, lambda each: each.chosen, console, "leaderboard.csv")


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}x" if value >= 10 else f"{value:.1f}x"


def _size(n_bytes: int | None) -> str:
    return "-" if n_bytes is None else shown_size(n_bytes)


def _time(us: float | None) -> str:
    return "-" if us is None else shown_time(us)


COLUMNS: tuple[TableColumn[ModelRecord], ...] = (
    TableColumn("role", lambda record: record.role, 4, left=True),
    TableColumn("name", lambda record: _marked(record.name, record.chosen), 0, left=True),
    TableColumn("after", lambda record: record.after or "-", 8),
    TableColumn("alpha", lambda record: _number(record.alpha, ".2f"), 7),
    TableColumn("extra", lambda record: _number(record.extra_weight, ".2f"), 8),
    TableColumn("accuracy", lambda record: _number(record.accuracy, ".4f"), 2),
    TableColumn("log loss", lambda record: _number(record.log_loss, ".4f"), 1),
    TableColumn("balanced", lambda record: _number(record.balanced_accuracy, ".4f"), 9),
    TableColumn("macro F1", lambda record: _number(record.macro_f1, ".4f"), 9),
    TableColumn("AUC", lambda record: _number(record.auc, ".4f"), 10),
    TableColumn("KL", lambda record: _number(record.kl, ".4f"), 12),
    TableColumn("agree", lambda record: _number(record.agreement, ".4f"), 11),
    TableColumn("size", lambda record: _size(record.bytes), 3),
    TableColumn("1 row", lambda record: _time(record.row_us), 5),
    TableColumn("1000 rows", lambda record: _time(record.batch_us), 15),
    TableColumn("smaller", lambda record: _times(record.compression), 13),
    TableColumn("faster", lambda record: _times(record.speedup), 14),
    TableColumn("retention", lambda record: _number(record.retention, ".4f"), 6),
)
#: Of the students to pick from, behind their names; limits have one more.
FRONT_COLUMNS: tuple[TableColumn[StudentSummary], ...] = (
    TableColumn("role", lambda each: each.role, 6, left=True),
    TableColumn("log loss", lambda each: f"{each.selection_log_loss:.4f}", 1),
    TableColumn("size", lambda each: shown_size(each.bytes), 2),
    TableColumn("1 row", lambda each: shown_time(each.row_us), 4),
    TableColumn("retention", lambda each: f"{each.selection_retention:.4f}", 5),
    TableColumn("test log loss", lambda each: f"{each.log_loss:.4f}", 9),
    TableColumn("test accuracy", lambda each: f"{each.accuracy:.4f}", 7),
    TableColumn("on front", lambda each: "yes" if each.on_front else "-", 8),
)
