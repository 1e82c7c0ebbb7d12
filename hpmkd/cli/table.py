"""The result of a run as text: table, verdict, counts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from hpmkd.distillation import Distillation
    from hpmkd.leaderboard import Record

PLAIN_WIDTH = 170


def print_result(found: Distillation) -> None:
    """Print table, verdict and counts to stdout."""
    from rich.console import Console
    from rich.text import Text

    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    # Without markup: names and sentences may hold brackets.
    console = Console(width=width, highlight=False, markup=False, soft_wrap=True)
    print_table(found.records, console)
    knowledge = found.knowledge
    weights = ", ".join(
        f"{name} {weight:.2f}"
        for name, weight in zip(knowledge.teachers, knowledge.weights, strict=True)
    )
    console.print(f"Teachers by weight: {weights}")
    console.print(f"Regime: {knowledge.regime.name} ({knowledge.regime.reason})")
    word = (f"Verdict: {found.verdict.word}.", "bold")
    console.print(Text.assemble(word, f" {found.verdict.sentence}"))
    counts = found.counts
    console.print(
        f"Counts: {counts['models_trained']} models trained, "
        f"{counts['teacher_fits']} teacher fits, {counts['teacher_calls']} teacher calls, "
        f"{counts['cache_hits']} cache hits, peak memory {counts['peak_mb']:.0f} MB"
    )
    seconds = ", ".join(f"{phase} {spent:.1f}" for phase, spent in counts["seconds"].items())
    console.print(f"Seconds: {seconds}")


def print_table(records: tuple[Record, ...], console: Console) -> None:
    """Print the leaderboard."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("role")
    table.add_column("name")
    headings = (
        "alpha", "accuracy", "log loss", "macro F1", "AUC", "KL", "agree", "size", "1 row",
        "1000 rows", "smaller", "faster", "retention",
    )  # fmt: skip
    for heading in headings:
        table.add_column(heading, justify="right")
    for record in records:
        _add(table, record)
    console.print(table)


def _add(table: Table, record: Record) -> None:
    name = f"{record.name} *" if record.chosen else record.name
    table.add_row(
        record.role,
        name,
        _number(record.alpha, ".2f"),
        _number(record.accuracy, ".4f"),
        _number(record.log_loss, ".4f"),
        _number(record.macro_f1, ".4f"),
        _number(record.auc, ".4f"),
        _number(record.kl, ".4f"),
        _number(record.agreement, ".4f"),
        _size(record.bytes),
        _time(record.row_us),
        _time(record.batch_us),
        _times(record.compression),
        _times(record.speedup),
        _number(record.retention, ".4f"),
        style="bold" if record.chosen else None,
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}x" if value >= 10 else f"{value:.1f}x"


def _size(n_bytes: int | None) -> str:
    if n_bytes is None:
        return "-"
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:.1f} KB"


def _time(us: float | None) -> str:
    if us is None:
        return "-"
    return f"{us / 1e3:.1f} ms" if us >= 1000 else f"{us:.1f} us"
