"""``python -m docs.site [FOLDER]``: build the site; any warning and any dead link is an error."""

from __future__ import annotations

from pathlib import Path

import click

from docs.site.build import ROOT, SiteError, build


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=ROOT / "build" / "site")
def main(folder: Path) -> None:
    """Build the site into FOLDER, by default build/site."""
    try:
        home = build(folder) / "docs" / "index.html"
    except SiteError as error:
        raise SystemExit(f"docs: {error}") from None
    click.echo(f"open {home}")


if __name__ == "__main__":
    main()
