"""The scheduler that learned alpha and T on other data sets: an ablation.

Run: ``python -m benchmarks meta [--seeds 3] [--markdown docs/meta.md]``. The scheduler learns from
searches over random softenings on the other sets, never from the set that it is measured on.
``--shipped``: from the memory that ships alone; its section of the page is written beside the rest.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import pandas as pd

from benchmarks.common.datasets import CACHE, READERS, listed
from benchmarks.common.pages import page_option, publish, replace_measured, section
from benchmarks.common.results import add_line, read_lines
from benchmarks.meta_scheduler import shipped as with_shipped
from benchmarks.meta_scheduler.tables import report
from benchmarks.meta_scheduler.work import STAGES, Measured, Problem
from hpmkd.values import Configuration, Outcome
from hpmkd_defaults.schedulers.anneal import AnnealScheduler
from hpmkd_defaults.schedulers.constant import ConstantScheduler
from hpmkd_defaults.schedulers.meta import MetaTemperatureScheduler

SETS = ("german", "magic", "phoneme", "spambase", "splice", "segment", "satimage")
#: The alphas that the default recipe chooses from, and the usual one without a search.
ALPHAS, UNTUNED = (0.0, 0.1, 0.5, 1.0), 0.5
#: Every constant softening that is fitted, to know how much there is to be had.
GRID = [(0.0, 1.0), *((a, t) for a in (0.1, 0.25, 0.5, 1.0) for t in (0.5, 1.0, 2.0))]
KNOWN, KNOWN_SHIPPED = CACHE / "meta.jsonl", CACHE / "meta-shipped.jsonl"
#: The command that writes the page's section on the shipped memory.
SHIPPED = "meta --shipped"


def arms(
    problem: Problem, stage: str, others: list[Outcome]
) -> Iterator[tuple[str, Measured, bool]]:
    """Yield name, result, and whether the scheduler had learned enough to move anything."""

    def point(alpha: float, temperature: float = 1.0) -> Configuration:
        return Configuration(stage, temperature, alpha, STAGES[stage].defaults)

    searched = [point(alpha) for alpha in ALPHAS]
    constant = ConstantScheduler()
    fitted = {at: problem.measured(point(*at), constant) for at in GRID}
    chosen = problem.chosen(searched, constant)
    yield "hard labels", fitted[0.0, 1.0], False
    yield "constant, alpha chosen", fitted[chosen.alpha, 1.0], False
    yield "constant, untuned", fitted[UNTUNED, 1.0], False
    yield "anneal", problem.measured(point(UNTUNED), AnnealScheduler()), False
    for name, reach in (("meta", 2.0), ("meta, reach 4", 4.0)):
        meta = MetaTemperatureScheduler(reach=reach)
        meta.learn(problem.facts, others)
        yield name, problem.measured(point(UNTUNED), meta), stage in meta.stages
    meta = MetaTemperatureScheduler()
    meta.learn(problem.facts, others)
    found = problem.measured(problem.chosen(searched, meta), meta)
    yield "meta, alpha chosen", found, stage in meta.stages
    best = min(fitted.values(), key=lambda each: each.log_loss)
    yield "best constant, by the test rows", best, False


def run(seed: int, sets: tuple[str, ...]) -> Iterator[dict[str, object]]:
    """Yield a line per set, stage and arm."""
    problems = {name: Problem(name, seed) for name in sets}
    known = {name: problem.searched() for name, problem in problems.items()}
    for name, problem in problems.items():
        others = [each for other, own in known.items() if other != name for each in own]
        for stage in STAGES:
            for arm, found, learned in arms(problem, stage, others):
                line = {"set": name, "seed": seed, "stage": stage, "arm": arm, "learned": learned}
                yield {**line, **asdict(found)}


@click.command()
@click.option("--seeds", default=3, show_default=True)
@click.option("--sets", default=",".join(SETS), show_default=True, help="Separated by commas.")
@click.option("--known", type=click.Path(path_type=Path), help="File of results.")
@click.option("--shipped", is_flag=True, help="Learn from the memory that ships alone; one seed.")
@page_option
def main(seeds: int, sets: str, known: Path | None, shipped: bool, markdown: Path | None) -> None:
    """Measure the seeds that are not in the file of known results; print the tables."""
    warnings.simplefilter("ignore")
    if shipped:
        measure_shipped(known or KNOWN_SHIPPED, markdown)
        return
    known = known or KNOWN
    for seed in sorted({*range(seeds)} - {line["seed"] for line in read_lines(known)}):
        start = time.process_time()
        # Whole seeds only: a seed in the file is not measured again.
        for line in list(run(seed, tuple(listed(sets, READERS, "sets")))):
            add_line(known, line)
        click.echo(f"seed {seed}: {time.process_time() - start:.0f} s of CPU", err=True)
    page = report(pd.DataFrame(read_lines(known)))
    if markdown is not None:
        page += section(markdown, SHIPPED)
    publish(page, markdown)


def measure_shipped(known: Path, markdown: Path | None) -> None:
    """Measure the sets that are not in the file; replace their section of the page."""
    for name in with_shipped.SETS:
        if name not in {line["set"] for line in read_lines(known)}:
            start = time.process_time()
            for line in list(with_shipped.run(0, (name,))):
                add_line(known, line)
            click.echo(f"{name}: {time.process_time() - start:.0f} s of CPU", err=True)
    text = with_shipped.report(pd.DataFrame(read_lines(known)))
    click.echo(text)
    if markdown is not None:
        replace_measured(markdown, SHIPPED, text)
