"""``python -m docs.site [FOLDER]``: build the site; any warning and any dead link is an error."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from docs.site.build import ROOT, SiteError, build


def main(arguments: list[str]) -> None:
    """Build into the folder that is given, or into ``build/site``."""
    folder = Path(arguments[0]) if arguments else ROOT / "build" / "site"
    try:
        home = build(folder) / "docs" / "index.html"
    except SiteError as error:
        raise SystemExit(f"docs: {error}") from None
    click.echo(f"open {home}")


if __name__ == "__main__":
    main(sys.argv[1:])
