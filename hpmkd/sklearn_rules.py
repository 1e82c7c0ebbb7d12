"""scikit-learn's rules for rows, labels and seeds, and its way to refuse them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, check_array, column_or_1d, validate_data

from hpmkd.data.labels import as_labels
from hpmkd.data.make_dataset import MIN_ROWS
from hpmkd.data.seeds import as_seed
from hpmkd.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Drawn from a RandomState: what every library accepts as a seed.
SEEDS = 2**31 - 1


class InputError(DataError, ValueError):
    """A DataError that scikit-learn's tools know as a ValueError."""


@contextmanager
def data_errors_as_value_errors() -> Iterator[None]:
    """Raise a DataError as an :class:`InputError`."""
    try:
        yield
    except DataError as error:
        raise InputError(str(error)) from error


def checked_rows(estimator: Any, X: Any, *, fitting: bool) -> Any:
    """Return raw rows; a frame stays one, because its columns have types.

    In fitting, the estimator gets ``n_features_in_`` and ``feature_names_in_``; later rows are
    compared with them. A ValueError refuses rows that are not a table, too few, sparse, complex or
    infinite, or have other columns.
    """
    import pandas as pd

    least = MIN_ROWS if fitting else 1
    rows = X
    if not isinstance(X, pd.DataFrame):
        rows = check_array(
            X,
            dtype=None,
            ensure_all_finite="allow-nan",
            ensure_min_samples=least,
            estimator=estimator,
            input_name="X",
        )
        if isinstance(X, (list, tuple)) and rows.dtype.kind in "US":
            # As objects, so that numbers among text stay numbers.
            rows = np.array(X, dtype=object)
    elif len(X) < least:
        raise DataError(f"X: got {len(X)} sample(s); expected at least {least}")
    validate_data(estimator, X, reset=fitting, skip_check_array=True)
    return rows


def checked_labels(y: Any) -> NDArray[Any]:
    """Return labels as an array of shape (n,), in the type they came in.

    A ValueError refuses none, missing ones, measurements, and fewer than two rows per class.
    """
    if y is None:
        raise DataError(
            "got no labels: a classifier requires y to be passed, but the target y is None"
        )
    labels = np.asarray(column_or_1d(y, warn=True))
    as_labels(labels, len(labels))
    assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    n_classes = len(np.unique(labels))
    if n_classes > 1 and len(labels) < 2 * n_classes:
        raise DataError(
            f"labels: got {n_classes} classes in {len(labels)} rows; expected two rows or more "
            "per class, to learn from and to measure on: collect rows or merge classes"
        )
    return labels


def seed_of(random_state: Any) -> int:
    """Return the seed that a ``random_state`` means: None is 0, a RandomState draws one."""
    if random_state is None:
        return 0
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(SEEDS))
    return as_seed(random_state, "random_state")
