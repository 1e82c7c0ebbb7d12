"""The command line: a lazy click group that imports a command when it is called."""

from __future__ import annotations

import importlib
import sys
import warnings
from typing import Any

import click

from hpmkd.cli.exit_codes import EXIT_CODES
from hpmkd.cli.interrupt import exit_code
from hpmkd.cli.output import streams
from hpmkd.cli.session import TYPED
from hpmkd.data.sources.passwords import argument_without_passwords, without_passwords
from hpmkd.errors import HpmkdError, OutputError

COMMANDS = {
    "distill": "hpmkd.cli.commands.distill",
    "demo": "hpmkd.cli.commands.demo",
    "predict": "hpmkd.cli.commands.predict",
    "evaluate": "hpmkd.cli.commands.evaluate",
    "explain": "hpmkd.cli.commands.explain",
    "runs": "hpmkd.cli.commands.runs",
    "compare": "hpmkd.cli.commands.compare",
    "pick": "hpmkd.cli.commands.pick",
    "report": "hpmkd.cli.commands.report",
    "export": "hpmkd.cli.commands.export",
    "plugins": "hpmkd.cli.commands.plugins",
    "plugin": "hpmkd.cli.commands.plugin",
    "recipe": "hpmkd.cli.commands.recipe",
    "warm": "hpmkd.cli.commands.warm",
    "doctor": "hpmkd.cli.commands.doctor",
}


class Reported(click.ClickException):
    """An error of hpmkd, shown without a traceback."""

    def __init__(self, error: HpmkdError) -> None:
        # A path may be the URL of a database, given in the place of a run.
        super().__init__(without_passwords(str(error)))
        # click declares it on the class, as a constant.
        vars(self)["exit_code"] = error.exit_code


class LazyGroup(click.Group):
    """Finds built-in commands by name, then those that plugins add."""

    _loaded = False

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Remember the arguments, without passwords, for the command that resumes a stopped run."""
        typed = tuple(map(argument_without_passwords, args))
        ctx = super().make_context(info_name, args, parent, **extra)
        ctx.meta[TYPED] = typed
        return ctx

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return built-in commands in the order of use, then those of plugins."""
        self._load_plugin_commands()
        return [*COMMANDS, *sorted(set(self.commands) - set(COMMANDS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a built-in command, or look among those of plugins."""
        if cmd_name in COMMANDS:
            command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
            return command
        self._load_plugin_commands()
        found = super().get_command(ctx, cmd_name)
        if found is None:
            from hpmkd.registry.registry import DISTRIBUTIONS

            if distribution := DISTRIBUTIONS["command"].get(cmd_name):
                ctx.fail(f"{cmd_name} comes with: pip install {distribution}")
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; errors of hpmkd are reported in a line."""
        try:
            return super().invoke(ctx)
        except HpmkdError as error:
            raise Reported(error) from error
        except click.UsageError as error:
            # It may show an argument.
            raise click.UsageError(without_passwords(error.format_message()), error.ctx) from None
        except KeyboardInterrupt as stopped:
            click.echo("\nstopped", err=True)
            raise click.exceptions.Exit(exit_code(stopped)) from None

    def _load_plugin_commands(self) -> None:
        if self._loaded:
            return
        from hpmkd.registry.registry import Registry

        self._loaded = True
        try:
            Registry.installed().add_commands(self, reserved=COMMANDS)
        except HpmkdError as error:
            # A broken plugin must not take the help away.
            click.echo(f"warning: {error}", err=True)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"Exit codes: {', '.join(f'{code} {what}' for code, what in EXIT_CODES.items())}.",
)
@click.version_option(package_name="hpmkd")
def cli() -> None:
    """Distil any heavy tabular classifier into a small, fast, honest student.

    \b
    Example:
      hpmkd demo
      hpmkd distill data.csv --target churned
      hpmkd predict runs/data-1 new.csv > predictions.csv
    """


def main() -> None:
    """Entry point of the console script."""
    warnings.showwarning = _show_warning
    streams.guard()
    try:
        try:
            cli(prog_name="hpmkd")
        finally:
            sys.stdout.flush()
    except OutputError as error:  # of the last lines, or of a help text
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(1)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    """Print our own warnings as sentences; leave those of libraries as they are."""
    if category.__module__.startswith("hpmkd"):
        click.echo(f"warning: {message}", err=True)
    else:
        click.echo(warnings.formatwarning(message, category, filename, lineno, line), err=True)
