"""Labels of any one type become class codes, or an error with the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import DataError
from hpmkd.student.columns.masked import unmasked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import IntArray

MAX_CLASSES = 50
LARGEST_LABEL = np.iinfo(np.int64).max


def as_labels(y: Any, n: int) -> NDArray[Any]:
    """Return labels as one array of one type.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, 1)
        As they came.
    n : int
        Rows of the table that they belong to.

    Raises
    ------
    DataError
        If they are not one per row, or some are missing or of another type than the rest.
    """
    import pandas as pd

    if y is None:
        raise DataError("got no labels; expected one per row")
    values: NDArray[Any]
    if hasattr(y, "to_pylist"):  # of Arrow, whose own to_numpy refuses text
        y = y.to_pandas()
    if hasattr(y, "to_numpy"):
        values = y.to_numpy()
    else:
        # As objects, for NumPy would turn a list of text and numbers into text.
        values = np.array(y, dtype=object) if isinstance(y, (list, tuple)) else unmasked(y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(f"labels: got shape {values.shape}; expected one label per row")
    if len(values) != n:
        raise DataError(f"labels: got {len(values)}; expected {n}, one per row")
    missing = pd.isna(values)
    if missing.any():
        first = int(np.flatnonzero(missing)[0])
        raise DataError(
            f"labels: {missing.sum()} of {n} are missing, the first in row {first}; drop those "
            "rows. In a CSV file the texts NA, None, null and the empty text are read as missing: "
            "if one of them is a class, give it another name"
        )
    if values.dtype == object:
        values = _of_one_type(values)
    if values.dtype.kind == "u" and values.max() > LARGEST_LABEL:
        raise _too_large(values.max())
    if values.dtype.kind == "f" and values.dtype.itemsize > 8:  # a student's file knows none such
        values = values.astype(np.float64)
    # Files of other machines hold their bytes in another order, which few libraries read.
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _of_one_type(values: NDArray[Any]) -> NDArray[Any]:
    kinds = {type(value) for value in values}
    if kinds <= {bool, np.bool_}:
        return values.astype(bool)
    if bool not in kinds and all(issubclass(kind, (int, np.integer)) for kind in kinds):
        largest = max(values, key=abs)
        if abs(int(largest)) > LARGEST_LABEL:
            raise _too_large(largest)
        return values.astype(np.int64)
    numbers = (int, float, np.integer, np.floating)
    if bool not in kinds and all(issubclass(kind, numbers) for kind in kinds):
        return values.astype(np.float64)
    if all(issubclass(kind, str) for kind in kinds):
        _refuse_nul_at_end(values)
        return values.astype(str)
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise DataError(f"labels: got a mix of types ({names}); expected one: convert with astype(str)")


def _refuse_nul_at_end(values: NDArray[Any]) -> None:
    at = [row for row, label in enumerate(values) if label.endswith("\0")]
    if at:
        raise DataError(
            f"labels: {len(at)} end in the character NUL, the first in row {at[0]}: "
            f"{values[at[0]]!r}; NumPy would drop it and merge classes: remove it with "
            "rstrip('\\0'), or put another character in its place"
        )


def _too_large(label: Any) -> DataError:
    return DataError(
        f"labels: got the integer {label}; expected at most {LARGEST_LABEL} (64 bits). If they are "
        "names rather than numbers, convert them with astype(str)"
    )


def classes_of(labels: NDArray[Any]) -> NDArray[Any]:
    """Return the distinct labels, sorted.

    Raises
    ------
    DataError
        If there are too few or too many, or they are of a type that is not a class.
    """
    if labels.dtype.kind not in "biufU":
        raise DataError(
            f"labels: got {labels.dtype}; expected strings, integers, floats or booleans"
        )
    if labels.dtype.kind == "f" and np.isinf(labels).any():
        raise DataError("labels: got infinite values; expected one class per row")
    classes = np.unique(labels)
    if len(classes) == 1:
        only = classes[0].item()
        raise DataError(
            f"labels: all rows are of the class {only!r}; expected at least two classes"
        )
    if len(classes) > MAX_CLASSES:
        looks = " They look like measurements:" if labels.dtype.kind == "f" else ""
        raise DataError(
            f"labels: got {len(classes)} classes; expected at most {MAX_CLASSES}.{looks} "
            "is this a regression target? Put it into bins, or merge rare classes"
        )
    return classes


def codes_of(labels: NDArray[Any], classes: NDArray[Any]) -> IntArray:
    """Return the position of each label among the classes.

    Raises
    ------
    DataError
        If a label is none of them.
    """
    if labels.dtype.kind != classes.dtype.kind and "U" in (labels.dtype.kind, classes.dtype.kind):
        labels, classes = labels.astype(str), classes.astype(str)
    order = np.argsort(classes, kind="stable")
    at = np.searchsorted(classes, labels, sorter=order).clip(max=len(classes) - 1)
    codes = order[at]
    unknown = classes[codes] != labels
    n = int(unknown.sum())
    if n:
        strange = ", ".join(map(repr, np.unique(labels[unknown])[:5].tolist()))
        known = ", ".join(map(repr, classes[:10].tolist()))
        raise DataError(
            f"labels: {n} {'row has' if n == 1 else 'rows have'} classes unseen in training: "
            f"{strange}; expected one of {known}"
        )
    int_codes: IntArray = codes.astype(np.int64)
    return int_codes
