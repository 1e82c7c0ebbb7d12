"""Which students the default exporters can look into."""

from __future__ import annotations

from typing import Any

from hpmkd.errors import ExportError
from hpmkd.student import Student


def as_student(predictor: Any, exporter: str) -> Student:
    """Return a student whose encoder and model are known.

    Parameters
    ----------
    predictor : Predictor
        What is to be exported.
    exporter : str
        Name of the exporter, for the error.

    Raises
    ------
    ExportError
        It is of another class, of which nothing but its answers is known.
    """
    if isinstance(predictor, Student):
        return predictor
    raise ExportError(
        f"the exporter {exporter!r} got a {type(predictor).__name__}, expected a "
        "hpmkd.student.Student, whose encoder and model it can read: let the stage return one, "
        "or use an exporter of the plugin that made this student"
    )
