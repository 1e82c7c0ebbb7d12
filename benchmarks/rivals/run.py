"""Whole runs of hpmkd against tuned and untuned boosters, naive distillation and other packages.

Run ``python -m benchmarks rivals --markdown docs/rivals.md``. It may be interrupted: each finished
arm is a line of ``~/.cache/hpmkd-benchmarks/rivals/results.jsonl``, and the same command continues.
``--arms hpm --folder FOLDER`` with another engine makes what ``--before FOLDER`` compares with.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pandas as pd

from benchmarks.common.datasets import CACHE, READERS, listed
from benchmarks.common.pages import page_option, publish
from benchmarks.common.picture import draw as draw_picture
from benchmarks.common.results import add_line, done, key_of, read_lines
from benchmarks.common.significance import friedman_line
from benchmarks.rivals import boosters, ours
from benchmarks.rivals.isolated import ISOLATED, IsolationError, isolated
from benchmarks.rivals.measured import KEY, Measured
from benchmarks.rivals.tables import drawn, report
from benchmarks.students.data import SETS as STUDENT_SETS
from benchmarks.students.data import Problem, draw, has

FOLDER = CACHE / "rivals"
SETS = (*STUDENT_SETS, "texture", "marketing")
ARMS = (*boosters.BOOSTERS, *ours.RUNS, *ISOLATED)
#: Draws by training rows; of arms that take long only the first, and with few rows.
DRAWS = {2000: 3, 500: 3, 10_000: 3}
LONG = {"grid": 2000, "proposal": 2000, "autogluon distill": 2000, "deepbridge": 2000}
#: Without these a draw is not whole.
NEEDED = ("rival", "hpm")
QUICK = {"sets": ("magic", "phoneme", "segment"), "draws": {500: 1, 2000: 1}}
SHOWN = ("log_loss", "accuracy", "bytes", "row_us", "seconds", "models", "verdict", "ships")


def missing(file: Path, wanted: Sequence[tuple[str, int, int]], arms: Sequence[str]):
    """Return draws and arms without a line yet, draw by draw."""
    there = done(file, KEY)
    return [
        (key, arm)
        for key in wanted
        for arm in arms
        if (*key, arm) not in there and not (arm in LONG and (key[2] or key[1] > LONG[arm]))
    ]


def work(arm: str, problem: Problem, folder: Path) -> Iterator[dict]:
    """Yield the lines of an arm; the last one has its name."""
    if arm in boosters.BOOSTERS:
        yield boosters.measured(boosters.BOOSTERS[arm], problem).line(problem, arm)
    elif arm in ISOLATED:
        yield _isolated(arm, problem, folder)
    elif ours.applies(arm, problem):
        found = ours.measured(arm, problem)
        for name in reversed(found):
            yield found[name].line(problem, name)


def _isolated(arm: str, problem: Problem, folder: Path) -> dict:
    try:
        predicted, facts = isolated(ISOLATED[arm], problem, folder)
    except IsolationError as failed:
        return {**dict(zip(KEY, (*problem.key, arm), strict=True)), "error": str(failed)}
    figures = [facts.pop(name) for name in ("bytes", "row_us", "seconds", "models")]
    return Measured(predicted, *figures, facts.pop("teacher_fits"), facts).line(problem, arm)


def read(folder: Path, wanted: Sequence[tuple[str, int, int]]) -> pd.DataFrame:
    """Return the lines of these draws, arms in their order."""
    order = {name: at for at, name in enumerate((*boosters.BOOSTERS, *ours.arms(), *ISOLATED))}
    lines = read_lines(folder / "results.jsonl", KEY)
    lines = [each for each in lines if key_of(each, KEY[:3]) in wanted and each["arm"] in order]
    places = {key: at for at, key in enumerate(wanted)}
    lines.sort(key=lambda line: (places[key_of(line, KEY[:3])], order[line["arm"]]))
    return pd.DataFrame(lines)


@click.command()
@click.option("--sets", default=",".join(SETS), show_default=True, help="Data sets.")
@click.option("--rows", default="2000,500,10000", show_default=True, help="Training rows.")
@click.option("--seeds", default=0, help="Draws per set; 0 for those of the page.")
@click.option("--arms", default=",".join(ARMS), show_default=True, help="What to run.")
@click.option("--quick", is_flag=True, help="Three sets, one draw, no grid: within ten minutes.")
@click.option("--cached", is_flag=True, help="Compute nothing: report what is there.")
@click.option("--folder", default=FOLDER, type=click.Path(path_type=Path), show_default=True)
@click.option("--before", type=click.Path(path_type=Path), help="Folder of the engine before.")
@page_option
def main(
    sets: str,
    rows: str,
    seeds: int,
    arms: str,
    quick: bool,
    cached: bool,
    folder: Path,
    before: Path | None,
    markdown: Path | None,
) -> None:
    """Run hpmkd and its rivals on real data, and write the tables."""
    warnings.simplefilter("ignore")
    names, sizes = listed(sets, READERS, "sets"), [int(each) for each in rows.split(",")]
    chosen, draws = (
        listed(arms, ARMS, "arms"),
        {size: seeds or DRAWS.get(size, 1) for size in sizes},
    )
    if quick:
        names, draws = [*QUICK["sets"]], dict(QUICK["draws"])
        chosen = [each for each in chosen if each not in LONG and each != "hpm real"]
    wanted = [
        (name, n, seed) for n in draws for seed in range(draws[n]) for name in names if has(name, n)
    ]
    file = folder / "results.jsonl"
    todo = [] if cached else missing(file, wanted, chosen)
    for key, arm in todo:
        for line in work(arm, draw(*key), folder):
            add_line(file, line)
            shown = [f"{what} {line[what]:.4g}" for what in SHOWN[:6] if what in line]
            shown += [str(line[what]) for what in (*SHOWN[6:], "error") if what in line]
            click.echo(f"{' '.join(map(str, key))} {line['arm']}: {', '.join(shown)}", err=True)
    there = done(file, KEY)
    whole = [key for key in wanted if all((*key, arm) in there for arm in NEEDED)]
    if not whole:
        click.echo(f"no draw has {' and '.join(NEEDED)} yet: there is nothing to compare", err=True)
        return
    publish(page(folder, before, whole, len(wanted), markdown), markdown)


def page(
    folder: Path,
    before: Path | None,
    whole: Sequence[tuple[str, int, int]],
    wanted: int,
    markdown: Path | None,
) -> str:
    """Return the page about whole draws; the picture is written beside it."""
    from hpmkd import __version__

    frame = read(folder, whole)
    old = pd.DataFrame() if before is None else read(before, whole)
    main = 2000 if 2000 in set(frame.rows) else int(frame.rows.iloc[0])
    losses = drawn(frame, old, main)
    if markdown is not None:
        title = f"Mean rank by test log loss, {len(losses)} sets, {main:,} training rows"
        draw_picture(losses, markdown.with_suffix(".svg"), title)
    facts = {
        "done": len(whole),
        "wanted": wanted,
        "engine": f"hpmkd {__version__}",
        "kernels": f"{frame.kernel_seconds.max():.0f}",
        "ranks": friedman_line(losses),
    }
    return report(frame, old, main, facts)
