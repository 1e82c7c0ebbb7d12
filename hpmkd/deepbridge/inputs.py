"""Which arguments of a DBDataset go together, and what its teacher was given to say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.probabilities import given_probabilities
from hpmkd.data.raw_rows import as_table
from hpmkd.deepbridge.frames import as_frame, columns_of
from hpmkd.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import FloatArray


def check_rows(data: Any, train_data: Any, test_data: Any) -> None:
    """Refuse rows in no form, and in two.

    Raises
    ------
    DataError
        If there are not either all rows, or those to train and those to test on.
    """
    if data is not None and (train_data is not None or test_data is not None):
        raise DataError(
            "got both data and train_data or test_data; expected all rows, or both parts"
        )
    if data is None and train_data is None and test_data is None:
        raise DataError(
            "got no rows; expected DBDataset(X, y, probabilities), "
            "DBDataset(data=frame, target_column=…), or train_data and test_data"
        )
    if (train_data is None) != (test_data is None):
        raise DataError("got one of train_data and test_data; expected both")


def check_probabilities(
    divided: bool, probabilities: Any, train_predictions: Any, test_predictions: Any
) -> None:
    """Refuse probabilities that are not of the rows that are given.

    Parameters
    ----------
    divided : bool
        Whether the rows are train_data and test_data.

    Raises
    ------
    DataError
        Saying how they are handed in.
    """
    if divided and probabilities is not None:
        raise DataError(
            "got probabilities with train_data and test_data; expected those of each part: "
            "train_predictions and test_predictions"
        )
    if not divided and not (train_predictions is None and test_predictions is None):
        raise DataError(
            "got train_predictions or test_predictions without train_data and test_data; expected "
            "probabilities, one row for each row of the data"
        )
    if train_predictions is None and test_predictions is not None:
        raise DataError(
            "got test_predictions without train_predictions; expected both: students learn from "
            "the training rows"
        )


def target_of(y: Any, target_column: Any, divided: bool) -> tuple[Any, str | None]:
    """Return labels, if they are given, and the name of their column, if it is.

    Raises
    ------
    DataError
        If two columns are named, or labels come beside rows that are divided.
    """
    target = None if target_column is None else str(target_column)
    if y is not None and np.isscalar(y):
        if target is not None and target != str(y):
            raise DataError(f"got y={y!r} and target_column={target_column!r}; expected one name")
        return None, str(y)
    if y is not None and divided:
        raise DataError(
            "got y with train_data and test_data; expected the labels as a column of both, and "
            "its name: target_column"
        )
    return y, target


def said(
    probabilities: Any,
    parts: tuple[Any, Any],
    names: Iterable[Any] | None,
    classes: NDArray[Any],
    sizes: tuple[int, ...],
) -> FloatArray | None:
    """Return what the teacher was given to say, of all rows or of the training rows alone.

    Parameters
    ----------
    probabilities : array-like of shape (n, K), optional
        Of all rows.
    parts : tuple
        Of the training and of the test rows; each may be None.
    names : iterable of str, optional
        Their columns in `parts`.
    classes : ndarray of shape (K,)
        The labels.
    sizes : tuple of int
        How many rows there are; of divided ones, in each part.

    Raises
    ------
    DataError
        If they are no probabilities of these rows.
    """
    if probabilities is not None:
        return given_probabilities(probabilities, classes, sum(sizes))
    known = []
    for what, part, n in zip(("train_predictions", "test_predictions"), parts, sizes, strict=False):
        if part is None:
            break
        if names is not None:
            part = columns_of(as_table(as_frame(part)), names, f"prob_cols of {what}")
        known.append(given_probabilities(part, classes, n, what))
    return np.vstack(known) if known else None
