"""Whether onnxruntime agrees with the student."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import ExportError
from hpmkd.student import Student
from hpmkd.student.columns.cells import read_moments
from hpmkd.student.columns.times import seconds_of
from hpmkd_defaults.exporters.onnx.columns import LABEL, PROBABILITIES
from hpmkd_defaults.exporters.onnx.rounding import rounding
from hpmkd_defaults.exporters.parity import check_answers
from hpmkd_defaults.exporters.parity_rows import probe_rows

#: By how much a probability may differ: sums of trees are float32, in the runtime's own order.
TOLERANCE = 1e-5


def check_parity(student: Student, content: bytes) -> None:
    """Refuse a file that disagrees with the student in onnxruntime.

    Raises
    ------
    ExportError
        onnxruntime does not load it, or a probability differs by more than
        :data:`TOLERANCE` and the :func:`~.rounding.rounding` of the student's networks, or a
        label where one class is clearly ahead.
    """
    rows = probe_rows(student)
    try:
        labels, found = run_graph(content, rows)
    except Exception as error:  # onnxruntime has no base class for what it raises
        raise ExportError(
            f"onnxruntime cannot run the exported student ({type(error).__name__}: {error}); no "
            "file was written"
        ) from error
    tolerance = TOLERANCE + rounding(student, rows)
    check_answers(student, rows, labels, found, "onnxruntime", tolerance)


def run_graph(content: bytes, rows: Any) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return labels and probabilities of raw rows, a frame, by onnxruntime, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # only the answers count
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    feed = feed_of(rows, json.loads(metadata["hpmkd.columns"]))
    labels, found = session.run([LABEL, PROBABILITIES], feed)
    return np.asarray(labels), np.asarray(found)


def feed_of(rows: Any, columns: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    """Return raw rows, a frame, as onnxruntime wants them; `columns` is in the file's metadata."""
    cells: dict[str, list[NDArray[Any]]] = {}
    for column in columns:
        array = _array(rows[column["name"]], column)
        cells.setdefault(column["input"], []).append(array.reshape(-1, 1))
    return {name: np.hstack(arrays) for name, arrays in cells.items()}


def _array(cells: Any, column: dict[str, Any]) -> NDArray[Any]:
    """Return the cells of a column: text, or float64."""
    if "missing" in column:
        return np.asarray(cells.astype(object).where(cells.notna(), column["missing"]), object)
    if "categories" in column:
        codes = {text: code for code, text in enumerate(column["categories"])}
        codes |= {text: codes[level] for text, level in column.get("spellings", {}).items()}
        return np.asarray(cells.astype(object).map(codes), np.float64)
    if column["kind"] == "datetime":
        return seconds_of(read_moments(cells, column["name"]))
    return np.asarray(cells, np.float64)
