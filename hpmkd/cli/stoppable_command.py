"""A command that reads rows: Ctrl-C ends it, even during a query that does not return."""

from __future__ import annotations

from typing import Any

import click

from hpmkd.cli.interrupt import stoppable


class StoppableCommand(click.Command):
    """A command with nothing to store when it is stopped."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run, until it ends or is stopped."""
        with stoppable(lambda: None, lambda code: click.echo("\nstopped", err=True)):
            return super().invoke(ctx)
