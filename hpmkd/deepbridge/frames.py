"""Frames in the forms that DeepBridge takes them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from hpmkd.errors import DataError
from hpmkd.rows import as_table


def opened(data: Any, y: Any, features: Sequence[str] | None) -> tuple[Any, Any]:
    """Return a table and its labels, or the name of their column.

    Parameters
    ----------
    data : DataFrame, array-like or scikit-learn Bunch
        Rows; a Bunch has labels of its own.
    y : array-like of shape (n,) or str
        Labels, or the name of their column.
    features : sequence of str, optional
        Names for the columns of an array.
    """
    bunch = not hasattr(data, "columns") and hasattr(data, "data") and hasattr(data, "target")
    if bunch:
        if features is None:
            features = [str(name) for name in getattr(data, "feature_names", ())]
        return opened(data.data, data.target, features)
    table = as_table(data)
    if y is None:
        raise DataError(
            "got no labels; expected DBDataset(X, y, …), or the name of their column: target_column"
        )
    if hasattr(table, "columns") or not (isinstance(y, str) or features):
        return table, y
    if features is None or table.shape[1] != len(features):
        raise DataError(
            f"got an array of {table.shape[1]} columns without names; expected a DataFrame, or "
            "the labels as y and one name for each column as features"
        )
    return as_frame(table, features), y


def columns_of(table: Any, names: Sequence[str], what: str) -> Any:
    """Return some columns of a frame; `what` asks for them, for the error."""
    if isinstance(names, str):
        names = [names]
    for name in names:
        if name not in table.columns:
            close = difflib.get_close_matches(str(name), map(str, table.columns), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            known = ", ".join(map(str, table.columns[:20]))
            raise DataError(f"{what}: no column is called {name!r}{hint} Columns: {known}")
    return table[list(names)]


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


def joined(first: Any, second: Any) -> Any:
    """Return the rows of two frames, one below the other; the first alone if that is all."""
    import pandas as pd

    if first is None or second is None:
        return first
    parts = [as_frame(first), as_frame(second)]
    if list(parts[0].columns) != list(parts[1].columns):
        missing = parts[0].columns.difference(parts[1].columns)
        if len(missing):
            raise DataError(f"the test rows lack the columns {', '.join(map(str, missing[:10]))}")
        parts[1] = parts[1][list(parts[0].columns)]
    both = pd.concat(parts, ignore_index=True)
    for name in both.columns:
        if isinstance(parts[0][name].dtype, pd.CategoricalDtype):
            # Of two sets of categories pandas makes objects.
            both[name] = both[name].astype("category")
    return both


def categorised(table: Any, names: Iterable[str]) -> Any:
    """Return a table in which the columns of these names are categories."""
    names = list(names)
    if not names:
        return table
    columns = getattr(table, "columns", ())
    strange = [name for name in names if name not in columns]
    if strange:
        raise DataError(
            f"categorical_features: no column to learn from is called "
            f"{', '.join(map(repr, strange[:10]))}. Columns: {', '.join(map(str, columns[:20]))}"
        )
    return table.astype(dict.fromkeys(names, "category"))


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return a name that none of a table's columns has."""
    while name in taken:
        name += "_"
    return name
