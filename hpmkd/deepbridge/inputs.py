"""Inputs of a DBDataset: rows, labels and probabilities in DeepBridge's forms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.probabilities import given_probabilities
from hpmkd.data.raw_rows import aligned, as_table, unknown_column
from hpmkd.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import FloatArray

#: What DeepBridge's own DBDataset must have.
FOREIGN = ("train_data", "test_data", "features", "target_name")


def check_combination(given: AbstractSet[str]) -> None:
    """Refuse arguments of a DBDataset, by name, that contradict each other."""
    divided = "data" not in given
    parts = given & {"train_data", "test_data"}
    predictions = given & {"train_predictions", "test_predictions"}
    problems = {
        "got both data and train_data or test_data; expected all rows, or both parts": parts
        and not divided,
        "got no rows; expected DBDataset(X, y, probabilities), DBDataset(data=frame, "
        "target_column=…), or train_data and test_data": divided and not parts,
        "got one of train_data and test_data; expected both": len(parts) == 1,
        "got probabilities with train_data and test_data; expected those of each part: "
        "train_predictions and test_predictions": divided and "probabilities" in given,
        "got train_predictions or test_predictions without train_data and test_data; expected "
        "probabilities, one row for each row of the data": predictions and not divided,
        "got test_predictions without train_predictions; expected both: students learn from the "
        "training rows": predictions == {"test_predictions"},
        "got y with train_data and test_data; expected the labels as a column of both, and its "
        "name: target_column": divided and "y" in given,
        "got prob_cols and probabilities; expected one of them": given
        >= {"prob_cols", "probabilities"},
        "got model and model_path; expected one of them": given >= {"model", "model_path"},
    }
    for problem, found in problems.items():
        if found:
            raise DataError(problem)


def is_share(value: Any) -> bool:
    """Return whether a value is a number between 0 and 1."""
    return isinstance(value, Real) and not isinstance(value, bool) and 0 < float(value) < 1


# -------------------------------------------------------------------------------- rows


def read_rows(data: Any, features: Sequence[Any] | None) -> tuple[Any, Any]:
    """Return a table, and the labels that a Bunch has of its own (else None).

    The features name the columns of an array, if there is one for each.
    """
    labels, names = None, features
    if not hasattr(data, "columns") and hasattr(data, "data") and hasattr(data, "target"):
        labels, names = data.target, getattr(data, "feature_names", features)
        data = data.data
    table = as_table(data)
    if not hasattr(table, "columns") and names is not None and len(names) == table.shape[1]:
        table = as_table(_as_frame(table, names))
    return table, labels


def join_parts(train: Any, test: Any) -> Any:
    """Return training rows and, below them, the same columns of test rows."""
    import pandas as pd

    first = as_table(_as_frame(train))
    second = aligned(as_table(_as_frame(test)), first)
    both = pd.concat([first, second], ignore_index=True)
    # Of two sets of categories pandas makes objects.
    categories = first.select_dtypes("category").columns
    return both.astype(dict.fromkeys(categories, "category"))


def columns_of(table: Any, names: Any, argument: str) -> Any:
    """Return some columns of a table; `argument` names them, for the error."""
    if not hasattr(table, "columns"):
        raise DataError(
            f"{argument}: got an array of {table.shape[1]} columns without names; expected a "
            "DataFrame, or the labels as y and one name for each column as features"
        )
    names = names_of(names, argument)
    for name in names:
        if name not in table.columns:
            raise DataError(f"{argument}: {unknown_column(table, name)}")
    return table[names]


def names_of(names: Any, argument: str) -> list[str]:
    """Return names of columns as text, as tables have them; one may stand alone."""
    if np.isscalar(names):
        return [str(names)]
    try:
        return [str(name) for name in names]
    except TypeError as error:
        raise DataError(
            f"{argument}: got {type(names).__name__}; expected names of columns"
        ) from error


def feature_columns(
    table: Any, features: Sequence[Any] | None, prob_cols: Sequence[Any] | None, target: str
) -> Any:
    """Return the columns to learn from: those named, or all but labels and probabilities."""
    if not hasattr(table, "columns"):
        return table if features is None else columns_of(table, features, "features")
    taken = [] if prob_cols is None else names_of(prob_cols, "prob_cols")
    if target in taken:
        raise DataError(f"prob_cols: {target} holds the labels")
    taken.append(target)
    if features is None:
        features = [name for name in table.columns if name not in taken]
    both = sorted({*taken} & {*names_of(features, "features")})
    if both:
        names = ", ".join(both)
        raise DataError(f"features: {names} holds the labels or the teacher's probabilities")
    return as_table(columns_of(table, features, "features"))


def with_categories(table: Any, names: Sequence[Any] | None, most: Any) -> Any:
    """Return a table in which some columns are categories.

    Those named or, without names, those of at most so many different values.
    """
    counted = isinstance(most, Integral) and not isinstance(most, bool)
    if most is not None and (not counted or most < 1):
        raise DataError(f"max_categories: got {most!r}; expected an integer of 1 or more")
    if names is not None:
        chosen = list(columns_of(table, names, "categorical_features").columns)
    elif most is not None:
        table = _as_frame(table, [f"x{at}" for at in range(table.shape[1])]).infer_objects()
        chosen = [name for name in table.columns if table[name].nunique() <= most]
    else:
        return table
    return table.astype(dict.fromkeys(chosen, "category"))


def _as_frame(data: Any, names: Sequence[Any] | None = None) -> Any:
    """Return rows as a frame, with `names` for its columns if it had none."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    try:
        return pd.DataFrame(data, columns=None if names is None else list(names))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"got {type(data).__name__}, which is no table: {error}; expected a DataFrame"
        ) from error


