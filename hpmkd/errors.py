"""Every error that hpmkd raises on purpose.

A message names what was got, what was expected, and what to type next. The command
line prints it without a traceback and leaves with the exit code of its class.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from typing import Any

#: What foreign code may raise without taking hpmkd down: a script that ends itself where it is
#: imported or called must not end its host. Ctrl-C is not among them.
FAILURES = (Exception, SystemExit)


#: Packages between a user's line and ours: a warning must not point there.
_BETWEEN = frozenset({"hpmkd", "hpmkd_defaults", "functools", "contextlib", "pluggy"})


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line that called hpmkd, however deep inside the cause was found."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _package(frame.f_globals) in _BETWEEN:
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, category, stacklevel=depth + 1)


def _package(module: dict[str, Any]) -> str:
    return str(module.get("__name__", "")).partition(".")[0]


class HpmkdError(Exception):
    """Base of all errors raised on purpose."""

    exit_code = 1


class PluginWarning(UserWarning):
    """A part of a plugin fails, or is missing; the run continues without it."""


class DataWarning(UserWarning):
    """The data can be used, but something about it deserves a look."""


class WorkerWarning(UserWarning):
    """A worker process was lost, or took too long; its task is tried again."""


class JournalWarning(UserWarning):
    """Something could not be stored: the run continues, but a resumed run computes it again."""


class ExportWarning(UserWarning):
    """An exported student could not be checked, because nothing here could run it."""


class DataError(HpmkdError):
    """The rows, labels or probabilities handed in cannot be used."""

    exit_code = 3


class RecipeError(HpmkdError):
    """A recipe names an unknown key, component or value."""

    exit_code = 2


class PluginError(HpmkdError):
    """A plugin could not be loaded, or broke its contract; the message names it."""

    exit_code = 4


class TeacherError(HpmkdError):
    """A teacher could not be loaded, fitted or read."""

    exit_code = 5


class StudentFileError(HpmkdError):
    """A student file or run folder is missing, damaged or of another version."""

    exit_code = 6


class RunFolderError(HpmkdError):
    """The run folder cannot be written."""

    exit_code = 7


class OutputError(HpmkdError):
    """The output of a command cannot be written."""

    exit_code = 7


class ExportError(HpmkdError):
    """A student could not be written in another format."""

    exit_code = 8


class UnsupportedStudentError(ExportError):
    """A format cannot express this student; it may well express others of the same run."""


class ReportError(HpmkdError):
    """A report could not be drawn or written."""

    exit_code = 9


class LimitsError(HpmkdError):
    """No student keeps the limits; the message names the unmet ones and the nearest students.

    Parameters
    ----------
    message : str
        Text for people.
    distillation : Distillation, optional
        The run, otherwise complete.
    """

    exit_code = 10

    def __init__(self, message: str, distillation: Any = None) -> None:
        super().__init__(message)
        self.distillation = distillation


class KernelsError(HpmkdError):
    """The requested kernels are missing."""

    exit_code = 11


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like this one, ignoring case; None if none is close."""
    import difflib

    folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[close[0]] if close else None


def suggest(name: str, known: Iterable[str]) -> str:
    """Return how a message about an unknown name continues: ``; did you mean 'x'?``, or a stop."""
    close = closest(name, known)
    return "." if close is None else f"; did you mean {close!r}?"
