"""The tables of the search benchmark, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.common.pages import filled, table
from benchmarks.search.fits import Table
from benchmarks.search.memory import COLD, NOTHING, RUNS, TABLES
from benchmarks.search.points import Spot
from benchmarks.search.replay import ORDERS, OWN_FIRST, SHUFFLED, spot_of
from benchmarks.search.results import ARMS, HELPED, Results, searched_in_full
from benchmarks.search.targets import targets

PAGE = Path(__file__).with_name("page.md")
MEMORIES = {NOTHING: "none", TABLES: "whole tables", RUNS: "one `hpm` search each"}


def report(
    results: Results, tables: Sequence[Table], firsts: Mapping[str, pd.DataFrame], counted: list
) -> str:
    """Return the document.

    Parameters
    ----------
    results : Results
        Replayed searches.
    tables : sequence of Table
        Of the data sets.
    firsts : mapping of str to DataFrame
        Results of :func:`benchmarks.search.memory.first_trials`, by the content of the memory.
    counted : list of dict
        Lines of :func:`benchmarks.search.counted.counted`.
    """
    frame = results.frame(tables)
    whole = [name for name, arm in ARMS.items() if not arm.only]
    alone = [name for name, arm in ARMS.items() if arm.only]
    cold = frame[frame.memory == NOTHING]
    parts = []
    for order in ORDERS:
        title = {OWN_FIRST: "a stage's own points first", SHUFFLED: "all points shuffled"}[order]
        parts += [f"## Samplers, {title}", summary(cold[cold.order == order], whole)]
    own = cold[cold.order == OWN_FIRST]
    parts += ["### Test log loss of every set, minus that of the grid's pick"]
    parts += [every_set(own, whole, "log_loss", 1, "+.4f")]
    parts += ["### Test accuracy of every set, minus that of the grid's pick, in points"]
    parts += [every_set(own, whole, "accuracy", 100, "+.2f")]
    parts += ["### Models of every set", every_set(own, whole, "models", 1, ".0f")]
    parts += ["### What ended the search", endings(own, whole)]
    parts += ["## One stage alone, against the grid of that stage", summary(own, alone)]
    parts += ["## With memory, each data set by the others", helped(frame)]
    parts += ["### Test log loss of every set, minus that of the grid's pick, with memory"]
    parts += [helped_sets(frame)]
    for content, name in MEMORIES.items():
        if content:
            parts += [f"### First trials, the memory holding {name}", first(firsts[content])]
    return filled(
        PAGE,
        targets=targets(frame, firsts, counted),
        data_sets=data_sets(tables),
        tables="\n\n".join(parts),
    )


def data_sets(tables: Sequence[Table]) -> str:
    """Return what each data set is, and what the grid makes of it."""
    header = ["set", "draw", "rows", "columns", "classes", "noise", "selection rows", "models"]
    header += ["grid, s", "grid's pick", "test log loss", "best of the grid on test rows"]
    rows = []
    for each in tables:
        facts, found = each.facts, searched_in_full(each)
        assert facts is not None
        pick = each[found.pick]
        best = min(each[spot_of(trial.configuration)].test_log_loss for trial in found.trials)
        cells = [each.name, each.seed, facts.n_rows, facts.n_columns, facts.n_classes]
        cells += [f"{facts.noise:.3f}", len(pick.losses), found.models]
        cells += [f"{found.seconds:.0f}", _named(found.pick)]
        cells += [f"{pick.test_log_loss:.4f}", f"{best:.4f}"]
        rows.append(list(map(str, cells)))
    return table(header, rows)


def summary(frame: pd.DataFrame, arms: Sequence[str]) -> str:
    """Return what each arm costs and loses: the mean counts every set once."""
    chosen = [(name, frame[frame.arm == name]) for name in arms]
    rows = [[name, *_cells(lines)] for name, lines in chosen if not lines.empty]
    return table(["sampler", *COLUMNS], rows)


def helped(frame: pd.DataFrame) -> str:
    """Return the same for arms without and with memory."""
    rows = [[name, MEMORIES[content], *_cells(lines)] for name, content, lines in _by_memory(frame)]
    return table(["sampler", "memory holds", *COLUMNS], rows)


def helped_sets(frame: pd.DataFrame) -> str:
    """Return what arms lose in test log loss without and with memory, set by set."""
    names = list(dict.fromkeys(frame.set))
    rows = []
    for name, content, lines in _by_memory(frame):
        means = lines.groupby("set").log_loss.mean()
        rows.append([name, MEMORIES[content], *(f"{means[each]:+.4f}" for each in names)])
    return table(["sampler", "memory holds", *names], rows)


def _by_memory(frame: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    own = frame[frame.order == OWN_FIRST]
    for name in HELPED:
        for content in MEMORIES:
            yield name, content, own[(own.arm == name) & (own.memory == content)]


COLUMNS = (
    "models, mean", "most", "of the grid's time", "log loss, mean", "SE over sets", "median", "p90",
    "accuracy points, mean", "SE over sets", "median", "p10", "selection rows, mean", "searches",
)  # fmt: skip


def _cells(lines: pd.DataFrame) -> list[str]:
    """Return a cell for each of the columns."""
    by_set = lines.groupby("set")[["models", "share", "log_loss", "accuracy", "selection"]].mean()
    means, errors = by_set.mean(), by_set.std(ddof=1) / np.sqrt(len(by_set))
    points = 100 * lines.accuracy
    return [
        f"{means.models:.0f}",
        f"{lines.models.max()}",
        f"{means.share:.1%}",
        f"{means.log_loss:+.4f}",
        f"{errors.log_loss:.4f}",
        f"{lines.log_loss.median():+.4f}",
        f"{lines.log_loss.quantile(0.9):+.4f}",
        f"{100 * means.accuracy:+.2f}",
        f"{100 * errors.accuracy:.2f}",
        f"{points.median():+.2f}",
        f"{points.quantile(0.1):+.2f}",
        f"{means.selection:+.4f}",
        str(len(lines)),
    ]


def every_set(frame: pd.DataFrame, arms: Sequence[str], what: str, by: float, form: str) -> str:
    """Return the mean over seeds, a column per data set."""
    means = by * frame.groupby(["arm", "set"], sort=False)[what].mean().unstack(sort=False)
    rows = [[name, *(format(value, form) for value in means.loc[name])] for name in arms]
    return table(["sampler", *means.columns], rows)


def endings(frame: pd.DataFrame, arms: Sequence[str]) -> str:
    """Return how often each arm's search ended in which way."""
    ways = {"by itself": "the sampler", "converged": "the last", "budget": "the budget"}
    rows = []
    for name in arms:
        ended = frame[frame.arm == name].ended
        shares = [f"{ended.str.startswith(start).mean():.0%}" for start in ways.values()]
        rows.append([name, *shares])
    return table(["sampler", *ways], rows)


def first(frame: pd.DataFrame) -> str:
    """Return what the first remembered trial loses per stage, beside cold ones."""
    header = ["stage", "rows", "memory", "median", "worst set", "defaults"]
    header += [f"{k} cold" for k in COLD]
    rows = []
    stages = [*dict.fromkeys(frame.stage), "all"]
    for stage in stages:
        lines = frame if stage == "all" else frame[frame.stage == stage]
        for name, called in (("test_log_loss", "test"), ("log_loss", "selection")):
            memory = lines[f"memory {name}"]
            cells = [stage, called, f"{memory.mean():+.4f}", f"{memory.median():+.4f}"]
            cells += [f"{memory.max():+.4f}", f"{lines[f'defaults {name}'].mean():+.4f}"]
            rows.append([*cells, *(f"{lines[f'{k} {name}'].mean():+.4f}" for k in COLD)])
    return table(header, rows)


def _named(spot: Spot) -> str:
    return f"{spot.stage} {spot.point}, T {spot.temperature:g}, alpha {spot.alpha:g}"
