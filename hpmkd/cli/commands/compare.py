"""``hpmkd compare``: two finished runs side by side."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

RUN = click.Path(path_type=Path)


@click.command("compare")
@click.argument("one", type=RUN, metavar="RUN")
@click.argument("other", type=RUN, metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(one: Path, other: Path, as_json: bool) -> None:
    """Compare two runs (run folders): data, recipe, verdict, what they ship.

    Only what differs of data, recipe and versions is listed. Figures are of the students that
    ship. On the same test rows they are compared row by row, as far as the folders keep the rows;
    on different ones they do not compare, as the first line then warns.

    \b
    Example:
      hpmkd compare runs/adult-1 runs/adult-2
    """
    from hpmkd.cli.output.comparison import print_comparison
    from hpmkd.runs.comparison import compare_runs

    found = compare_runs(one, other)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        print_comparison(found)
