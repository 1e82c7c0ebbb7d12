"""The result of a run as text: table, verdict, counts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.units import shown_size, shown_time

if TYPE_CHECKING:
    from rich.console import Console

    from hpmkd.distillation import Distillation
    from hpmkd.figures import Contender
    from hpmkd.leaderboard import Record
    from hpmkd.limits import Limits

PLAIN_WIDTH = 170
#: By how much a teacher's weight must exceed its mean for people to hear of it.
TELLING = 0.05
#: Schedulers that nobody need be told of.
IDLE = (None, "constant")
#: Of the students to pick from; the last one where there are limits.
FRONT_COLUMNS = (
    "log loss",
    "size",
    "1 row",
    "retention",
    "test log loss",
    "test accuracy",
    "on front",
    "breaks",
)


def print_result(found: Distillation) -> None:
    """Print table, verdict and counts to stdout."""
    from rich.text import Text

    console = wide_console()
    print_table(found.records, console)
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
    extra = knowledge.extra_rows
    if any(extra.values()):
        shown = " and ".join(f"{n} {kind}" for kind, n in extra.items() if n)
        heard = "students with alpha above 0 learned from them"
        console.print(f"The teachers labelled {shown} rows; {heard}")
    console.print(f"Regime: {knowledge.regime.name} ({knowledge.regime.reason})")
    word = (f"Verdict: {found.verdict.word}.", "bold")
    console.print(Text.assemble(word, f" {found.verdict.sentence}"))
    for note in found.verdict.notes:
        console.print(f"  {note}.")
    for gate in found.gates:
        step = "passed" if gate.passed else "refused"
        console.print(f"Gate {gate.name}: {step} ({gate.reason})")
    fused = found.facts["ensemble"]
    if fused is not None and fused["unpacked"] is not None:
        console.print(f"The ensemble has no file of its own: {fused['unpacked']}")
    console.print(_search(found))
    counts = found.counts
    console.print(
        f"Counts: {counts['models_trained']} models trained, "
        f"{counts['teacher_fits']} teacher fits, {counts['teacher_calls']} teacher calls, "
        f"peak memory {counts['peak_mb']:.0f} MB"
    )
    console.print(
        f"Cache: {counts['cache_hits']} hits, {counts['cache_misses']} misses, "
        f"{counts['cache_bytes'] / 1e6:.1f} MB, {counts['cache_evictions']} evictions"
    )
    seconds = ", ".join(f"{phase} {spent:.1f}" for phase, spent in counts["seconds"].items())
    console.print(f"Seconds: {seconds}")
    console.print("\nFitted on all rows, by what the selection rows say (hpmkd pick):")
    print_front(found.front, found.recipe.limits, found.chosen, console)


def wide_console() -> Console:
    """Return a console on stdout; what is piped is not wrapped."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    # Without markup: names and sentences may hold brackets.
    return Console(width=width, highlight=False, markup=False, soft_wrap=True)


def print_front(
    contenders: Sequence[Contender], limits: Limits, chosen: str | None, console: Console
) -> None:
    """Print the students to pick from: who is on the front, who keeps the limits, who is chosen."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("student")
    table.add_column("role")
    for heading in FRONT_COLUMNS[: None if limits else -1]:
        table.add_column(heading, justify="right", no_wrap=True)
    for each in contenders:
        broken = limits.broken(each.figures)
        cells = (
            f"{each.selection_log_loss:.4f}",
            shown_size(each.bytes),
            shown_time(each.row_us),
            f"{each.selection_retention:.4f}",
            f"{each.log_loss:.4f}",
            f"{each.accuracy:.4f}",
            "yes" if each.on_front else "-",
            ", ".join(name.split("_")[1] for name in broken) or "-",
        )
        name = f"{each.name} *" if each.name == chosen else each.name
        style = "bold" if each.name == chosen else None
        table.add_row(name, each.role, *cells[: None if limits else -1], style=style)
    console.print(table)


def _search(found: Distillation) -> str:
    """Say how the search ended, and what it started from."""
    told = found.facts["search"]
    stages = ", ".join(stage for stage, points in told["remembered"].items() if points)
    began = f"; other data sets gave {stages} a start" if stages else ""
    searched = sum(trial["after"] is None for trial in found.history)
    return f"Search: {searched} trial{'s' * (searched != 1)}; {told['ended']}{began}"


def _wins(found: Distillation) -> Iterator[str]:
    """Say where in the data which teacher wins, if the fuser knows."""
    for win in found.knowledge.fuser.get("wins", ()):
        if win["weight"] - win["mean_weight"] < TELLING:
            continue
        yield (
            f"Where {win['column']} is {win['cells']}: {win['teacher']} weighs "
            f"{win['weight']:.2f}, {win['mean_weight']:.2f} on average"
        )


def print_table(records: tuple[Record, ...], console: Console) -> None:
    """Print the leaderboard; a narrow terminal gets the columns that matter most."""
    from rich.table import Table

    narrow = console.width < WIDE
    columns = [column for column in COLUMNS if not (narrow and column.heading in DISPENSABLE)]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("role")
    table.add_column("name")
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
    for record in records:
        name = f"{record.name} *" if record.chosen else record.name
        cells = (column.shown(record) for column in columns)
        table.add_row(record.role, name, *cells, style="bold" if record.chosen else None)
    console.print(table)
    if narrow:
        console.print("(a wider terminal shows more; leaderboard.csv has it all)")


@dataclass(frozen=True)
class Column:
    """One column of the table: what it is called and how a record fills it."""

    heading: str
    shown: Callable[[Record], str]


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}x" if value >= 10 else f"{value:.1f}x"


def _size(n_bytes: int | None) -> str:
    return "-" if n_bytes is None else shown_size(n_bytes)


def _time(us: float | None) -> str:
    return "-" if us is None else shown_time(us)


COLUMNS = (
    Column("after", lambda record: record.after or "-"),
    Column("alpha", lambda record: _number(record.alpha, ".2f")),
    Column("accuracy", lambda record: _number(record.accuracy, ".4f")),
    Column("log loss", lambda record: _number(record.log_loss, ".4f")),
    Column("macro F1", lambda record: _number(record.macro_f1, ".4f")),
    Column("AUC", lambda record: _number(record.auc, ".4f")),
    Column("KL", lambda record: _number(record.kl, ".4f")),
    Column("agree", lambda record: _number(record.agreement, ".4f")),
    Column("size", lambda record: _size(record.bytes)),
    Column("1 row", lambda record: _time(record.row_us)),
    Column("1000 rows", lambda record: _time(record.batch_us)),
    Column("smaller", lambda record: _times(record.compression)),
    Column("faster", lambda record: _times(record.speedup)),
    Column("retention", lambda record: _number(record.retention, ".4f")),
)
#: What a terminal narrower than `WIDE` does without.
DISPENSABLE = frozenset(
    {"after", "macro F1", "AUC", "KL", "agree", "1000 rows", "smaller", "faster"}
)
WIDE = 155
