"""A command that distils: it can be stopped at any moment, and refuses doubled options."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import click

from hpmkd.cli.interrupt import exit_code, stoppable
from hpmkd.cli.output import json_lines
from hpmkd.cli.session import RunSession


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
        events = json_lines.Events(sys.stderr)
        with events.everything():
            context = super().make_context(info_name, args, parent, **more)
        context.meta[json_lines.KEY] = events
        return context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an option that is given twice, of which all but the last would be ignored."""
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
        """Run; if a signal stops the process, at any point, report it."""
        events: json_lines.Events | None = ctx.meta.get(json_lines.KEY)
        ctx.obj = session = RunSession(events)
        with (
            stoppable(session.on_signal, session.end),
            contextlib.nullcontext() if events is None else events.everything(),
        ):
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt as stopped:
                session.report()
                raise click.exceptions.Exit(exit_code(stopped)) from None
            finally:
                session.close()
