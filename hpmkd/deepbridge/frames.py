"""Frames in the forms that DeepBridge takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from hpmkd.data.raw_rows import aligned, as_table, unknown_column
from hpmkd.errors import DataError


def opened(data: Any, features: Sequence[str] | None) -> tuple[Any, Any]:
    """Return a table, and the labels that a Bunch has of its own (else None).

    Parameters
    ----------
    data : DataFrame, array-like or scikit-learn Bunch
        Rows.
    features : sequence of str, optional
        Names for the columns of an array, if there is one for each.
    """
    labels, names = None, features
    if not hasattr(data, "columns") and hasattr(data, "data") and hasattr(data, "target"):
        labels, names = data.target, getattr(data, "feature_names", features)
        data = data.data
    table = as_table(data)
    if not hasattr(table, "columns") and names is not None and len(names) == table.shape[1]:
        table = as_table(as_frame(table, names))
    return table, labels


def labelled(table: Any, y: Any, target: str | None) -> tuple[Any, str]:
    """Return labels, and the name of their column.

    Parameters
    ----------
    table : DataFrame or ndarray
        The rows.
    y : array-like of shape (n,), optional
        The labels, unless they are a column of the rows.
    target : str, optional
        What their column is called.
    """
    if y is None and target is None:
        raise DataError(
            "got no labels; expected DBDataset(X, y, …), or the name of their column: target_column"
        )
    if y is None:
        return columns_of(table, [target], "target_column").iloc[:, 0], str(target)
    columns = getattr(table, "columns", ())
    if target is None:
        return y, free_name("target", columns)
    if target in columns:
        raise DataError(
            f"got labels and target_column {target!r}, which is a column of the rows; expected "
            "one of them"
        )
    return y, target


def columns_of(table: Any, names: Iterable[Any], what: str) -> Any:
    """Return some columns of a table; `what` asks for them, for the error."""
    if not hasattr(table, "columns"):
        raise DataError(
            f"{what}: got an array of {table.shape[1]} columns without names; expected a "
            "DataFrame, or the labels as y and one name for each column as features"
        )
    names = names_of(names, what)
    for name in names:
        if name not in table.columns:
            raise DataError(f"{what}: {unknown_column(table, name)}")
    return table[names]


def names_of(names: Any, what: str) -> list[str]:
    """Return names of columns as text, as tables have them; one may stand alone."""
    if np.isscalar(names):
        return [str(names)]
    try:
        return [str(name) for name in names]
    except TypeError as error:
        raise DataError(f"{what}: got {type(names).__name__}; expected names of columns") from error


def as_frame(data: Any, names: Sequence[str] | None = None) -> Any:
    """Return rows as a frame, whose columns are called `names` if it had none."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    try:
        return pd.DataFrame(data, columns=None if names is None else list(names))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"got {type(data).__name__}, which is no table: {error}; expected a DataFrame"
        ) from error


def joined(train: Any, test: Any) -> Any:
    """Return training rows and, below them, the same columns of test rows."""
    import pandas as pd

    first = as_table(as_frame(train))
    second = aligned(as_table(as_frame(test)), first)
    both = pd.concat([first, second], ignore_index=True)
    for name in both.columns:
        if isinstance(first[name].dtype, pd.CategoricalDtype):
            # Of two sets of categories pandas makes objects.
            both[name] = both[name].astype("category")
    return both


def categorised(table: Any, names: Sequence[str] | None, most: int | None) -> Any:
    """Return a table in which some columns are categories.

    Parameters
    ----------
    names : sequence of str, optional
        Which.
    most : int, optional
        Where no names are given: those of at most so many different values.
    """
    if names is None and most is None:
        return table
    if names is not None:
        chosen = list(columns_of(table, names, "categorical_features").columns)
    else:
        table = as_frame(table, [f"x{at}" for at in range(table.shape[1])]).infer_objects()
        chosen = [name for name in table.columns if table[name].nunique() <= most]
    return table.astype(dict.fromkeys(chosen, "category"))


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return a name that none of a table's columns has."""
    while name in taken:
        name += "_"
    return name
