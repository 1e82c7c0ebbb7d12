"""The tables of the page: the shipped memory, and its gain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from benchmarks.common.pages import filled, table
from benchmarks.memory_fill.fits import OpenSetFits
from benchmarks.memory_fill.left_out import COLD, TARGET
from benchmarks.memory_fill.problem import STAGES
from hpmkd_defaults.memories.records import Learned

PAGE = Path(__file__).with_name("page.md")


def report(
    sets: Sequence[OpenSetFits], known: Sequence[Learned], n_bytes: int, found: pd.DataFrame
) -> str:
    """Return what stands below the mark of the page; `found` has a line per set and stage."""
    return filled(
        PAGE,
        n_sets=len(sets),
        n_records=len(known),
        n_outcomes=sum(len(each.outcomes) for each in known),
        kilobytes=f"{n_bytes / 1000:.0f}",
        cold=COLD,
        targets=targets(found),
        stages=by_stage(found),
        sets=by_set(found),
        content=content(sets),
    )


def targets(found: pd.DataFrame) -> str:
    """Return the targets beside what was measured."""
    mean, worst = found["cold"].mean(), found["defaults"].max()
    means = found.groupby("set")["defaults"].mean()
    at = found.loc[found["defaults"].idxmax()]
    rows = [
        (f"first trial minus best of {COLD} cold, mean", *_met(mean)),
        ("the stage's defaults minus the same, mean", f"{found['defaults, cold'].mean():+.4f}", ""),
        (f"first trial minus defaults, worst set ({means.idxmax()})", *_met(means.max())),
        (f"the same, worst stage of a set ({at['stage']}, {at['set']})", *_met(worst)),
        ("the better of both by the selection rows, worst", *_met(found["both"].max())),
        ("first trial minus defaults, mean", f"{found['defaults'].mean():+.4f}", ""),
    ]
    return table(("log loss on rows that chose nothing, nats", "measured", "target"), rows)


def _met(measured: float) -> tuple[str, str]:
    over = measured - TARGET
    verdict = "met" if over <= 0 else "**missed**"
    return f"{measured:+.4f}", f"≤ {TARGET:+.4f}: {verdict} by {abs(over):.4f}"


def by_stage(found: pd.DataFrame) -> str:
    """Return a row per stage: how often anything is suggested, and what that gains."""
    names = ("cold", "defaults, cold", "defaults")
    rows = [
        (
            stage,
            f"{own['suggested'].sum()} of {len(own)}",
            *(f"{own[name].mean():+.4f}" for name in names),
            f"{own['defaults'].max():+.4f}",
        )
        for stage, own in found.groupby("stage", sort=False)
    ]
    header = (f"first trial − best of {COLD} cold", "defaults − the same", "first − defaults")
    return table(("stage", "sets with a suggestion", *header, "worst set"), rows)


def by_set(found: pd.DataFrame) -> str:
    """Return the loss beside the defaults of every set and stage; a dash is no suggestion."""
    return table(("set", *STAGES, "mean"), _rows(found))


def _rows(found: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    for name, own in found.groupby("set", sort=False):
        lines = own.set_index("stage").loc[[*STAGES]]
        cells = [
            f"{line['defaults']:+.4f}" if line["suggested"] else "–" for _, line in lines.iterrows()
        ]
        yield str(name), *cells, f"{own['defaults'].mean():+.4f}"


def content(sets: Sequence[OpenSetFits]) -> str:
    """Return what is known of each set."""
    rows = [
        (
            each.name,
            each.facts.n_rows,
            each.facts.n_columns,
            each.facts.n_classes,
            f"{each.facts.balance:.3f}",
            f"{each.facts.noise or 0:.3f}",
            each.n_draws,
        )
        for each in sets
    ]
    return table(("set", "rows", "columns", "classes", "balance", "noise", "draws"), rows)
