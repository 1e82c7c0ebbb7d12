"""The exporter of Python files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from hpmkd.errors import UnsupportedStudentError
from hpmkd_defaults.exporters.writing import as_student, written

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor

#: Python compiles three to six megabytes in a second, and keeps the result where it can.
MAX_BYTES = 4_000_000


class PythonExporter:
    """Writes a Python file that needs nothing else, and keeps it if it agrees with the student."""

    suffix: ClassVar[str] = ".py"

    def export(self, student: Predictor, path: Path) -> Path:
        """Write a student, once the file agrees with it.

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
            The source would be larger than :data:`MAX_BYTES`, or trees are too deep.
        ExportError
            It is no :class:`~hpmkd.student.Student`, the file would disagree with it, or it cannot
            be written. Nothing is left behind.
        """
        from hpmkd_defaults.exporters.python.parity import check_parity
        from hpmkd_defaults.exporters.python.source import to_python

        known = as_student(student, "python")
        source = to_python(known)
        content = source.encode()
        if len(content) > MAX_BYTES:
            size = known.n_bytes * MAX_BYTES // len(content)
            raise UnsupportedStudentError(
                f"the source would be {len(content):,} bytes, long to compile and to read; "
                f"expected at most {MAX_BYTES:,}: take a smaller student of the run (hpmkd pick "
                f"RUN --max-size {size}), or the exporter 'onnx'"
            )
        check_parity(known, source)
        return written(path, content)
