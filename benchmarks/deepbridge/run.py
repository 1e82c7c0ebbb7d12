"""DeepBridge's released wheels and hpmkd side by side, running the same script.

Run ``python -m benchmarks deepbridge --markdown docs/deepbridge-side-by-side.md``. It may be
interrupted: each finished run is a line of ``~/.cache/hpmkd-benchmarks/deepbridge/results.jsonl``,
and the same command continues. The wheels are installed in environments beside that file, once.
"""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks.common.datasets import CACHE, listed
from benchmarks.common.pages import page_option, publish
from benchmarks.common.results import add_line, done, key_of, read_lines
from benchmarks.deepbridge.arms import LIBRARIES_BY_NAME, ran
from benchmarks.deepbridge.compare import compared
from benchmarks.deepbridge.data import SETS, rows_of
from benchmarks.deepbridge.tables import page

FOLDER = CACHE / "deepbridge"
KEY = ("set", "library", "method")


@click.command()
@click.option("--sets", default="all", show_default=True, help="Data sets, separated by commas.")
@click.option("--libraries", default="all", show_default=True, help="As the page names them.")
@click.option("--quick", is_flag=True, help="The first set alone.")
@click.option("--cached", is_flag=True, help="Compute nothing: report what is there.")
@click.option("--folder", default=FOLDER, type=click.Path(path_type=Path), show_default=True)
@page_option
def main(
    sets: str, libraries: str, quick: bool, cached: bool, folder: Path, markdown: Path | None
) -> None:
    """Run the script with every library and method, and show what each did."""
    names = listed(sets, SETS, "sets")[: 1 if quick else None]
    chosen = listed(libraries, LIBRARIES_BY_NAME, "libraries")
    file = folder / "results.jsonl"
    wanted = [
        (name, library, method)
        for name in names
        for library in chosen
        for method in LIBRARIES_BY_NAME[library].methods
    ]
    there = done(file, KEY)
    for key in () if cached else wanted:
        if key not in there:
            line = dict(zip(KEY, key, strict=True)) | one(*key, folder)
            add_line(file, line)
            click.echo(f"{', '.join(key)}: {line.get('quality') or line['errors']}", err=True)
    found = {key_of(line, KEY): line for line in read_lines(file, KEY)}
    lines = [found[key] for key in wanted if key in found]
    publish(page(lines, names, len(wanted)), markdown)


def one(name: str, library: str, method: str, folder: Path) -> dict:
    """Return what a method did with a set, and with probabilities unrelated to its rows."""
    rows, runner = rows_of(name), LIBRARIES_BY_NAME[library]
    plain = ran(runner, method, rows, shuffled=False, folder=folder)
    # The method that auto stands for runs by its own name.
    once = method == "auto" or not plain.get("rows")
    other = {} if once else ran(runner, method, rows, shuffled=True, folder=folder)
    return compared(rows, plain, other)


if __name__ == "__main__":
    main()
