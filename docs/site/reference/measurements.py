"""Pages that benchmarks write: by which command, when, and how much their code changed since."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from benchmarks.__main__ import BENCHMARKS
from benchmarks.common.staleness import NoHistoryError, PageAge, ages
from docs.site.reference.markdown import table

ROOT = Path(__file__).parents[3]
INTRODUCTION = """\
# Measurements

Benchmarks write these pages; no figure is typed by hand. *Written* is the date of the commit that
last changed the figures. *Since then* counts later commits to the code that decides them:
`python -m benchmarks --check` names the newest."""


def page() -> str:
    """Return the table of all pages."""
    known = _ages()
    named = {page: name for name, each in BENCHMARKS.items() for page in each.pages}
    rows = (_row(path, named[path], known.get(path)) for path in sorted(named))
    header = ("page", "what it measures", "command", "written", "since then")
    return f"{INTRODUCTION}\n\n{table(header, rows)}"


def _row(path: str, name: str, age: PageAge | None) -> tuple[str, ...]:
    dated = age is not None and age.written is not None
    return (
        f"[{Path(path).stem}](../{path})",
        BENCHMARKS[name].about.rstrip("."),
        f"`{command(path, name)}`",
        age.written.date if dated else "",
        f"{len(age.later)} commits" if dated else "",
    )


def command(path: str, name: str) -> str:
    """Return the command that a page says it was written by."""
    text = " ".join((ROOT / path).read_text("utf-8").split())
    given = re.findall(rf"`(python -m benchmarks {name}(?: [^`]*)?)`", text)
    # Others may be named, too: for a part of the page, or to try it.
    whole = (each for each in given if f"--markdown {path}" in each)
    return next(whole, f"python -m benchmarks {name}")


def _ages() -> Mapping[str, PageAge]:
    """Return the age of every page by its path; nothing where there is no history."""
    pages = {page: each.measures for each in BENCHMARKS.values() for page in each.pages}
    try:
        return {each.page: each for each in ages(ROOT, pages)}
    except NoHistoryError:
        return {}
