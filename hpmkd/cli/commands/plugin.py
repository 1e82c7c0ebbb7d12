"""``hpmkd plugin``: write one. What is installed is listed by ``hpmkd plugins``."""

from __future__ import annotations

from pathlib import Path

import click

from hpmkd.cli.arguments import FolderName
from hpmkd.cli.scaffold.kinds import KINDS


@click.group("plugin")
def command() -> None:
    """Write a plugin: a component of your own. hpmkd plugins lists the installed ones.

    \b
    Example:
      hpmkd plugin new nearest-centroid --kind stage
    """


@command.command("new")
@click.argument("name")
@click.option("--kind", type=click.Choice(list(KINDS)), required=True, help="What it adds.")
@click.option(
    "--out",
    type=FolderName(),
    metavar="DIR",
    help="Folder to write, which must not exist.  [default: hpmkd-NAME]",
)
def new(name: str, kind: str, out: Path | None) -> None:
    """Write a distribution with a working component called NAME.

    It has a pyproject.toml, a small component to change, its conformance test and a README.
    Prints the folder.

    \b
    Example:
      hpmkd plugin new nearest-centroid --kind stage
      pip install --editable './hpmkd-nearest-centroid[test]'
      pytest hpmkd-nearest-centroid
      hpmkd distill data.csv --target y --student nearest-centroid --out runs/mine
    """
    from shlex import quote

    from hpmkd.cli.scaffold.distribution import use_of, write_distribution
    from hpmkd.cli.scaffold.names import PluginNames, require_free

    names = PluginNames.parse(name, kind)
    require_free(names)
    folder = out or Path(names.distribution)
    write_distribution(names, folder)
    click.echo(folder)
    # Without ./ pip would look for a distribution of that name in the index.
    place = quote(f"{folder if folder.is_absolute() else f'./{folder}'}[test]")
    click.echo(f"now: pip install --editable {place}; pytest {quote(str(folder))}", err=True)
    click.echo(f"then: {use_of(names)}", err=True)
