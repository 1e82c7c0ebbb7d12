"""The command line, from what click knows of it."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module

import click

from docs.site.reference.markdown import escaped, table
from docs.site.reference.plugins import registry
from hpmkd.cli import COMMANDS

#: What begins a paragraph that click does not wrap.
UNWRAPPED = "\b\n"
EXAMPLE = re.compile(r"^Examples?:\n")


def page() -> str:
    """Return the page of all commands, those of plugins in this repository included."""
    added = click.Group()
    registry().add_commands(added, reserved=COMMANDS)
    built_in = {name: import_module(place).command for name, place in COMMANDS.items()}
    parts = ["# Commands", "What `hpmkd COMMAND --help` says, on one page."]
    for name, command in {**built_in, **added.commands}.items():
        parts += sections(command, f"hpmkd {name}")
    return "\n\n".join(parts)


def sections(command: click.Command, name: str, level: int = 2) -> Iterator[str]:
    """Yield heading, usage, help and options of a command, then its subcommands."""
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    yield f"{'#' * level} `{name}`"
    yield f"```text\n{usage}\n```"
    yield from _paragraphs(inspect.cleandoc(command.help or ""))
    records = (each.get_help_record(context) for each in command.get_params(context))
    # An argument without a help text is in the usage already.
    rows = [(f"`{names}`", escaped(text)) for names, text in filter(None, records) if text]
    yield table(["option", "what it does"], rows)
    if isinstance(command, click.Group):
        for each, inner in command.commands.items():
            yield from sections(inner, f"{name} {each}", level + 1)


def _paragraphs(text: str) -> Iterator[str]:
    """Yield paragraphs of a help text as Markdown; what click does not wrap is code."""
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.startswith(UNWRAPPED):
            lines = EXAMPLE.sub("", paragraph.removeprefix(UNWRAPPED))
            yield f"```console\n{textwrap.dedent(lines)}\n```"
        else:
            yield escaped(paragraph)
