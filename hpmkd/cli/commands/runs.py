"""``hpmkd runs``: the runs in a folder, with their verdicts and sizes."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path

import click

from hpmkd.runs.default_folder import PARENT


@click.command("runs")
@click.argument(
    "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(folder: Path | None, as_json: bool) -> None:
    """List the runs in FOLDER, runs by default: verdict, student, size, scores.

    Figures are of the student that ships; log loss and accuracy are those on the test rows of its
    run. Unfinished, damaged and foreign folders are listed as such. FOLDER may be a run, too.

    \b
    Examples:
      hpmkd runs
      hpmkd runs experiments --json | jq '.runs[].figures.bytes'
    """
    from hpmkd.cli.output.run_list import print_runs
    from hpmkd.runs.listing import list_runs

    place = PARENT if folder is None else folder
    found = list_runs(place) if place.is_dir() else []
    if as_json:
        listed = [asdict(each) for each in found]
        click.echo(json.dumps({"folder": str(place), "runs": listed}, indent=2))
    elif found:
        print_runs(found)
    else:
        out = "" if folder is None else f" --out {shlex.quote(str(place / 'NAME'))}"
        click.echo(
            f"there is no run in {place}; hpmkd distill DATA --target COL{out} writes one", err=True
        )
