"""Serves a student of hpmkd over HTTP: ``hpmkd serve RUN``.

This module is imported whenever plugins are looked for, so it imports nothing heavy: FastAPI and
uvicorn are imported when a server starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd import hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def hpmkd_commands(group: click.Group) -> None:
    """Add ``hpmkd serve``."""
    from hpmkd_serve.command import serve

    group.add_command(serve)
