"""The verdict of runs on few rows against up to 20,000 fresh ones.

Run ``python -m benchmarks verdict --markdown docs/verdict.md``. It may be interrupted: each
finished run is a line of ``~/.cache/hpmkd-benchmarks/verdict/results.jsonl``, and the same command
continues.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import click

from benchmarks.common.datasets import CACHE, READERS, listed
from benchmarks.common.pages import filled, page_option, publish
from benchmarks.common.results import add_line, done, key_of, read_lines
from benchmarks.verdict.confusion import by_kind, confusion, rates
from benchmarks.verdict.runs import judged

FOLDER = CACHE / "verdict"
PAGE = Path(__file__).with_name("page.md")
KEY = ("set", "rows", "seed")
#: Sets with 15,000 rows or more, and draws of each: 60 runs. Runs with 26 classes take long.
DRAWS = {"adult": 8, "magic": 8, "letter": 4}


@click.command()
@click.option("--sets", default=",".join(DRAWS), show_default=True, help="Data sets.")
@click.option("--rows", default="500,1000,2000", show_default=True, help="Training rows.")
@click.option("--seeds", default=0, help="Draws of each; 0 for those of the page.")
@click.option("--quick", is_flag=True, help="Two sets of two classes, 500 rows, two draws.")
@click.option("--cached", is_flag=True, help="Compute nothing: report what is there.")
@click.option("--folder", default=FOLDER, type=click.Path(path_type=Path), show_default=True)
@page_option
def main(
    sets: str,
    rows: str,
    seeds: int,
    quick: bool,
    cached: bool,
    folder: Path,
    markdown: Path | None,
) -> None:
    """Run on few rows, judge on many, and count."""
    warnings.simplefilter("ignore")
    names, sizes = listed(sets, READERS, "sets"), [int(each) for each in rows.split(",")]
    if quick:
        names, sizes, seeds = ["adult", "magic"], [500], 2
    draws = {name: seeds or DRAWS.get(name, 4) for name in names}
    wanted = [
        (name, n, seed)
        for seed in range(max(draws.values()))
        for n in sizes
        for name in names
        if seed < draws[name]
    ]
    file = folder / "results.jsonl"
    there = done(file, KEY)
    for key in () if cached else wanted:
        if key not in there:
            line = dict(zip(KEY, key, strict=True)) | judged(*key)
            add_line(file, line)
            said = f"{line['outcome']} {line['delta']:+.4f}"
            shown = f"{said}, truth {line['truth']:+.4f} ± {line['error']:.4f}"
            click.echo(f"{' '.join(map(str, key))}: {shown}", err=True)
    lines = [line for line in read_lines(file, KEY) if key_of(line, KEY) in wanted]
    if not lines:
        click.echo("there is no run yet", err=True)
        return
    text = filled(
        PAGE,
        done=len(lines),
        wanted=len(wanted),
        rates=rates(lines),
        confusion=confusion(lines),
        by_kind=by_kind(lines),
    )
    publish(text, markdown)
