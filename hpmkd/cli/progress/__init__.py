"""Shows how a run gets on: live on a terminal, in lines elsewhere, as JSON with ``--json``."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from hpmkd.cli.progress.heartbeat import waiting

if TYPE_CHECKING:
    from hpmkd.cli.output.json_lines import Events

__all__ = ["observer", "waiting"]


def observer(*, quiet: bool, events: Events | None) -> AbstractContextManager[object] | None:
    """Return the observer that suits where stderr goes; None if nothing is to be shown.

    Parameters
    ----------
    quiet : bool
        Whether nothing is to be shown.
    events : Events or None
        Where events go as JSON lines, with ``--json``.
    """
    if quiet:
        return None
    if events is not None:
        from hpmkd.cli.progress.json import JsonLines

        return JsonLines(events)
    if sys.stderr.isatty():
        from hpmkd.cli.progress.live import LiveProgress

        return LiveProgress()
    from hpmkd.cli.progress.log import PlainProgress

    return PlainProgress()
