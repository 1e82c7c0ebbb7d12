"""Exit codes: one table, which is that of the code."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from hpmkd import errors
from hpmkd.cli import cli
from hpmkd.cli.exit_codes import EXIT_CODES
from hpmkd_serve.errors import ServeError

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text("utf-8")
CLASSES = {
    each.__name__: each.exit_code
    for each in (*vars(errors).values(), ServeError)
    if isinstance(each, type) and issubclass(each, errors.HpmkdError)
}
#: Of click and of the shell, which no class of ours has.
OF_OTHERS = {0, 130, 143}


def table():
    """Return the codes of the page's table, each with the classes that it names."""
    rows = re.findall(r"^\| ([0-9]+) \| .* \|(.*)\|$", PAGE, re.MULTILINE)
    return {int(code): re.findall(r"`(\w+)`", classes) for code, classes in rows}


def test_the_table_has_the_codes_of_the_classes():
    named = {name: code for code, names in table().items() for name in names}
    assert named == CLASSES


def test_every_code_is_in_the_table_and_in_the_help():
    assert set(table()) == set(EXIT_CODES) == {*CLASSES.values(), *OF_OTHERS}
    told = " ".join(CliRunner().invoke(cli, ["--help"]).stdout.split())
    listed = told.partition("Exit codes: ")[2].rstrip(".").split(", ")
    assert listed == [f"{code} {what}" for code, what in EXIT_CODES.items()]
