"""A C compiler, if there is one."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from hpmkd.errors import ExportError
from hpmkd_defaults.exporters.programs import run

#: Names of compilers, in the order in which they are tried, after ``$CC``.
NAMES = ("cc", "gcc", "clang")
#: Advice where it fails.
ADVICE = "Set CC to another compiler. "


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
        raise ExportError(
            f"CC is {given!r}, expected a command ({error}); no file was written"
        ) from error
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
    run(arguments, None, f"the compiler {command[0]}", ADVICE)
