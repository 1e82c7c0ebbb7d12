"""Students of the chain against every rival, on real data.

Run ``python -m benchmarks chain --markdown docs/chain.md``. It may be interrupted: each finished
answer is a line of ``~/.cache/hpmkd-benchmarks/chain/results.jsonl`` (its probabilities beside
it, in ``answers/``), predictions of teachers are in ``chain-cache/``, and the same command
continues. Several processes may share the work.

**To add an arm**, put a function into ``ARMS`` of ``arms.py``: ``arm(teachers: ProblemTeachers) ->
Answer``. See there.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import click

from benchmarks.chain.arms import ARMS
from benchmarks.chain.data import SETS, SETTINGS, draw
from benchmarks.chain.results import Results
from benchmarks.chain.tables import report
from benchmarks.chain.teachers import ProblemTeachers
from benchmarks.common.datasets import CACHE, READERS, listed
from benchmarks.common.pages import page_option, publish

FOLDER = CACHE / "chain"


def work(
    results: Results, settings: list[str], names: list[str], seeds: list[int], arms: list[str]
) -> Iterator[dict]:
    """Yield a line for every answer that is missing, draw by draw: whole draws come first."""
    for setting, seed, name in (
        (setting, seed, name) for seed in seeds for setting in settings for name in names
    ):
        done = results.done()
        missing = [arm for arm in arms if (setting, name, seed, arm) not in done]
        problem = draw(setting, name, seed) if missing else None
        if problem is None:
            continue
        teachers = ProblemTeachers(problem)
        for arm in missing:
            if (setting, name, seed, arm) in results.done():  # another process was faster
                continue
            before, start = teachers.seconds, time.process_time()
            answer = ARMS[arm](teachers)
            seconds = time.process_time() - start - (teachers.seconds - before)
            yield results.add(problem, arm, answer, seconds, teachers.seconds - before)


@click.command()
@click.option(
    "--settings",
    default=",".join(SETTINGS[:-1]),
    show_default=True,
    help=f"Of {', '.join(SETTINGS)}, or all.",
)
@click.option("--sets", default=",".join(SETS), show_default=True, help="Data sets.")
@click.option("--seeds", default="0,1,2", show_default=True, help="Draws per data set.")
@click.option("--arms", default="all", show_default=True, help="Names in ARMS.")
@click.option("--again", default="", help="Forget the answers of these arms first.")
@click.option("--quick", is_flag=True, help="One small set, one draw: does it run?")
@click.option("--cached", is_flag=True, help="Compute nothing: report what is there.")
@click.option("--folder", default=FOLDER, type=click.Path(path_type=Path), show_default=True)
@page_option
def main(
    settings: str,
    sets: str,
    seeds: str,
    arms: str,
    again: str,
    quick: bool,
    cached: bool,
    folder: Path,
    markdown: Path | None,
) -> None:
    """Compare arms on real data, and write the tables."""
    warnings.simplefilter("ignore")
    results = Results(folder)
    kinds, chosen = listed(settings, SETTINGS, "settings"), listed(arms, ARMS, "arms")
    names, draws = listed(sets, READERS, "sets"), [int(seed) for seed in seeds.split(",")]
    if quick:
        kinds, names, draws = kinds[:1], ["breast_cancer"], [0]
    if again:
        results.forget(set(listed(again, ARMS, "arms")))
    if not cached:
        for line in work(results, kinds, names, draws, chosen):
            where = f"{line['setting']} {line['set']} {line['seed']} {line['arm']}"
            spent = f"{line['seconds']:.1f} s (teachers {line['teacher_seconds']:.1f} s)"
            click.echo(f"{where}: {line['log_loss']:.4f}, {spent}", err=True)
    publish(report(results.frame(kinds, names, draws, chosen)), markdown)