# ------------------------------------------------------------- labels and probabilities


def read_target(y: Any, target_column: Any) -> tuple[Any, str | None]:
    """Return the labels, if they are given, and the name of their column, if it is."""
    target = None if target_column is None else str(target_column)
    if y is None or not np.isscalar(y):
        return y, target
    if target not in (None, str(y)):
        raise DataError(f"got y={y!r} and target_column={target_column!r}; expected one name")
    return None, str(y)


def read_labels(table: Any, y: Any, target: str | None) -> tuple[Any, str]:
    """Return the labels, of a column unless they are given, and the name of their column."""
    if y is None and target is None:
        raise DataError(
            "got no labels; expected DBDataset(X, y, …), or the name of their column: target_column"
        )
    if y is None:
        return columns_of(table, [target], "target_column").iloc[:, 0], str(target)
    columns = getattr(table, "columns", ())
    if target is None:
        target = "target"
        while target in columns:
            target += "_"
    elif target in columns:
        raise DataError(
            f"got labels and target_column {target!r}, which is a column of the rows; expected "
            "one of them"
        )
    return y, target


def read_predictions(
    parts: tuple[Any, Any],
    names: Iterable[Any] | None,
    classes: NDArray[Any],
    sizes: tuple[int, int],
) -> FloatArray:
    """Return the probabilities of both parts, or of the training rows alone.

    Each part has its own number of rows; `names` are the columns to read, if not all.
    """
    known = []
    for argument, part, n in zip(
        ("train_predictions", "test_predictions"), parts, sizes, strict=True
    ):
        if part is None:
            continue
        if names is not None:
            part = columns_of(as_table(_as_frame(part)), names, f"prob_cols of {argument}")
        known.append(given_probabilities(part, classes, n, argument))
    return np.vstack(known)


# ------------------------------------------------------------------ DeepBridge's own


def arguments_of(dataset: Any) -> dict[str, Any]:
    """Return what makes a DBDataset of DeepBridge's own one, which is never imported.

    That one has divided its rows already, and keeps its own division. Where it has a model,
    the model teaches: its probabilities were made by it.
    """
    missing = [name for name in FOREIGN if not hasattr(dataset, name)]
    if missing:
        raise DataError(
            f"dataset: got {type(dataset).__name__}, which has no {', '.join(missing)}; expected "
            "a DBDataset: hpmkd.DBDataset(X, y, probabilities)"
        )
    features, target = list(dataset.features), dataset.target_name
    model = getattr(dataset, "model", None)
    train, test = (None, None) if model is not None else _foreign_predictions(dataset)
    return {
        "train_data": dataset.train_data[[*features, target]],
        "test_data": dataset.test_data[[*features, target]],
        "target_column": target,
        "features": features,
        "train_predictions": train,
        "test_predictions": test,
        "model": model,
    }


def _foreign_predictions(dataset: Any) -> tuple[Any, Any]:
    """Return the probabilities of the training and of the test rows, where there are some."""
    train = getattr(dataset, "train_predictions", None)
    if train is not None:
        return train, getattr(dataset, "test_predictions", None)
    both = getattr(dataset, "original_prob", None)
    if both is None or len(both) == 0:
        return None, None
    n_train, n_test = len(dataset.train_data), len(dataset.test_data)
    if len(both) not in (n_train, n_train + n_test):
        raise DataError(
            f"dataset.original_prob: got {len(both)} rows; expected {n_train} of training and "
            f"{n_test} of test"
        )
    # In DeepBridge's order: first the training rows, then the test rows.
    return both.iloc[:n_train], both.iloc[n_train:] if len(both) > n_train else None
