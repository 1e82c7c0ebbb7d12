"""Whether an export agrees with the student."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import ExportError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from hpmkd.student import Student

#: By how much a probability may differ where it is computed in double precision.
TOLERANCE = 1e-12


def check_answers(
    student: Student,
    rows: Any,
    labels: ArrayLike,
    probabilities: ArrayLike,
    by: str,
    tolerance: float = TOLERANCE,
) -> None:
    """Refuse answers that differ from the student's.

    Parameters
    ----------
    student : Student
        What was exported, with K classes.
    rows : DataFrame
        n raw rows, such as :func:`~hpmkd_defaults.exporters.parity_rows.probe_rows` makes.
    labels : array-like of shape (n,)
        Answers to the rows.
    probabilities : array-like of shape (n, K)
        Likewise.
    by : str
        What answered, for the error: ``"onnxruntime"``.
    tolerance : float
        By how much a probability may differ. A label may differ only where the two most probable
        classes are no further apart than twice that.

    Raises
    ------
    ExportError
        A shape or a label differs, or a probability by more than the tolerance.
    """
    expected = student.predict_proba(rows)
    found = np.asarray(probabilities, dtype=np.float64)
    if found.shape != expected.shape:
        raise ExportError(
            f"{by} returns probabilities of shape {found.shape}, expected {expected.shape}; no "
            "file was written"
        )
    difference = np.abs(found - expected)
    if not (difference <= tolerance).all():
        raise ExportError(
            f"{by} disagrees with the student: a probability differs by "
            f"{difference.max():.2g}, expected at most {tolerance:g}; no file was written. "
            "The exporter 'json' may write this student"
        )
    ahead = np.diff(np.sort(expected, axis=1)[:, -2:], axis=1).ravel() > 2 * tolerance
    if (np.asarray(labels) != student.predict(rows))[ahead].any():
        raise ExportError(f"{by} returns other labels than the student; no file was written")
