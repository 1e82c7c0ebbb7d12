"""The exporter of JavaScript: a module of its own, or the types of that module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hpmkd_defaults.exporters.writing import as_student, written

if TYPE_CHECKING:
    from pathlib import Path

    from hpmkd.contracts import Predictor

#: Node.js takes a file of the first for a module wherever it lies, TypeScript one of the second for
#: its declarations.
SUFFIXES = {"module": ".mjs", "types": ".d.mts"}


class JsExporter:
    """Writes ES modules, and keeps only those that answer as the student does.

    Parameters
    ----------
    part : str
        What to write, as each export is one file: ``"module"``, or ``"types"``, its
        declarations for TypeScript.
    check : bool
        Run the module on made-up rows in Node.js before it is written.
    """

    def __init__(self, part: Literal["module", "types"] = "module", check: bool = True) -> None:
        self.part = part
        self.check = check

    @property
    def suffix(self) -> str:
        """Ending of the file."""
        return SUFFIXES[self.part]

    def export(self, student: Predictor, path: Path) -> Path:
        """Write a student: a module once Node.js answers as it does, if there is a Node.js.

        Parameters
        ----------
        student : Student
        path : Path
            In an existing folder; a file in the way is replaced.

        Returns
        -------
        Path

        Raises
        ------
        ExportError
            It is no :class:`~hpmkd.student.Student`, it cannot be packed, Node.js answers
            differently, or the file cannot be written. Nothing is left behind.

        Warns
        -----
        ExportWarning
            There is no Node.js, so the module was not run.
        """
        from hpmkd_defaults.exporters.js.module import to_module
        from hpmkd_defaults.exporters.js.parity import check_parity
        from hpmkd_defaults.exporters.js.types import to_types

        known = as_student(student, "js")
        text = to_types(known) if self.part == "types" else to_module(known)
        if self.check and self.part == "module":
            check_parity(known, text)
        return written(path, text.encode())
