"""``hpmkd memory``: what earlier runs learned, how to share it, and how to forget it."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.filesize import decimal

from hpmkd_defaults.memories.folder import in_the_way, remove, store_path, stores_set_aside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hpmkd_defaults.memories.records import Learned
    from hpmkd_defaults.memories.store import RecordStore

folder_option = click.option(
    "--folder",
    default="",
    metavar="DIR",
    help="The recipe's memory.folder.  [default: hpmkd in the user's data folder]",
)


@click.group("memory")
def memory() -> None:
    """See, share or forget what earlier runs learned about hyperparameters.

    It holds numbers about data sets and what was tried on them; no rows, no labels, no columns.
    Exit codes: 0 done, 2 wrong usage or a file that cannot be imported, 1 anything else.

    \b
    Example:
      hpmkd memory info
      hpmkd memory export ours.json
      hpmkd distill data.csv --target churned --no-memory --out runs/churn
    """


@memory.command("info")
@folder_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(folder: str, as_json: bool) -> None:
    """Show the file, its size, data sets, and outcomes by stage; and what comes with hpmkd.

    Runs read the latter where memory.shipped is true: in the recipe proposal, and with
    --set memory.shipped=true.

    \b
    Example:
      hpmkd memory info --json
    """
    from hpmkd_defaults.memories.schema import DamagedStoreError
    from hpmkd_defaults.memories.shipped import FILE, shipped

    path = _place(folder)
    with _opened(path) as store:
        known = store.read()
    try:
        with_it = _by_stage(shipped())
    except DamagedStoreError as error:
        raise click.ClickException(str(error)) from error
    stages = _by_stage(known)
    n_bytes = path.stat().st_size if os.path.exists(path) else 0
    aside = [str(each) for each in stores_set_aside(path)]
    if as_json:
        printed = {
            "file": str(path),
            "bytes": n_bytes,
            "data_sets": len(known),
            "outcomes": dict(sorted(stages.items())),
            "set_aside": aside,
            "shipped": {
                "file": str(FILE),
                "bytes": FILE.stat().st_size,
                "data_sets": len(shipped()),
                "outcomes": dict(sorted(with_it.items())),
            },
        }
        click.echo(json.dumps(printed, indent=2))
        return
    click.echo(f"{'file':<12} {path}, {decimal(n_bytes)}")
    click.echo(f"{'data sets':<12} {len(known)}")
    for stage, n in (*sorted(stages.items()), ("total", stages.total())):
        click.echo(f"{stage:<12} {_counted(n, 'outcome')}")
    for each in aside:
        click.echo(f"{'set aside':<12} {each}")
    held = f"{_counted(len(shipped()), 'data set')}, {_counted(with_it.total(), 'outcome')}"
    click.echo(f"{'shipped':<12} {FILE}, {decimal(FILE.stat().st_size)}: {held}")


def _by_stage(known: Iterable[Learned]) -> Counter[str]:
    return Counter(tried.stage for learned in known for tried in learned.outcomes)


@memory.command("clear")
@folder_option
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def clear(folder: str, yes: bool) -> None:
    """Forget everything, also files that were set aside, after asking you.

    \b
    Example:
      hpmkd memory clear --yes
    """
    path = _place(folder)
    aside = stores_set_aside(path)
    if not yes:
        also = " and in the stores set aside from it" if aside else ""
        click.confirm(f"Forget all that is in {path}{also}?", abort=True)
    from hpmkd_defaults.memories.schema import DamagedStoreError
    from hpmkd_defaults.memories.store import RecordStore

    what = "unreadable content"
    with _one_line_errors(path):
        store = RecordStore(path)
        try:
            what = _counted(len(store.read()), "data set")
            store.clear()
        except DamagedStoreError:
            remove(path)
        for each in aside:
            remove(each)
    click.echo(f"{what} removed from {path}")
    for each in aside:
        click.echo(f"{each}, which was set aside, removed")


@memory.command("export")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@folder_option
@click.option("--overwrite", is_flag=True, help="Replace FILE if it exists.")
def export(file: Path, folder: str, overwrite: bool) -> None:
    """Write all that is known to FILE as JSON; - is stdout.

    \b
    Examples:
      hpmkd memory export ours.json
      hpmkd memory export - | ssh other hpmkd memory import -
    """
    from hpmkd.files import write_atomically
    from hpmkd_defaults.memories import import_export

    with _opened(_place(folder)) as store:
        known = store.read()
    content = import_export.encoded(known)
    if str(file) == "-":
        click.echo(content, nl=False)
        return
    if os.path.exists(file) and not overwrite:
        raise click.UsageError(f"{file} exists; name another file, or add --overwrite")
    try:
        write_atomically(file, content, mode=0o600)
    except OSError as error:
        raise click.ClickException(f"cannot write {file}: {error.strerror or error}") from error
    click.echo(f"{_counted(len(known), 'data set')} written to {file}")


@memory.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@folder_option
def import_(file: Path, folder: str) -> None:
    """Add the data sets in FILE, written by export.

    Of each stage on each data set, whichever tried more stays, of equals the newer, as between
    runs. All of it or, if one field is wrong, nothing. - is stdin.

    \b
    Example:
      hpmkd memory import theirs.json
    """
    from hpmkd_defaults.memories import import_export

    try:
        with click.open_file(str(file), "rb") as stream:
            given = import_export.decoded(stream.read())
    except OSError as error:
        raise click.UsageError(f"cannot read {file}: {error.strerror or error}") from error
    except ValueError as error:
        message = f"cannot import {file}: {error}; expected a file of: hpmkd memory export"
        raise click.UsageError(message) from error
    with _opened(_place(folder)) as store:
        before = store.read()
        store.keep(given)
        after = store.read()
    click.echo(_difference(before, after, len(given)))


def _difference(before: Sequence[Learned], after: Sequence[Learned], n_given: int) -> str:
    known = {each.digest: each for each in before}
    new = sum(each.digest not in known for each in after)
    changed = sum(known.get(each.digest, each) != each for each in after)
    printed = f"{_counted(new, 'data set')} added, {changed} changed"
    left = n_given - new - changed
    return f"{printed}, {left} left out: more or newer is known" if left else printed


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[RecordStore]:
    from hpmkd_defaults.memories.schema import DamagedStoreError
    from hpmkd_defaults.memories.store import RecordStore

    with _one_line_errors(path):
        try:
            yield RecordStore(path)
        except DamagedStoreError as error:
            raise click.ClickException(
                f"cannot read {path}: {error}. The next run sets it aside; to remove it: "
                "hpmkd memory clear"
            ) from error


@contextlib.contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    """Turn errors of the file into one line each."""
    import sqlite3

    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.ClickException(f"cannot use {path}: {reason}") from error


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _place(folder: str) -> Path:
    path = store_path(folder)
    if problem := in_the_way(path):
        raise click.ClickException(problem)
    return path
