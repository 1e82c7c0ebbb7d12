"""Which pages are older than the code that they measure, by git's history.

A page is as old as the commit that last changed the figures of its measured tables: text around
them may be edited without making them newer. A page that names the hash of the code it measured is
as old as that code. Where measuring again gives the same figures to the digit, there is nothing to
commit, and the page stays as old as it was. Code is newer where it does something else: comments
and docstrings do not count.
"""

from __future__ import annotations

import re
import subprocess
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from pathlib import Path

from benchmarks.common.same_code import same_code
from benchmarks.common.tree import commit_of

#: The mark below which a benchmark writes; the whole page where there is none.
MARK = re.compile(r"<!-- measured: .*?-->")
#: How a page names the code that it measured.
HASH = re.compile(r"\bcode `([0-9a-f]{8,40})`")
SEPARATOR = "\t"
#: Of a subject that is shown.
WIDTH = 60


class NoHistoryError(Exception):
    """There is no history to compare with."""


@dataclass(frozen=True)
class Commit:
    """A commit: short hash, date and subject."""

    name: str
    date: str
    subject: str

    def __str__(self) -> str:
        return f"{self.name} ({self.date})"


@dataclass(frozen=True)
class PageAge:
    """A page beside the code it measures.

    Parameters
    ----------
    page : str
        Its path.
    written : Commit or None
        Which changed its figures last, or has the code that it names; None if they are not
        committed yet.
    later : tuple of Commit
        Those since then that touched the code it measures, the newest first; none where it
        still does the same.
    missing : bool
        Whether there is no such page.
    """

    page: str
    written: Commit | None
    later: tuple[Commit, ...] = ()
    missing: bool = False

    def __str__(self) -> str:
        if self.missing:
            return f"none   {self.page}: there is no such file; run its benchmark"
        if self.written is None:
            return f"new    {self.page}: its figures are not committed yet"
        if not self.later:
            return f"fresh  {self.page}: written in {self.written}, its code is no newer"
        n = len(self.later)
        commits = f"{n} later commit{'s' * (n > 1)}"
        newest = textwrap.shorten(self.later[0].subject, WIDTH, placeholder=" …")
        return (
            f"stale  {self.page}: written in {self.written}; {commits} of its code, "
            f"the newest {self.later[0]}: {newest}"
        )


def figures(text: str) -> list[str]:
    """Return the numbers in the tables of a page, below its mark."""
    measured = MARK.split(text, maxsplit=1)[-1]
    rows = [line for line in measured.splitlines() if line.startswith("|")]
    return re.findall(r"\d[\d.,]*", "\n".join(rows))


def ages(root: Path, pages: Mapping[str, Sequence[str]]) -> list[PageAge]:
    """Return the age of every page, stale ones first, those with most later commits before.

    Parameters
    ----------
    root : Path
        Of the checkout.
    pages : mapping of str to sequence of str
        Paths of the pages, and of the code that each measures.

    Raises
    ------
    NoHistoryError
        If `root` is no checkout of git, or has not its whole history.
    """
    if git(root, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise NoHistoryError(f"{root} is a shallow clone; get its history: git fetch --unshallow")
    found = [_age(root, page, code) for page, code in pages.items()]
    return sorted(found, key=lambda each: -len(each.later))


def report(found: Iterable[PageAge]) -> str:
    """Return a line for every page, and how many are stale."""
    listed = list(found)
    stale = sum(bool(each.later) for each in listed)
    return "\n".join([*map(str, listed), f"{stale} of {len(listed)} pages are stale"])


def _age(root: Path, page: str, code: Sequence[str]) -> PageAge:
    if not (root / page).is_file():
        return PageAge(page, None, missing=True)
    written = _written(root, page)
    if written is None:
        return PageAge(page, None)
    if named := HASH.search((root / page).read_text("utf-8")):
        written = _with_code(root, named[1], written)
    if not _has_changed(root, code, written.name):
        return PageAge(page, written)
    # A merge adds nothing to the commits that it merges.
    return PageAge(page, written, tuple(_log(root, code, f"{written.name}..HEAD", "--no-merges")))


def _has_changed(root: Path, code: Sequence[str], since: str) -> bool:
    """Tell whether a file does something else than at a commit."""
    files = git(root, "diff", "--name-only", "--no-renames", "-z", since, "HEAD", "--", *code)

    def at(revision: str, path: str) -> str:
        return git(root, "show", f"{revision}:{path}", missing="")

    return not all(
        same_code(path, at(since, path), at("HEAD", path))
        for path in filter(None, files.split("\0"))
    )


def _written(root: Path, page: str) -> Commit | None:
    """Return the commit that gave a page the figures that it has; None if none did."""
    now = figures((root / page).read_text("utf-8"))

    def has_them(revision: str) -> bool:
        return figures(git(root, "show", f"{revision}:{page}", missing="")) == now

    if not has_them("HEAD"):
        return None
    # Commits of other branches, which a merge has overruled, may stand before them.
    since = dropwhile(lambda commit: not has_them(commit.name), _log(root, [page], "HEAD"))
    kept = list(takewhile(lambda commit: has_them(commit.name), since))
    return kept[-1]


def _with_code(root: Path, name: str, written: Commit) -> Commit:
    """Return the commit of the code of a hash; if there is none, that which wrote the page."""
    found = commit_of(name, root)
    return next(iter(_log(root, [], "-1", found))) if found else written


def _log(root: Path, paths: Sequence[str], *options: str) -> Iterable[Commit]:
    """Yield the commits that touched paths, the newest first."""
    form = SEPARATOR.join(("%h", "%cs", "%s"))
    told = git(root, "log", f"--format={form}", *options, "--", *paths)
    for line in told.splitlines():
        yield Commit(*line.split(SEPARATOR, 2))


def git(root: Path, *arguments: str, missing: str | None = None) -> str:
    """Return what git prints; `missing` where the command fails, if that is given."""
    command = ["git", "-C", str(root), *arguments]
    try:
        found = subprocess.run(
            command, capture_output=True, text=True, errors="surrogateescape", check=False
        )
    except FileNotFoundError:
        raise NoHistoryError("git is not installed; --check compares commits") from None
    if found.returncode == 0:
        return found.stdout
    if missing is not None:
        return missing
    raise NoHistoryError(
        f"{root} has no history to compare with; expected a checkout of git "
        f"(got: {found.stderr.strip()})"
    )
