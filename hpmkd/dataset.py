"""What a user hands in becomes a dataset: checked, labels coded, nothing else changed."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import splits, tables
from hpmkd.errors import DataError
from hpmkd.values import DataFacts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import IntArray

MAX_CLASSES = 50
MIN_ROWS = 10
LARGEST = float(np.finfo(np.float32).max)


class DataWarning(UserWarning):
    """The data can be used, but something about it deserves a look."""


@dataclass(frozen=True)
class Dataset:
    """Rows with labels.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n, d)
        Raw columns, as they came.
    labels : ndarray of shape (n,)
        Class codes 0 … K-1.
    classes : ndarray of shape (K,)
        The labels behind the codes, sorted.
    """

    table: Any
    labels: IntArray
    classes: NDArray[Any]

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, rows: IntArray) -> Dataset:
        """Return the dataset of some rows, by position."""
        return Dataset(tables.take(self.table, rows), self.labels[rows], self.classes)

    @property
    def facts(self) -> DataFacts:
        """Size of the problem."""
        return DataFacts(len(self), self.table.shape[1], len(self.classes))

    @property
    def digest(self) -> str:
        """Digest of table and labels."""
        return tables.digest(self.table, self.labels, self.classes)


def make_dataset(X: Any, y: Any, classes: NDArray[Any] | None = None) -> Dataset:
    """Check raw rows and labels.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
        Numbers, booleans, strings, categories, missing values, in any mix.
    y : array-like of shape (n,), or str
        Labels of any one type, or the name of their column in `X`.
    classes : ndarray of shape (K,), optional
        The labels allowed (those of the training rows); by default those in `y`.

    Raises
    ------
    DataError
        Saying what is wrong with rows or labels and what to do about it.
    """
    table, y = _split_target(as_table(X), y)
    n = table.shape[0]
    labels = _as_labels(y, n)
    if classes is not None:
        return Dataset(table, _codes(labels, classes), classes)
    if n < MIN_ROWS:
        raise DataError(f"got {n} rows; expected at least {MIN_ROWS} to train and to measure")
    classes = _classes_of(labels)
    _warn_of_dull_columns(table)
    return Dataset(table, _codes(labels, classes), classes)


def separate_test(dataset: Dataset, size: float, seed: int) -> tuple[IntArray, IntArray]:
    """Return the row numbers to train on and those to measure on."""
    train, test = splits.holdout(dataset.labels, size, seed)
    if len(test) == 0:
        raise DataError(
            f"got {len(dataset)} rows, too few to keep {size:.0%} for the test; "
            "hand in test rows of their own (--test FILE)"
        )
    return train, test


def warn_of_rare_classes(dataset: Dataset, n_folds: int) -> None:
    """Warn of classes with fewer rows than the teachers have folds."""
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    rare = [f"{dataset.classes[k]} ({counts[k]})" for k in np.flatnonzero(counts < n_folds)]
    if rare:
        warnings.warn(
            f"classes with fewer rows than the {n_folds} folds: {', '.join(rare[:5])}; some folds "
            "train without them and their scores mean little: collect more rows or merge them",
            DataWarning,
            stacklevel=2,
        )


def as_table(X: Any) -> Any:
    """Return raw rows as a frame or a two-dimensional array; refuse what is neither."""
    import pandas as pd

    if hasattr(X, "toarray"):
        raise DataError("got a sparse matrix; expected a dense one: pass X.toarray()")
    if isinstance(X, pd.Series):
        raise DataError("got one column; expected rows × columns: pass X.to_frame()")
    table = X if isinstance(X, (pd.DataFrame, np.ndarray)) else np.asarray(X)
    if table is not X and table.dtype.kind in "US":
        table = np.array(X, dtype=object)  # numbers among text stay numbers
    if table.ndim != 2:
        raise DataError(f"got rows of shape {table.shape}; expected rows × columns (X.reshape?)")
    if table.shape[0] == 0 or table.shape[1] == 0:
        raise DataError(
            f"the data is empty: got {table.shape[0]} rows and {table.shape[1]} columns"
        )
    if isinstance(table, pd.DataFrame):
        table = table.set_axis(table.columns.map(str), axis=1).reset_index(drop=True)
        repeated = table.columns[table.columns.duplicated()].unique()
        if len(repeated):
            raise DataError(
                f"column names appear twice: {', '.join(repeated)}; rename or drop them"
            )
    _refuse_infinite(table)
    return table


def _refuse_infinite(table: Any) -> None:
    if isinstance(table, np.ndarray):
        if table.dtype.kind != "f":
            return
        infinite = _too_large(table).sum(axis=0)
        names = [f"column {at}" for at in range(table.shape[1])]
    else:
        numbers = table.select_dtypes("floating")
        infinite = np.array([_too_large(numbers[name].to_numpy(float)).sum() for name in numbers])
        names = list(numbers.columns)
    if infinite.any():
        at = int(np.flatnonzero(infinite)[0])
        raise DataError(
            f"{names[at]} holds {infinite[at]} cells that are infinite or beyond {LARGEST:.1e}; "
            "replace them with NaN (missing) or with a largest value that makes sense"
        )


def _too_large(cells: NDArray[Any]) -> NDArray[np.bool_]:
    # Trees compare in single precision, where a larger value is infinite.
    return np.asarray(np.abs(cells) > np.float64(LARGEST))


def _split_target(table: Any, y: Any) -> tuple[Any, Any]:
    if not isinstance(y, str):
        return table, y
    if not hasattr(table, "columns"):
        raise DataError(f"got the target {y!r} by name, but the rows are an array without names")
    if y not in table.columns:
        import difflib

        folded = {name.casefold(): name for name in table.columns}
        close = difflib.get_close_matches(y.casefold(), folded, n=1)
        hint = f"; did you mean {folded[close[0]]!r}?" if close else "."
        known = ", ".join(map(str, table.columns[:20]))
        raise DataError(f"no column is called {y!r}{hint} Columns: {known}")
    if table.shape[1] == 1:
        raise DataError(f"the data has no column beside the target {y!r}")
    return table.drop(columns=y), table[y]


def _as_labels(y: Any, n: int) -> NDArray[Any]:
    import pandas as pd

    if y is None:
        raise DataError("got no labels; expected one per row")
    values: NDArray[Any]
    if hasattr(y, "to_numpy"):
        values = y.to_numpy()
    else:
        # As objects, for NumPy would turn a list of text and numbers into text.
        values = np.array(y, dtype=object) if isinstance(y, (list, tuple)) else np.asarray(y)
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
            f"labels: {missing.sum()} of {n} are missing, the first in row {first}; drop those rows"
        )
    if values.dtype == object:
        values = _of_one_type(values)
    return values


def _of_one_type(values: NDArray[Any]) -> NDArray[Any]:
    kinds = {type(value) for value in values}
    if kinds <= {bool, np.bool_}:
        return values.astype(bool)
    if bool not in kinds and all(issubclass(kind, (int, np.integer)) for kind in kinds):
        return values.astype(np.int64)
    numbers = (int, float, np.integer, np.floating)
    if bool not in kinds and all(issubclass(kind, numbers) for kind in kinds):
        return values.astype(np.float64)
    if all(issubclass(kind, str) for kind in kinds):
        return values.astype(str)
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise DataError(f"labels: got a mix of types ({names}); expected one: convert with astype(str)")


def _classes_of(labels: NDArray[Any]) -> NDArray[Any]:
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


def _codes(labels: NDArray[Any], classes: NDArray[Any]) -> IntArray:
    if labels.dtype.kind != classes.dtype.kind and "U" in (labels.dtype.kind, classes.dtype.kind):
        labels, classes = labels.astype(str), classes.astype(str)
    order = np.argsort(classes, kind="stable")
    at = np.searchsorted(classes, labels, sorter=order).clip(max=len(classes) - 1)
    codes = order[at]
    unknown = classes[codes] != labels
    if unknown.any():
        strange = ", ".join(map(repr, np.unique(labels[unknown])[:5].tolist()))
        known = ", ".join(map(repr, classes[:10].tolist()))
        raise DataError(
            f"labels: {unknown.sum()} rows have classes unseen in training: {strange}; "
            f"expected one of {known}"
        )
    int_codes: IntArray = codes.astype(np.int64)
    return int_codes


def _warn_of_dull_columns(table: Any) -> None:
    import pandas as pd

    frame = pd.DataFrame(table)
    distinct = frame.nunique(dropna=False)
    missing = frame.columns[frame.isna().all()]
    constant = [name for name in frame.columns[distinct <= 1] if name not in set(missing)]
    for names, problem in ((missing, "are missing in every row"), (constant, "never change")):
        if len(names):
            shown = ", ".join(map(str, names[:10])) + (" …" if len(names) > 10 else "")
            warnings.warn(
                f"columns that {problem}: {shown}; they teach nothing, drop them to save space",
                DataWarning,
                stacklevel=4,
            )
