"""The exporter of JavaScript: a module of its own, or the types of that module."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from hpmkd_defaults.exporters.writing import as_student, written

if TYPE_CHECKING:
    from pathlib import Path

    from hpmkd.contracts import Exporter, Predictor


def js_exporter(part: Literal["module", "types"] = "module", check: bool = True) -> Exporter:
    """Return the exporter of a part, for each export writes one file.

    Parameters
    ----------
    part : str
        ``"module"``: an ES module; ``"types"``: what TypeScript should know of it.
    check : bool
        Let Node.js answer made-up rows with the module before it is written.
    """
    return ModuleExporter(check) if part == "module" else TypesExporter()


class ModuleExporter:
    """Writes ES modules, and keeps only those that answer as the student does.

    Parameters
    ----------
    check : bool
        As for :func:`js_exporter`.
    """

    #: Node.js takes it for a module wherever it lies.
    suffix: ClassVar[str] = ".mjs"

    def __init__(self, check: bool = True) -> None:
        self.check = check

    def export(self, student: Predictor, path: Path) -> Path:
        """Write a student, once Node.js answers as it does, if there is a Node.js.

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
            There is no Node.js, so that nothing has run the module.
        """
        from hpmkd_defaults.exporters.js.module import to_module
        from hpmkd_defaults.exporters.js.parity import check_parity

        known = as_student(student, "js")
        module = to_module(known)
        if self.check:
            check_parity(known, module)
        return written(path, module.encode())


class TypesExporter:
    """Writes the declarations of a module, for TypeScript."""

    suffix: ClassVar[str] = ".d.mts"

    def export(self, student: Predictor, path: Path) -> Path:
        """Write the types of a student's module.

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
            It is no :class:`~hpmkd.student.Student`, or the file cannot be written. Nothing is
            left behind.
        """
        from hpmkd_defaults.exporters.js.types import to_types

        return written(path, to_types(as_student(student, "js")).encode())
