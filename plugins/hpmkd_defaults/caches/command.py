"""``hpmkd cache``: shows and clears the disk tier."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import click
from rich.filesize import decimal

from hpmkd_defaults.caches.disk_layout import cache_folder, clear, file_instead, stored

if TYPE_CHECKING:
    from pathlib import Path

folder_option = click.option(
    "--folder",
    default="",
    metavar="DIR",
    help="The recipe's cache.folder.  [default: hpmkd in the user's cache folder]",
)


@click.group("cache")
def cache() -> None:
    """See or clear what teachers predicted in earlier runs.

    A run on the same rows with other students, limits or recipe reads it and fits no teacher.
    Files are sealed with a key of yours, hold neither rows nor labels, and take 500 MB at most
    (cache.max_disk_bytes). A run with --no-cache neither reads nor writes them.

    \b
    Example:
      hpmkd distill data.csv --target churned --out runs/churn
      hpmkd cache info
      hpmkd cache clear
    """


@cache.command("info")
@folder_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(folder: str, as_json: bool) -> None:
    """Show folder, entries and bytes by region.

    \b
    Example:
      hpmkd cache info --json
    """
    place = _place(folder)
    entries: Counter[str] = Counter()
    n_bytes: Counter[str] = Counter()
    for found in stored(place):
        entries[found.region] += 1
        n_bytes[found.region] += found.n_bytes
    regions = {
        region: {"entries": entries[region], "bytes": n_bytes[region]} for region in sorted(entries)
    }
    total = {"entries": entries.total(), "bytes": n_bytes.total()}
    if as_json:
        click.echo(json.dumps({"folder": str(place), **total, "regions": regions}, indent=2))
        return
    click.echo(f"{'folder':<12} {place}")
    for name, counts in {**regions, "total": total}.items():
        click.echo(f"{name:<12} {_entries(counts['entries'])}, {decimal(counts['bytes'])}")


@cache.command("clear")
@folder_option
def clear_command(folder: str) -> None:
    """Remove every entry, without asking: all of them can be computed again.

    Other files in the folder stay, and so does the folder.

    \b
    Example:
      hpmkd cache clear --folder /scratch/hpmkd
    """
    place = _place(folder)
    try:
        n_entries, n_bytes = clear(place)
    except OSError as error:
        raise click.ClickException(f"cannot clear {place}: {error.strerror or error}") from error
    click.echo(f"{_entries(n_entries)} removed from {place}, {decimal(n_bytes)} freed")


def _entries(n: int) -> str:
    return f"{n} entry" if n == 1 else f"{n} entries"


def _place(folder: str) -> Path:
    place = cache_folder(folder)
    if problem := file_instead(place):
        raise click.ClickException(problem)
    return place
