"""A command that distils: it can be stopped at any moment, and refuses doubled options."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import click

from hpmkd.cli import shutdown
from hpmkd.cli.interrupt import exit_code, stoppable
from hpmkd.cli.output import json_lines
from hpmkd.cli.session import unopened
from hpmkd.cli.shutdown import NOTHING_YET, ShutdownReport


class RunCommand(click.Command):
    """A command that distils: with ``--json`` it writes nothing but events to stderr."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **more: Any,
    ) -> click.Context:
        """Read the arguments; what is wrong with them is an event too."""
        if "--json" not in args:
            return super().make_context(info_name, args, parent, **more)
        told = json_lines.Events(sys.stderr)
        with told.everything():
            context = super().make_context(info_name, args, parent, **more)
        context.meta[json_lines.KEY] = told
        return context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an option that is given twice, of which all but the last would go unheard."""
        if not ctx.resilient_parsing:
            values, _, order = self.make_parser(ctx).parse_args(args=[*args])
            for each in {*order}:
                single = isinstance(each, click.Option) and not (each.multiple or each.is_flag)
                if single and order.count(each) > 1:
                    name = each.opts[0]
                    raise click.UsageError(
                        f"got {name} {order.count(each)} times, the last time with "
                        f"{values[each.name or name]}; expected it once",
                        ctx,
                    )
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run; whoever is asked to stop, at whatever it is, says so."""
        told: json_lines.Events | None = ctx.meta.get(json_lines.KEY)
        resumed = ctx.params["resume"]
        last = ShutdownReport(told, NOTHING_YET if resumed is None else unopened(resumed))
        ctx.meta[shutdown.KEY] = last
        with stoppable(last), contextlib.nullcontext() if told is None else told.everything():
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt as stopped:
                last.say()
                raise click.exceptions.Exit(exit_code(stopped)) from None
