"""The exporter of ONNX files; it imports onnx when it writes one."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar, Literal

from hpmkd.errors import ExportError
from hpmkd_defaults.exporters.writing import as_student, written

if TYPE_CHECKING:
    from pathlib import Path

    from hpmkd.contracts import Predictor


class OnnxExporter:
    """Writes ONNX files, and keeps only those that agree with the student.

    Parameters
    ----------
    inputs : str
        ``"columns"``: an input per raw column; ``"matrix"``: one for all, of numbers, seconds
        since 1970, and codes of categories.
    """

    suffix: ClassVar[str] = ".onnx"

    def __init__(self, inputs: Literal["columns", "matrix"] = "columns") -> None:
        missing = [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]
        if missing:
            raise ExportError(
                f"the exporter 'onnx' needs {' and '.join(missing)}, which "
                f"{'are' if len(missing) > 1 else 'is'} not installed: pip install 'hpmkd[onnx]'"
            )
        self.inputs = inputs

    def export(self, student: Predictor, path: Path) -> Path:
        """Write a student, once onnxruntime agrees with it.

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
            It is no :class:`~hpmkd.student.Student`, onnxruntime answers differently, or the
            file cannot be written. Nothing is left behind.
        """
        from hpmkd_defaults.exporters.onnx.parity import check_parity
        from hpmkd_defaults.exporters.onnx.student import to_onnx

        known = as_student(student, "onnx")
        content = to_onnx(known, self.inputs).SerializeToString()
        check_parity(known, content)
        return written(path, content)
