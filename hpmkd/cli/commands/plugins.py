"""``hpmkd plugins``: what is installed, what it offers, and what is wrong with it."""

from __future__ import annotations

import contextlib
import json
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import click

from hpmkd.cli import COMMANDS
from hpmkd.cli.completion import plugin_names
from hpmkd.errors import PluginError
from hpmkd.registry.registry import DISABLE_VARIABLE, Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from hpmkd.registry.plugins import Plugin

#: Columns of the table where there is no terminal.
PLAIN_WIDTH = 120
STYLES = {"active": "green", "disabled": "dim", "broken": "bold red"}


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option(
    "--disable",
    multiple=True,
    metavar="PLUGIN",
    shell_complete=plugin_names,
    help="List as if this plugin were switched off. Repeatable.",
)
def command(as_json: bool, disable: tuple[str, ...]) -> None:
    """List the plugins: where each is from, whether it works, what it offers.

    Broken plugins and clashes are listed, too; they stop a run, but never this command.

    \b
    Example:
      hpmkd plugins
      hpmkd plugins --json --disable my-plugin
    """
    registry = Registry.installed(disable)
    with contextlib.suppress(PluginError):
        # The registry keeps what goes wrong: it is listed below.
        registry.add_commands(click.Group(), reserved=COMMANDS)
    plugins, clashes = registry.plugins, registry.clashes()
    if as_json:
        listed = [describe(plugin) for plugin in plugins]
        click.echo(json.dumps({"plugins": listed, "clashes": clashes}, indent=2))
    else:
        _print(plugins, clashes)


def describe(plugin: Plugin) -> dict[str, Any]:
    """Return what is known of a plugin as plain values, offers grouped by kind."""
    offers: dict[str, list[dict[str, str]]] = defaultdict(list)
    for offered in plugin.offers:
        offers[offered.kind].append({"name": offered.offer.name, "summary": offered.offer.summary})
    return {
        "name": plugin.name,
        "source": plugin.source,
        "status": plugin.status,
        "offers": dict(offers),
        "problem": plugin.problem,
    }


def _print(plugins: Sequence[Plugin], clashes: Sequence[str]) -> None:
    from rich.console import Console

    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    # Without markup: a version may hold brackets.
    Console(width=width, highlight=False, markup=False).print(_table(plugins))
    # Whole lines, for a sentence broken by the width of a table cannot be searched.
    for plugin in plugins:
        if plugin.problem:
            click.echo(f"\nplugin {plugin.name!r} ({plugin.source}): {plugin.problem}")
            click.echo(
                f"  to continue without it: --disable {plugin.name}, or for every command "
                f"{DISABLE_VARIABLE}={plugin.name}"
            )
    for clash in clashes:
        click.echo(f"\nclash: {clash}")


def _table(plugins: Sequence[Plugin]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("plugin", "from", "status", "kind", "name", "summary"):
        table.add_column(heading, no_wrap=heading != "summary", overflow="fold")
    for plugin in plugins:
        status = Text(plugin.status, STYLES[plugin.status])
        head: list[str | Text] = [plugin.name, plugin.source, status]
        for offered in plugin.offers:
            table.add_row(*head, offered.kind, offered.offer.name, offered.offer.summary)
            head = ["", "", ""]
        if not plugin.offers:
            table.add_row(*head, "-", "-", "")
    return table
