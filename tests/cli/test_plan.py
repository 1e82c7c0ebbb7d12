"""Options of the command line that contradict each other, or make no sense, are refused."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from hpmkd.cli.arguments import FolderName
from hpmkd.cli.options import run_options
from hpmkd.cli.settings import Plan
from hpmkd.errors import RecipeError


@click.command()
@run_options
@click.option("--out", type=FolderName())
def command(plan, **_):
    try:
        executor = plan.read().executor
    except RecipeError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"{executor.name} {executor.settings.get('workers', 1)}")


def call(line):
    return CliRunner().invoke(command, line.split(), catch_exceptions=False)


@pytest.mark.parametrize(
    ("line", "executor"),
    [
        ("--workers 1 --executor serial", "serial 1"),
        ("--workers 2 --executor loky", "loky 2"),
        ("--workers 2", "loky 2"),
        ("--executor loky --set executor.name=loky --workers 3", "loky 3"),
        ("--executor loky --set executor=loky", "loky 1"),
        ("--workers 3 --set executor.workers=3", "loky 3"),
        ("--workers 1 --set executor.name=serial", "serial 1"),
        ("--no-memory --set memory.name=none", "serial 1"),
        ("--no-memory --set memory=none", "serial 1"),
        ("--max-size 50KB --set limits.max_size=50000", "serial 1"),
        ("--max-size 50KB --set limits.max_size=50.0KB", "serial 1"),
        ("--budget-models 40 --set budget.models=40", "serial 1"),
    ],
)
def test_what_agrees_goes(line, executor):
    done = call(line)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == executor


ONE_OUT = "expected them to agree: leave one of them out"


@pytest.mark.parametrize(
    ("line", "got", "cure"),
    [
        (
            "--executor serial --workers 2",
            "and --workers 2; expected one worker, because serial is one process",
            "type --workers 1, or --executor loky --workers 2",
        ),
        (
            "--set executor.name=serial --workers 2",
            "got --set executor.name=serial and --workers 2",
            "or --executor loky --workers 2",
        ),
        (
            "--set executor=serial --workers 2",
            "got --set executor.name=serial and --workers 2",
            "or --executor loky --workers 2",
        ),
        (
            "--executor dask --set executor.name=loky",
            "got --executor dask and --set executor.name=loky",
            ONE_OUT,
        ),
        (
            "--executor dask --set executor=loky",
            "got --executor dask and --set executor.name=loky",
            ONE_OUT,
        ),
        (
            "--workers 2 --set executor.workers=3",
            "got --workers 2 and --set executor.workers=3",
            ONE_OUT,
        ),
        (
            "--no-cache --set cache=partitioned",
            "--no-cache and --set cache.name=partitioned",
            ONE_OUT,
        ),
        ("--no-memory --set memory.name=file", "--no-memory and --set memory.name=file", ONE_OUT),
        (
            "--max-size 50KB --set limits.max_size=40KB",
            "got --max-size 50000 and --set limits.max_size=40KB",
            ONE_OUT,
        ),
        (
            "--budget-models 40 --set budget.models=41",
            "got --budget-models 40 and --set budget.models=41",
            ONE_OUT,
        ),
        ("--workers 99999999999", "'--workers': 99999999999 is not in the range", "1<=x<=1024"),
        ("--trial-timeout nan", "'--trial-timeout': got nan; expected a finite number", "e.g. 60"),
        ("--budget-seconds inf", "'--budget-seconds': got inf", "leave the option out"),
    ],
)
def test_what_contradicts_is_refused_with_what_to_type(line, got, cure):
    done = call(line)
    assert done.exit_code == 2
    message = " ".join(done.stderr.split())
    assert got in message
    assert cure in message


@pytest.mark.parametrize("option", ["--out", "--resume"])
def test_an_empty_text_names_no_folder(option):
    done = CliRunner().invoke(command, [option, ""])
    assert done.exit_code == 2
    assert f"'{option}': got an empty text; expected the name of a folder" in done.stderr


def test_settings_that_come_later_are_held_against_what_was_typed():
    plan = Plan("hpm", ("split.test_size=0.3",))
    assert plan.read(**{"split.test_size": 0.3}).split.test_size == 0.3
    with pytest.raises(RecipeError, match=r"got --test-size 0\.2 and --set split\.test_size=0\.3"):
        plan.read(**{"split.test_size": 0.2})
