"""``hpmkd doctor``: whether everything that commands need is there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hpmkd.cli.doctor.check import Check

COLOURS = {"ok": "green", "problem": "red"}
#: The longest name of a check.
WIDTH = len("data folder")


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """Check this installation: versions, plugins, threads, kernels, places to write.

    A line for each, ok or a problem, with what to do. The exit code is 1 if some command would
    fail. Nothing is changed, and nothing is compiled.

    \b
    Examples:
      hpmkd doctor
      hpmkd doctor --json | jq '.checks[] | select(.status == "problem")'
    """
    from hpmkd.cli.doctor.check import all_checks

    checks = list(all_checks()) if as_json else list(_shown(all_checks()))
    problems = sum(check.status == "problem" for check in checks)
    if as_json:
        result = {"ok": not problems, "checks": [asdict(check) for check in checks]}
        click.echo(json.dumps(result, indent=2))
    elif problems:
        click.echo(f"\n{problems} problem{'s' * (problems != 1)}")
    if problems:
        raise click.exceptions.Exit(1)


def _shown(checks: Iterable[Check]) -> Iterable[Check]:
    """Print each check when it is known, and pass it on."""
    for check in checks:
        status = click.style(f"{check.status:<8}", fg=COLOURS[check.status])
        click.echo(f"{status} {check.name:<{WIDTH}}  {check.found}")
        if check.advice:
            click.echo(f"{'':<8} {'':<{WIDTH}}  -> {check.advice}")
        yield check
