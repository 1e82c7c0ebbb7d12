"""Lays out the pages, runs Zensical over them, and checks what comes out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from docs.site import notebooks
from docs.site.links import dead_links
from docs.site.reference import PAGES

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
#: Hand-written pages, and the files that they show or link, where they are in the repository.
PATTERNS = (
    *("README*.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/*.md", "docs/*.svg", "docs/*.png"),
    *("plugins/*/README.md", "examples/*.py", "examples/*.ipynb"),
)
#: Lines of Zensical's report that are shown.
MOST_LINES = 60
#: What colours text in a terminal; Zensical's report has it in spite of NO_COLOR.
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class SiteError(Exception):
    """The site cannot be built, or something in it is wrong."""


def build(folder: Path) -> Path:
    """Build the site anew in a folder, and return the folder of its HTML.

    Raises
    ------
    SiteError
        If Zensical warns, a link, an anchor or a resource of the site leads nowhere, or the folder
        holds something else.
    """
    lay_out(folder)
    run_zensical(folder)
    site = folder / "html"
    notebooks.link_pages(site)
    if dead := dead_links(site):
        raise SiteError("dead links; correct or remove them:\n" + "\n".join(dead))
    return site


def sources() -> Iterator[Path]:
    """Yield the files of the site that are written by hand, below the root of the repository."""
    for pattern in PATTERNS:
        yield from sorted(path.relative_to(ROOT) for path in ROOT.glob(pattern))


def lay_out(folder: Path) -> None:
    """Fill a folder with what Zensical reads.

    Pages keep their places in the repository, so that a link that works there works in the site.
    They are links to the files, not copies; the reference is written from the code beside them.
    """
    pages, settings = folder / "pages", folder / "zensical.toml"
    if folder.exists() and any(folder.iterdir()) and not settings.exists():
        raise SiteError(
            f"{folder} holds something else; expected a new folder, or one built before"
        )
    shutil.rmtree(folder, ignore_errors=True)
    for path in sources():
        _link(pages / path, ROOT / path)
        if path.suffix == ".ipynb":
            (pages / path).with_suffix(".md").write_text(notebooks.page(ROOT / path), "utf-8")
    for asset in (HERE / "assets").iterdir():
        _link(pages / "assets" / asset.name, asset)
    for name, write in PAGES.items():
        page = pages / "reference" / f"{name}.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(write(), "utf-8")
    # Copied: its paths are meant below this folder.
    shutil.copy(HERE / settings.name, settings)


def _link(place: Path, target: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def run_zensical(folder: Path) -> None:
    """Build the pages that are laid out in a folder; any warning is an error."""
    # The docstrings of this checkout, whichever hpmkd is installed.
    paths = (str(ROOT), os.environ.get("PYTHONPATH", ""))
    environment = {
        **os.environ,
        "NO_COLOR": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        plain = ESCAPE.sub("", done.stdout + done.stderr)
        report = plain.partition("Traceback")[0].splitlines()
        raise SiteError("Zensical reports problems:\n" + "\n".join(report[-MOST_LINES:]))
