"""Identifies the measured code: the hash that git gives to folders as they are on disk."""

from __future__ import annotations

import os
import subprocess
import tempfile
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
    with tempfile.TemporaryDirectory() as folder:
        # An index of its own: what is staged stays as it is.
        own = {**os.environ, "GIT_INDEX_FILE": str(Path(folder) / "index")}

        def git(*arguments: str) -> str:
            command = ["git", "-C", str(root), *arguments]
            done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
            if done.returncode:
                raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
            return done.stdout.strip()

        git("add", "--", *folders)
        return git("write-tree")
