"""Does a scheduler pay that learned alpha and T on other data sets? Ablation on real sets.

Run: ``python benchmarks/meta.py [--seeds 3] [--markdown docs/meta.md]``. Each set's search over
random softenings tells the scheduler what it may know of the other sets; it never hears of the
set that it is measured on.
"""

from __future__ import annotations

import os

# One thread per process; before NumPy and XGBoost are loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import json
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import pandas as pd
from data import CACHE
from meta_tables import written
from meta_work import STAGES, Measured, Problem

from hpmkd.values import Configuration, Outcome
from hpmkd_defaults.schedulers.anneal import AnnealScheduler
from hpmkd_defaults.schedulers.constant import ConstantScheduler
from hpmkd_defaults.schedulers.meta import MetaTemperatureScheduler

SETS = ("german", "magic", "phoneme", "spambase", "splice", "segment", "satimage")
#: What the default recipe chooses alpha from, and what one would take unsearched.
ALPHAS, UNTUNED = (0.0, 0.1, 0.5, 1.0), 0.5
#: Every constant softening that is fitted, to know how much there is to be had.
GRID = [(0.0, 1.0), *((a, t) for a in (0.1, 0.25, 0.5, 1.0) for t in (0.5, 1.0, 2.0))]
KNOWN = CACHE / "meta.jsonl"


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
        others = [each for other, told in known.items() if other != name for each in told]
        for stage in STAGES:
            for arm, found, learned in arms(problem, stage, others):
                line = {"set": name, "seed": seed, "stage": stage, "arm": arm, "learned": learned}
                yield {**line, **asdict(found)}


@click.command()
@click.option("--seeds", default=3, show_default=True)
@click.option("--sets", default=",".join(SETS), show_default=True, help="Separated by commas.")
@click.option("--known", type=click.Path(path_type=Path), default=KNOWN, help="Kept results.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write docs here.")
def main(seeds: int, sets: str, known: Path, markdown: Path | None) -> None:
    """Measure the seeds that are not in the file of known results; print the tables."""
    warnings.simplefilter("ignore")
    lines = [json.loads(line) for line in known.read_text().splitlines()] if known.exists() else []
    for seed in sorted({*range(seeds)} - {line["seed"] for line in lines}):
        start = time.process_time()
        found = list(run(seed, tuple(sets.split(","))))
        lines += found
        with known.open("a") as file:
            file.writelines(json.dumps(line) + "\n" for line in found)
        click.echo(f"seed {seed}: {time.process_time() - start:.0f} s of CPU", err=True)
    text = written(pd.DataFrame(lines))
    click.echo(text)
    if markdown is not None:
        markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
