"""Weights of rows: one for each, or one for each class. Only their ratios count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.data.dataset import Dataset
    from hpmkd.values import FloatArray, IntArray

#: Weights of the classes that make all classes weigh the same.
BALANCED = "balanced"


def as_weights(weights: Any, n: int) -> FloatArray:
    """Return weights as an array, or raise what is wrong with them.

    Parameters
    ----------
    weights : array-like of shape (n,) or (n, 1)
        As they came.
    n : int
        Rows of the table that they belong to.

    Returns
    -------
    ndarray of shape (n,)
        Finite, none negative, not all 0.

    Raises
    ------
    DataError
        If they are not one per row, or one is not a finite number of 0 or more, or all are 0.
    """
    given = weights.to_numpy() if hasattr(weights, "to_numpy") else weights
    if np.ma.is_masked(given):
        raise DataError(
            "weights: some are masked; expected a number for each row: give 0 to a row that "
            "should not count"
        )
    if np.asarray(given).dtype.kind == "c":
        raise DataError("weights: got complex numbers; expected numbers of 0 or more, one per row")
    try:
        values = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"weights: {error}; expected numbers, one per row") from error
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.shape != (n,):
        raise DataError(f"weights: got shape {values.shape}; expected {n}, one per row")
    wrong = np.flatnonzero(~((values >= 0) & np.isfinite(values)))
    if len(wrong):
        raise DataError(
            f"weights: {len(wrong)} of {n} are not finite numbers of 0 or more, the first in row "
            f"{wrong[0]}: {values[wrong[0]]}; give 0 to a row that should not count"
        )
    if not values.any():
        raise DataError(
            f"weights: all {n} are zero, so that no row counts; expected some above 0, or no "
            "weights at all"
        )
    return values


def positive_weights(weights: Any, n: int) -> tuple[IntArray | None, FloatArray | None]:
    """Return numbers and normalised weights of the rows whose weight is above 0.

    Both are None where they change nothing: if all rows count, or count the same.

    Raises
    ------
    DataError
        As :func:`as_weights`.
    """
    values = as_weights(weights, n)
    if values.all():
        return None, normalised(values)
    at = np.flatnonzero(values)
    return at, normalised(values[at])


def normalised(weights: FloatArray) -> FloatArray | None:
    """Return weights above 0 over their mean; None where all are equal.

    So neither survey weights of thousands nor shares that sum to 1 change what a ridge, or a
    least weight of a leaf, means; and equal weights change nothing, to the last bit.
    """
    if np.ptp(weights) == 0:
        return None
    # The largest first: a mean of very large weights would not be finite.
    shares = weights / weights.max()
    scaled: FloatArray = shares / shares.mean()
    return scaled


def weighed_by_class(dataset: Dataset, class_weight: Any) -> Dataset:
    """Return the same rows, their weights times those of their classes.

    Parameters
    ----------
    dataset : Dataset
        The rows, which may have weights of their own.
    class_weight : None, "balanced", or mapping of label to number
        "balanced" gives all classes the same weight in all. A label that is not named has 1.

    Raises
    ------
    DataError
        If it is something else, names a label that the rows do not have, or holds a weight that
        is not a finite number above 0.
    """
    if class_weight is None:
        return dataset
    own = np.ones(len(dataset)) if dataset.weights is None else dataset.weights
    of_class: FloatArray
    if isinstance(class_weight, str) and class_weight == BALANCED:
        totals = np.bincount(dataset.labels, weights=own, minlength=len(dataset.classes))
        of_class = 1.0 / totals
    elif isinstance(class_weight, Mapping):
        of_class = _of_mapping(class_weight, dataset.classes)
    else:
        raise DataError(
            f"class_weight: got {class_weight!r:.80}; expected None, {BALANCED!r}, or a dict of "
            "label to weight"
        )
    return replace(dataset, weights=normalised(own * of_class[dataset.labels]))


def _of_mapping(class_weight: Mapping[Any, Any], classes: NDArray[Any]) -> FloatArray:
    """Return the weight of each class; labels are matched by their text, as they are typed."""
    codes = {str(label): code for code, label in enumerate(classes.tolist())}
    unknown = [label for label in class_weight if str(label) not in codes]
    if unknown:
        raise DataError(
            f"class_weight: no row has the label {unknown[0]!r}; the labels are "
            f"{', '.join([*codes][:10])}"
        )
    found = np.ones(len(classes))
    for label, weight in class_weight.items():
        number = isinstance(weight, (int, float, np.number)) and not isinstance(weight, bool)
        if not number or not 0.0 < float(weight) < np.inf:
            raise DataError(
                f"class_weight: the weight of {label!r} is {weight!r}; expected a finite number "
                "above 0. Leave the rows out to do without a class"
            )
        found[codes[str(label)]] = weight
    return found
