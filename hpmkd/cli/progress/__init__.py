"""Shows how far a run is: to people by :mod:`hpmkd.progress`, as JSON with ``--json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.cli.output.json_lines import Events
    from hpmkd.progress.heartbeat import Heartbeat


def observer(*, quiet: bool, events: Events | None) -> Heartbeat | None:
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
    from hpmkd.progress import view_of_stderr

    return view_of_stderr()
