"""``hpmkd recipe``: print a recipe, to read, copy and edit."""

from __future__ import annotations

import click

from hpmkd.cli.completion import recipe_names, setting_names


@click.group("recipe")
def command() -> None:
    """Show the recipes: which components a run uses, with which settings."""


@command.command("show")
@click.argument("name", default="hpm", shell_complete=recipe_names)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a setting.",
    shell_complete=setting_names,
)
def show(name: str, settings: tuple[str, ...]) -> None:
    """Print the recipe NAME (a shipped one or a file) as TOML.

    \b
    Examples:
      hpmkd recipe show hpm > mine.toml
      hpmkd recipe show proposal --set budget.models=40
    """
    from hpmkd.cli.settings import Plan
    from hpmkd.recipe.files import shipped, shipped_text

    # As it was written, with what its comments explain; overrides can only be shown parsed.
    as_written = name in shipped() and not settings
    click.echo(
        shipped_text(name) if as_written else Plan(name, settings).read().to_toml(), nl=False
    )


@command.command("list")
def list_recipes() -> None:
    """Print the names of the shipped recipes."""
    from hpmkd.recipe.files import shipped

    click.echo("\n".join(shipped()))
