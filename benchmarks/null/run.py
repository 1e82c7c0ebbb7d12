"""Nothing to gain: how often a run reports that distilling pays, and the gain it claims.

Run ``python -m benchmarks null --markdown docs/null.md``. It may be interrupted: each finished run
is a line of ``~/.cache/hpmkd-benchmarks/null/results.jsonl``, and the same command continues.
Lines of other code do not count.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.common.datasets import CACHE, READERS, at_most, listed
from benchmarks.common.pages import filled, page_option, publish, table
from benchmarks.common.results import add_line, done, key_of, read_lines
from benchmarks.common.tree import tree_hash
from benchmarks.null.cases import CASES, MOST_GAIN, MOST_PAYS, claimed, false_claims

FOLDER = CACHE / "null"
PAGE = Path(__file__).with_name("page.md")
KEY = ("case", "set", "rows", "seed", "tree")
#: They take turns, seed by seed.
SETS = ("phoneme", "german", "spambase", "segment", "adult")
OUTCOMES = ("pays", "no difference", "hurts")


@click.command()
@click.option("--cases", default="all", show_default=True, help="Cases, separated by commas.")
@click.option("--sets", default=",".join(SETS), show_default=True, help="Data sets, in turns.")
@click.option("--rows", default=500, show_default=True, help="Rows, with those of the test.")
@click.option("--seeds", default=20, show_default=True, help="Runs per case.")
@click.option("--quick", is_flag=True, help="Two runs per case of 400 rows.")
@click.option("--cached", is_flag=True, help="Compute nothing: report what is there.")
@click.option("--folder", default=FOLDER, type=click.Path(path_type=Path), show_default=True)
@page_option
def main(
    cases: str,
    sets: str,
    rows: int,
    seeds: int,
    quick: bool,
    cached: bool,
    folder: Path,
    markdown: Path | None,
) -> None:
    """Run every case, and count what is claimed."""
    warnings.simplefilter("ignore")
    chosen, names = listed(cases, CASES, "cases"), listed(sets, READERS, "sets")
    if quick:
        rows, seeds = 400, 2
    file, tree = folder / "results.jsonl", tree_hash()
    wanted = [
        (case, names[seed % len(names)], rows, seed, tree)
        for seed in range(seeds)
        for case in chosen
    ]
    there = done(file, KEY)
    for key in () if cached else wanted:
        if key not in there:
            case, name, n, seed, _ = key
            line = dict(zip(KEY, key, strict=True)) | claimed(case, *at_most(name, n, seed), seed)
            add_line(file, line)
            click.echo(
                f"{' '.join(map(str, key[:-1]))}: {line['outcome']}, {line['gain']:.4f}", err=True
            )
    lines = [line for line in read_lines(file, KEY) if key_of(line, KEY) in wanted]
    counted = [part for case in chosen if (part := _counted(case, lines))]
    header = ["case", "runs", *OUTCOMES, "largest claimed gain, nats", ""]
    text = filled(
        PAGE,
        done=len(lines),
        wanted=len(wanted),
        tree=tree[:12],
        rows=rows,
        sets=", ".join(names),
        counted=table(header, counted),
    )
    publish(text, markdown)


def _counted(case: str, lines: Sequence[dict]) -> list[object]:
    """Return a line of the table; none for a case without a run."""
    own = [line for line in lines if line["case"] == case]
    if not own:
        return []
    said = Counter(line["outcome"] for line in own)
    pays, gain = false_claims(own)
    reached = pays <= MOST_PAYS * len(own) and gain <= MOST_GAIN
    cells = [said[each] for each in OUTCOMES]
    return [case, len(own), *cells, f"{gain:.4f}", "reached" if reached else "**missed**"]
