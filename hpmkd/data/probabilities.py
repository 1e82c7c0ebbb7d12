"""Checks that an array holds probabilities, those of a user or of a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import DataError
from hpmkd.student.columns.masked import unmasked
from hpmkd.student.columns.tables import as_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hpmkd.values import FloatArray

TOLERANCE = 1e-3
#: scikit-learn's log_loss reads smaller probabilities as this one, and so do we.
SMALLEST = float(np.finfo(np.float64).eps)


def given_probabilities(
    probabilities: Any, classes: NDArray[Any], n_rows: int, what: str = "probabilities"
) -> FloatArray:
    """Check probabilities that a user hands in, and normalise rounding errors away.

    Parameters
    ----------
    probabilities : array-like of shape (n, K), or (n,) if K = 2
        A frame whose columns are named as the classes (``yes``, or ``p_yes``) is read by
        name, anything else in the sorted order of the classes. One column is the class of
        two that it is named as, else the second.
    classes : ndarray of shape (K,)
        The labels.
    n_rows : int
        Rows expected.
    what : str
        How errors call them.

    Returns
    -------
    ndarray of shape (n, K)
        Rows sum to 1.

    Raises
    ------
    DataError
        If the shape is wrong, only some columns are named as classes, a value is NaN,
        infinite or negative, or a row sums to something further than 0.001 from 1.
    """
    matrix, order = _as_matrix(probabilities, classes, what)
    one_of_two = matrix.shape[1] == 1 and len(classes) == 2
    if len(matrix) != n_rows or not (one_of_two or matrix.shape[1] == len(classes)):
        raise DataError(
            f"{what}: got {matrix.shape[0]} rows and {matrix.shape[1]} columns; expected "
            f"{n_rows} rows (one per row of the data) and {len(classes)} columns, one per class: "
            f"{', '.join(map(str, classes[:10]))}{' …' if len(classes) > 10 else ''}"
        )
    _refuse(~np.isfinite(matrix), matrix, what, "NaN or infinite", "drop or repair those rows")
    _refuse(matrix < 0, matrix, what, "negative", "hand in probabilities, not logits or scores")
    if one_of_two:
        cure = "hand in probabilities of one of the two classes, from 0 to 1"
        _refuse(matrix > 1, matrix, what, "too large", cure)
        matrix = np.hstack([1 - matrix, matrix])
    matrix = matrix[:, order]
    sums = matrix.sum(axis=1)
    off = np.abs(sums - 1) > TOLERANCE
    if off.any():
        row, n = int(np.flatnonzero(off)[0]), int(off.sum())
        raise DataError(
            f"{what}: {n} {'row does' if n == 1 else 'rows do'} not sum to 1 within {TOLERANCE}; "
            f"the first is row {row} with sum {sums[row]:.6g}. Normalise them, "
            "or apply a softmax if they are scores"
        )
    normalised: FloatArray = matrix / sums[:, None]
    return normalised


def by_name(answer: Any, classes: NDArray[Any], what: str) -> Any:
    """Return what a model predicted with its columns in the order of its classes.

    Parameters
    ----------
    answer : DataFrame or array-like of shape (n, k)
        A frame is read by the names of its columns, which are the classes; or counted, 0 to
        k - 1, in their order.
    classes : ndarray of shape (k,)
        The classes of the model.
    what : str
        How errors call it.

    Raises
    ------
    DataError
        If a frame has columns that are named otherwise.
    """
    frame = as_frame(answer)
    if frame is None:
        return answer
    codes = _classes_named(frame, classes, what)
    if codes is not None:
        return frame.to_numpy()[:, np.argsort(codes)]
    if list(frame.columns) == list(range(frame.shape[1])):
        return frame.to_numpy()
    raise DataError(
        f"{what}: got a frame with the columns {', '.join(map(str, frame.columns[:10]))}; expected "
        f"the classes: {', '.join(map(spell_label, classes[:10].tolist()))}. Name the columns "
        "after them, or return an array"
    )


def _as_matrix(
    probabilities: Any, classes: NDArray[Any], what: str
) -> tuple[FloatArray, list[int]]:
    """Return numbers as they were given, and which of their columns is that of each class.

    Of two classes one column is the second, beside which the first will be on its left.
    """
    frame = as_frame(probabilities)
    probabilities = probabilities if frame is None else frame
    named = _classes_named(probabilities, classes, what)
    try:
        matrix = np.array(unmasked(probabilities), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what}: expected numbers, got something else: {error}") from error
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if matrix.ndim != 2:
        raise DataError(f"{what}: got {matrix.ndim} dimensions; expected rows × classes")
    if named == [0]:
        return matrix, [1, 0]
    order = list(range(len(classes))) if named is None or len(named) < len(classes) else named
    return matrix, np.argsort(order).tolist()


def _classes_named(probabilities: Any, classes: NDArray[Any], what: str) -> list[int] | None:
    """Return the class code that each column's name means; None if names mean nothing.

    Names count only as a whole: some that are those of classes among some that are not are
    more likely a slip than an order that happens to be right.
    """
    columns = getattr(probabilities, "columns", None)
    if columns is None:
        # A series has one name, which may be None.
        columns = [probabilities.name] if hasattr(probabilities, "to_frame") else []
    labels = {spell_label(label): code for code, label in enumerate(classes.tolist())}
    found = {column: _class_of(str(column), labels) for column in columns}
    matched = {column: code for column, code in found.items() if code is not None}
    strange = [column for column in columns if column not in matched]
    # A frame made of an array has numbers for names, which mean no classes 1 and 2.
    counted = list(columns) == list(range(len(columns)))
    if not matched or (counted and strange):
        return None
    codes = list(matched.values())
    repeated = [column for column, code in matched.items() if codes.count(code) > 1]
    one_of_two = len(columns) == 1 and len(classes) == 2
    if not strange and not repeated and (one_of_two or len(columns) == len(codes) == len(classes)):
        return codes
    spelt = list(labels)
    lacking = ", ".join(spelt[code] for code in range(len(spelt)) if code not in codes)
    raise DataError(
        f"{what}: the columns {', '.join(f'{c} ({spelt[k]})' for c, k in matched.items())} are "
        f"named as classes"
        + (f", the columns {', '.join(map(str, strange))} are not" if strange else "")
        + (f"; {', '.join(map(str, repeated))} mean the same class" if repeated else "")
        + (f"; no column is named as {lacking}" if lacking else "")
        + f"; expected one for each of {', '.join(spelt[:10])} and no other: rename or drop "
        "columns, or hand in an array to go by position"
    )


def spell_label(label: Any) -> str:
    """Spell a label so that 1, 1.0 and "1" are one."""
    whole = isinstance(label, (float, np.floating)) and label.is_integer()
    return str(int(label)) if whole else str(label)


def _class_of(column: str, labels: Mapping[str, int]) -> int | None:
    """Return the class that a column is named as, or that its name ends in (``p_yes``)."""
    if column in labels:
        return labels[column]
    ends = [label for label in labels if column.endswith((f"_{label}", f".{label}", f"={label}"))]
    # Of yes and very_yes, p_very_yes means the longer.
    return labels[max(ends, key=len)] if ends else None


def _refuse(bad: NDArray[Any], matrix: FloatArray, what: str, problem: str, cure: str) -> None:
    if bad.any():
        row, column = map(int, np.argwhere(bad)[0])
        n = int(bad.any(axis=1).sum())
        raise DataError(
            f"{what}: {n} {'row holds' if n == 1 else 'rows hold'} {problem} values; "
            f"the first is row {row}, column {column}: {matrix[row, column]}. Please {cure}"
        )


def checked(probabilities: Any, shape: tuple[int, int], who: str) -> FloatArray:
    """Check probabilities that a plugin or model returned.

    Raises
    ------
    ValueError
        Naming `who`, if the shape is wrong or a row is not a distribution.
    """
    matrix = np.asarray(probabilities, dtype=np.float64)
    if matrix.shape != shape:
        raise ValueError(f"{who} returned shape {matrix.shape}; expected {shape}")
    if not np.isfinite(matrix).all() or (matrix < 0).any():
        raise ValueError(f"{who} returned NaN, infinite or negative probabilities")
    if matrix.size and np.abs(matrix.sum(axis=1) - 1).max() > TOLERANCE:
        raise ValueError(f"{who} returned rows that do not sum to 1 within {TOLERANCE}")
    return matrix


def row_losses(probabilities: FloatArray, labels: NDArray[Any]) -> FloatArray:
    """Return the log loss of each row, in nats; probabilities under 2.2e-16 are read as that."""
    true_class = probabilities[np.arange(len(labels)), labels]
    losses: FloatArray = -np.log(np.maximum(true_class, SMALLEST))
    return losses
