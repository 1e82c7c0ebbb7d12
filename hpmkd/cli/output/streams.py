"""Stdout and stderr in any state: closed, full, without a reader, or in a poor encoding.

What cannot be written to stdout is the result of a command: that ends it, in one line. What cannot
be written to stderr are messages: they are lost, and the run continues.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, cast

from hpmkd.errors import OutputError

#: How errors of encoding are handled on stdout, by the name that Python knows it under.
READABLE = "hpmkd.readable"
#: How Python handles errors of encoding on stdout, unless its user wishes otherwise.
STRICT = ("strict", "surrogateescape")
#: What stands for signs that commands print, where stdout lacks them.
STAND_INS = {"±": "+/-", "…": "...", "·": "-", "×": "x", "–": "-"}


class GuardedStream:
    """A stream that passes write errors to a callback.

    Parameters
    ----------
    stream : file
        What is written to.
    on_error : callable
        Receives each OSError. If it raises none, what was to be written is lost.
    """

    def __init__(self, stream: Any, on_error: Callable[[OSError], None]) -> None:
        self._stream, self._on_error = stream, on_error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def buffer(self) -> GuardedStream:
        """The stream of bytes below."""
        return GuardedStream(self._stream.buffer, self._on_error)

    def write(self, content: Any) -> int:
        """Write text, or bytes."""
        try:
            return int(self._stream.write(content))
        except OSError as error:
            if content:  # click writes nothing, to see what a stream takes, and gets no error
                self._on_error(error)
            return len(content)

    def flush(self) -> None:
        """Write what is held back."""
        try:
            self._stream.flush()
        except OSError as error:
            self._on_error(error)


def guard() -> None:
    """Prepare the streams of this process for whatever state they are in."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # it was closed before we began
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    codecs.register_error(READABLE, _readable)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in STRICT:
        sys.stdout.reconfigure(errors=READABLE)
    sys.stdout = cast("TextIO", GuardedStream(sys.stdout, _end))
    sys.stderr = cast("TextIO", GuardedStream(sys.stderr, lambda error: None))


def _readable(error: UnicodeError) -> tuple[str | bytes, int]:
    """Return the substitute of the first sign that an encoding lacks, and where to continue."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign, after = error.object[error.start], error.start + 1
    if "\udc80" <= sign <= "\udcff":  # a byte of a file's name that was no text
        return bytes([ord(sign) & 0xFF]), after
    return STAND_INS.get(sign) or sign.encode("ascii", "backslashreplace").decode("ascii"), after


def _end(error: OSError) -> None:
    """Write nothing further to stdout, not even at the very end, as Python does; and raise.

    Raises
    ------
    BrokenPipeError
        If its reader is gone, such as ``head``, which is harmless.
    OutputError
        For any other reason.
    """
    with contextlib.suppress(OSError, ValueError):
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, sys.stdout.fileno())
        os.close(sink)
    if isinstance(error, BrokenPipeError):
        raise error
    raise OutputError(
        f"cannot write to stdout: {error.strerror or error}; make room, or send it elsewhere"
    ) from error


def lacking(text: str) -> str:
    """Return the signs of a text that stdout lacks, each once."""
    encoding = sys.stdout.encoding or "utf-8"
    return "".join(sign for sign in sorted({*text}) if not sign.encode(encoding, "ignore"))


def is_stdout(path: Path) -> bool:
    """Whether a path leads to stdout, such as ``/dev/stdout``, which may be a file."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):
        return False
