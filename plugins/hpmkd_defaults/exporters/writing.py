"""Steps of every exporter: look into the student, and write the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hpmkd.errors import ExportError
from hpmkd.files import write_atomically
from hpmkd.student import Student


def as_student(predictor: Any, exporter: str) -> Student:
    """Return a student whose encoder and model are known, or raise an :class:`ExportError`."""
    if isinstance(predictor, Student):
        return predictor
    raise ExportError(
        f"the exporter {exporter!r} got a {type(predictor).__name__}, expected a "
        "hpmkd.student.Student, whose encoder and model it can read: let the stage return one, "
        "or use an exporter of the plugin that made this student"
    )


def written(path: Path, content: bytes) -> Path:
    """Write a file, whole or not at all, or raise an :class:`ExportError`."""
    try:
        return write_atomically(path, content)
    except OSError as error:
        raise ExportError(
            f"cannot write {str(path)!r}: {error.strerror}; choose a path in an existing folder "
            "that you may write to"
        ) from error
