"""The exporter of C files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from hpmkd.errors import ExportError
from hpmkd_defaults.exporters.writing import as_student, written

if TYPE_CHECKING:
    from pathlib import Path

    from hpmkd.contracts import Predictor


class CExporter:
    """Writes a file of C99, and keeps only one that answers as the student does.

    Parameters
    ----------
    prefix : str
        Of the functions of the file; a letter, then letters, digits and ``_``.
    part : str
        ``"source"``, the whole; or ``"header"``, the declarations for callers.
    check : bool
        Compile and run the file before it is kept, if there is a compiler.
    """

    def __init__(
        self,
        prefix: str = "student",
        part: Literal["source", "header"] = "source",
        check: bool = True,
    ) -> None:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", prefix):
            raise ExportError(
                f"the setting prefix is {prefix!r}, expected an identifier of C: a letter, then "
                "letters, digits and _"
            )
        self.prefix, self.part, self.check = prefix, part, check
        self.suffix = ".h" if part == "header" else ".c"

    def export(self, student: Predictor, path: Path) -> Path:
        """Write a student, once the compiled file agrees with it.

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
        UnsupportedStudentError
            It cannot be packed.
        ExportError
            It is no :class:`~hpmkd.student.Student`, a name in it is no UTF-8, the file does not
            compile or answers differently, or cannot be written. Nothing is left behind.

        Warns
        -----
        ExportWarning
            There is no compiler, so that the file was not checked.
        """
        from hpmkd_defaults.exporters.c.file import to_c, to_header
        from hpmkd_defaults.exporters.c.parity import check_parity

        known = as_student(student, "c")
        if self.part == "header":
            return written(path, to_header(known, self.prefix).encode())
        content = to_c(known, self.prefix)
        if self.check:
            check_parity(known, content, self.prefix)
        return written(path, content.encode())
