"""Programs that check exports: they run for a limited time, and leave nothing behind."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from hpmkd.errors import ExportError

#: Seconds that compiling or running may take: they answer thousands of rows in well under one.
PATIENCE = 60.0


def run(arguments: Sequence[str], given: bytes | None, what: str, advice: str = "") -> bytes:
    """Run a program, and return what it prints.

    Parameters
    ----------
    arguments : sequence of str
    given : bytes, optional
        What it reads.
    what : str
        The program, for the error.
    advice : str
        What else can be done, for the error.

    Raises
    ------
    ExportError
        It cannot be started, fails, or takes longer than :data:`PATIENCE`.
    """
    advice = f"; no file was written. {advice}Or write it without a check: --set check=false"
    try:
        done = subprocess.run(
            arguments, input=given, capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ExportError(f"{what} does not run ({str(error)[:300]}){advice}") from error
    if done.returncode:
        reason = _reason(done.stderr.decode("utf-8", "replace"))
        raise ExportError(f"{what} ends with {done.returncode} ({reason}){advice}")
    return done.stdout


def _reason(message: str) -> str:
    """Return the line of a message that names an error, or else its beginning."""
    lines = [line.strip() for line in message.splitlines() if "error" in line.lower()]
    return (lines[0] if lines else message.strip())[:400]
