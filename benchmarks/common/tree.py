"""Identifies the measured code: the hash that git gives to folders as they are on disk."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: A run imports neither the interfaces that start it nor what reads it afterwards. The kernel of
#: hpmkd-runtime, which it may answer by, has the bits of the kernels of hpmkd.
NOT_RUN = ("cli", "deepbridge", "report", "testing")
MEASURED = ("hpmkd", "plugins/hpmkd_defaults", *(f":(exclude)hpmkd/{each}" for each in NOT_RUN))


def tree_hash(root: Path = ROOT, folders: tuple[str, ...] = MEASURED) -> str:
    """Return git's hash of folders (pathspecs), changes that are not committed included.

    Raises
    ------
    OSError
        If git is missing, or reports that this is no checkout.
    """
    with own_index(root) as git:
        git("add", "--", *folders)
        return git("write-tree")


def commit_of(prefix: str, root: Path = ROOT) -> str | None:
    """Return the last commit whose measured code has a hash; None if there is none.

    Parameters
    ----------
    prefix : str
        The first digits of the hash that :func:`tree_hash` returned for that code.
    root : Path
        Of the checkout.
    """
    folders = [each for each in MEASURED if not each.startswith(":")]
    left_out = tuple(f"hpmkd/{each}/" for each in NOT_RUN)
    with own_index(root) as git:
        for commit in git("log", "--format=%h", "HEAD", "--", *folders).splitlines():
            files = git("ls-tree", "-r", commit, "--", *folders).splitlines()
            measured = [each for each in files if not each.split("\t")[1].startswith(left_out)]
            git("read-tree", "--empty")
            git("update-index", "--index-info", lines=measured)
            if git("write-tree").startswith(prefix):
                return commit
    return None


@contextmanager
def own_index(root: Path) -> Iterator[Callable[..., str]]:
    """Call git with an index of its own, so that what is staged stays as it is."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "GIT_INDEX_FILE": str(Path(folder) / "index")}

        def git(*arguments: str, lines: Sequence[str] = ()) -> str:
            command = ["git", "-C", str(root), *arguments]
            given = "".join(f"{line}\n" for line in lines)
            done = subprocess.run(
                command, input=given, env=env, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
            return done.stdout.strip()

        yield git
