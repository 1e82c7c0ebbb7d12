"""A C compiler, if there is one, and programs that run for a while at most."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hpmkd.errors import ExportError

#: What a compiler is called, in the order in which they are looked for, behind ``$CC``.
NAMES = ("cc", "gcc", "clang")
#: Seconds that compiling or running may take.
PATIENCE = 60.0


def find_compiler() -> list[str]:
    """Return the command of a C compiler, of ``$CC`` if that is set; empty if there is none.

    Raises
    ------
    ExportError
        ``$CC`` is no command, as a quote in it is not closed.
    """
    given = os.environ.get("CC", "")
    try:
        wanted = shlex.split(given)
    except ValueError as error:
        raise ExportError(f"CC is {given!r}, expected a command ({error}){ADVICE}") from error
    for command in (wanted, *([name] for name in NAMES)):
        if command and shutil.which(command[0]):
            return command
    return []


def build(command: Sequence[str], source: Path, target: Path, flags: Sequence[str]) -> None:
    """Compile a file of C99.

    Parameters
    ----------
    command : sequence of str
        The compiler.
    source, target : path
    flags : sequence of str
        Beside the standard.

    Raises
    ------
    ExportError
        The compiler refuses it, or takes too long.
    """
    arguments = [*command, "-std=c99", *flags, str(source), "-o", str(target), "-lm"]
    run(arguments, None, f"the compiler {command[0]}")


def run(arguments: Sequence[str], given: bytes | None, what: str) -> bytes:
    """Run a program that leaves nothing behind, and return what it prints.

    Parameters
    ----------
    arguments : sequence of str
    given : bytes, optional
        What it reads.
    what : str
        The program, for the error.

    Raises
    ------
    ExportError
        It cannot be started, fails, or takes longer than :data:`PATIENCE`.
    """
    try:
        done = subprocess.run(
            arguments, input=given, capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ExportError(f"{what} does not run ({error}){ADVICE}") from error
    if done.returncode:
        message = done.stderr.decode("utf-8", "replace").strip()[:400]
        raise ExportError(f"{what} ends with {done.returncode} ({message}){ADVICE}")
    return done.stdout


#: How errors about the compiled file end.
ADVICE = (
    "; no file was written. Set CC to another compiler, or write the file without a check: "
    "--set check=false"
)
