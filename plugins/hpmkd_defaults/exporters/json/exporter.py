"""Students as JSON that a person can read, and from which any language can predict."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hpmkd.student import Student
from hpmkd_defaults.exporters.json.model import columns_of, model_of, reading
from hpmkd_defaults.exporters.writing import as_student, written

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor

#: Version of what is written: it grows when a reader of the former would go wrong.
VERSION = 2

#: Longer lists of texts stand below each other.
LONGEST_LINE = 80

# Line breaks are nowhere but between values: those of texts are escaped.
_NUMBERS = re.compile(r"\[\n([\s\d.,eE+-]*)\n\s*\]")
_TEXTS = re.compile(r'\[\n((?:\s*"[^\n]*",?\n)+)\s*\]')
_LEAF = re.compile(r"\{\n\s*(\"add\": [^\n]*)\n\s*\}")


class JsonExporter:
    """Writes JSON in original units: columns, conditions, coefficients, and how to read them."""

    suffix: ClassVar[str] = ".json"

    def export(self, student: Predictor, path: Path) -> Path:
        """Write a student.

        Parameters
        ----------
        student : Student
        path : Path
            In an existing folder; a file in the way is replaced.

        Raises
        ------
        ExportError
            It is no :class:`~hpmkd.student.Student`, cannot be written in JSON, or the file
            cannot be written. Nothing is left behind.
        """
        return written(path, to_json(as_student(student, "json")).encode())


def to_json(student: Student) -> str:
    """Return a student as JSON.

    Returns
    -------
    str
        One object: see ``reading`` in it.

    Raises
    ------
    ExportError
        The model reads other than raw columns, or trees are too deep to be nested.
    """
    text = json.dumps(to_plain(student), indent=1, ensure_ascii=False, allow_nan=False)
    text = _NUMBERS.sub(_in_one_line, _TEXTS.sub(_in_one_line, text))
    # Halves of characters, which UTF-8 cannot hold, as JSON escapes them.
    return _LEAF.sub(r"{\1}", text).encode("utf-8", "backslashreplace").decode() + "\n"


def _in_one_line(found: re.Match[str]) -> str:
    """Write a list of numbers in one line, and one of texts if it is short."""
    # Not splitlines, which knows line breaks that JSON does not escape.
    line = " ".join(value.strip() for value in found[1].split("\n")).strip()
    return found[0] if '"' in line and len(line) > LONGEST_LINE else f"[{line}]"


def to_plain(student: Student) -> dict[str, Any]:
    """Return a student as plain values; see :func:`to_json`."""
    from importlib.metadata import version

    model, columns = model_of(student), columns_of(student)
    return {
        "format": "hpmkd student",
        "version": VERSION,
        "hpmkd": version("hpmkd"),
        "student": student.model.family,
        "reading": reading(model, moments=any(each["kind"] == "datetime" for each in columns)),
        "classes": student.classes.tolist(),
        "columns": columns,
        **model,
        "facts": dict(student.facts),
    }
