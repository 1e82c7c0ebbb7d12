"""The first commands in the docs are commands that the command line accepts."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from docs.site.build import ROOT
from hpmkd.cli import cli

LINES = [
    line
    for page in ("README.md", "docs/index.md", "docs/tutorial.md", "docs/install.md")
    for line in re.findall(r"^\$ hpmkd (.+)$", (ROOT / page).read_text("utf-8"), re.M)
]


@pytest.mark.parametrize("line", dict.fromkeys(LINES))
def test_a_typed_command_and_its_options_exist(line):
    typed = shlex.split(re.split(r" [|>#] ", line)[0], comments=True)
    if typed[0] == "serve":
        pytest.skip("comes with hpmkd-serve")
    context = click.Context(cli)
    command = cli.get_command(context, typed[0])
    # Reads options without asking for files or missing ones; what is unknown is an error.
    command.make_context(typed[0], typed[1:], parent=context, resilient_parsing=True)


def test_there_are_some():
    assert len(LINES) > 20
