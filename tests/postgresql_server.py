"""A PostgreSQL server for the tests of one session.

Debian's package ``postgresql`` has it. ``initdb`` makes a cluster in a temporary folder, as the
user ``postgres`` if this is root, whom PostgreSQL refuses; it listens on a socket in that folder
and on no port, and is gone with the session. Takes three seconds.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SETTINGS = "-c listen_addresses='' -c fsync=off -c max_connections=9 -c shared_buffers=16MB"
#: A user without rights who needs a password; all others of this machine need none.
GUEST = "guest"
ACCESS = f"local all {GUEST} scram-sha-256\nlocal all all trust\n"
MISSING = "no PostgreSQL to run queries in: "


@dataclass(frozen=True)
class PostgreSQLServer:
    """A server that runs: the folder of its socket, and who may do everything."""

    folder: Path
    user: str

    def url(self, user: str | None = None, database: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql://{user or self.user}@/{database}?host={self.folder}"


def _programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, those of the newest version; None without one."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda at: int(at.parent.name))
    return Path(found).parent if found else next(reversed(folders), None)


@contextlib.contextmanager
def running_server() -> Iterator[PostgreSQLServer]:
    """Start a server and stop it; skip the test where there is none to start."""
    programs = _programs()
    if programs is None:
        pytest.skip(f"{MISSING}install Debian's package postgresql")
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="hpmkd-pg-", dir="/tmp"))  # paths of sockets are short

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "-D", str(folder / "data"), *arguments]
        other = {"user": user, "group": user, "extra_groups": []} if os.getuid() == 0 else {}
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, **other)

    try:
        shutil.chown(folder, user)
        run("initdb", "-A", "trust", "-U", user, "--no-sync", "-E", "UTF8", "--locale=C")
        (folder / "data" / "pg_hba.conf").write_text(ACCESS, "utf-8")
        run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", f"{SETTINGS} -k {folder}", "start")
        try:
            yield PostgreSQLServer(folder, user)
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)
