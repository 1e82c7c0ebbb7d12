"""DBDataset: rows, labels and their teacher's probabilities, by the names of DeepBridge."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.dataset import Dataset, separate_test
from hpmkd.data.labels import as_labels, classes_of, codes_of
from hpmkd.data.probabilities import given_probabilities
from hpmkd.data.seeds import Seeds, as_seed
from hpmkd.deepbridge import inputs
from hpmkd.errors import DataError, RecipeError, TeacherError
from hpmkd.knowledge.loading import load_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import FloatArray, IntArray

PARTS = ("train", "test")


@dataclass(frozen=True)
class Division:
    """The rows to learn from and to measure on, with the probabilities given for them."""

    X_train: Any
    y_train: NDArray[Any]
    X_test: Any
    y_test: NDArray[Any]
    given_train: FloatArray | None
    given_test: FloatArray | None


class DBDataset:
    """Rows with labels and, if there is one, their teacher.

    Parameters
    ----------
    data : DataFrame, array-like or scikit-learn Bunch, optional
        All rows. Either these, or `train_data` and `test_data`.
    y : array-like of shape (n,) or str, optional
        Their labels, or the name of their column.
    probabilities : DataFrame or array-like of shape (n, K), or (n,) if K = 2, optional
        A teacher's probabilities for the rows.
    train_data, test_data : DataFrame, optional
        Rows that are divided already, with their labels.
    target_column : str, optional
        The column of the labels.
    features : sequence of str, optional
        The columns to learn from; by default all others.
    prob_cols : sequence of str, optional
        The columns that hold a teacher's probabilities: of the data, or of
        `train_predictions` and `test_predictions`.
    train_predictions, test_predictions : DataFrame, optional
        Probabilities of rows that are divided already; those of the test rows may be unknown.
    model : classifier, optional
        The teacher: fitted, or to be cross-fitted.
    model_path : path, optional
        A file of it, written by skops. A pickle is refused, because loading one runs its code.
    categorical_features : sequence of str, optional
        Columns that are categories, whatever type they have.
    max_categories : int, optional
        Where none are named: columns of at most so many different values are categories.
    dataset_name : str, optional
        A name to show.
    test_size, random_state : optional
        How :class:`~hpmkd.AutoDistiller` divides these rows, whatever its own arguments are:
        a share between 0 and 1, and an integer of 0 or more.

    Raises
    ------
    HpmkdError
        The message gives what cannot be used, and what to do about it.

    Notes
    -----
    Names of columns are text here: a column 13 of a frame is called ``13``; arguments may name
    it as either.
    """

    def __init__(
        self,
        data: Any = None,
        y: Any = None,
        probabilities: Any = None,
        *,
        train_data: Any = None,
        test_data: Any = None,
        target_column: Any = None,
        features: Sequence[Any] | None = None,
        prob_cols: Sequence[Any] | None = None,
        train_predictions: Any = None,
        test_predictions: Any = None,
        model: Any = None,
        model_path: str | PathLike[str] | None = None,
        categorical_features: Sequence[Any] | None = None,
        max_categories: int | None = None,
        dataset_name: str | None = None,
        test_size: float | None = None,
        random_state: int | None = None,
    ) -> None:
        y, target = inputs.read_target(y, target_column)
        inputs.check_combination({name for name, value in locals().items() if value is not None})
        check_division(test_size, random_state)
        self.dataset_name = dataset_name
        self.test_size, self.random_state = test_size, random_state
        # Training and test rows, once they are divided.
        self._division: tuple[IntArray, IntArray] | None = None
        self._divided_already = data is None
        if data is None:
            data = inputs.join_parts(train_data, test_data)
            rows = np.arange(len(data))
            self._division = rows[: len(train_data)], rows[len(train_data) :]
        table, own = inputs.read_rows(data, features)
        y, self.target_name = inputs.read_labels(table, own if y is None else y, target)
        chosen = inputs.feature_columns(table, features, prob_cols, self.target_name)
        self.X = inputs.with_categories(chosen, categorical_features, max_categories)
        self._labels = as_labels(y, len(self.X))
        self._classes = classes_of(self._labels)
        self._given: FloatArray | None = None
        if train_predictions is not None:
            parts, sizes = (train_predictions, test_predictions), (len(train_data), len(test_data))
            self._given = inputs.read_predictions(parts, prob_cols, self._classes, sizes)
        elif prob_cols is not None:
            probabilities = inputs.columns_of(table, prob_cols, "prob_cols")
        if probabilities is not None:
            self._given = given_probabilities(probabilities, self._classes, len(self))
        self.model: Any = None
        if model_path is not None:
            model = _load(model_path, "model_path")
        if model is not None:
            self.set_model(model)

    def __len__(self) -> int:
        return len(self._labels)

    def __repr__(self) -> str:
        model = "none" if self.model is None else type(self.model).__name__
        return (
            f"<DBDataset {self.dataset_name or ''}: {len(self)} rows, {self.X.shape[1]} columns, "
            f"{len(self._classes)} classes; teacher: "
            f"{model if self._given is None else 'probabilities'}>"
        )

    def set_model(self, model_or_path: Any) -> None:
        """Take a classifier, or the skops file of one, as the teacher."""
        if isinstance(model_or_path, (str, PathLike)):
            model_or_path = _load(model_or_path, "model")
        if not hasattr(model_or_path, "predict_proba"):
            raise TeacherError(
                f"model: got {type(model_or_path).__name__}, which has no predict_proba; expected "
                "a classifier"
            )
        self.model = model_or_path

    # ----------------------------------------------------------------- columns and labels

    @property
    def features(self) -> list[str]:
        """The names of the columns to learn from; of an array, x0, x1, …."""
        columns = getattr(self.X, "columns", None)
        return list(columns) if columns is not None else [f"x{at}" for at in range(self.X.shape[1])]

    @property
    def target(self) -> Any:
        """The labels, as a series."""
        import pandas as pd

        return pd.Series(self._labels, name=self.target_name)

    @property
    def categorical_features(self) -> list[str]:
        """The names of the columns without numbers, or declared to be categories."""
        numerical = set(self.numerical_features)
        return [name for name in self.features if name not in numerical]

    @property
    def numerical_features(self) -> list[str]:
        """The names of all others."""
        import pandas as pd

        frame = pd.DataFrame(self.X).set_axis(self.features, axis=1)
        return [name for name in self.features if pd.api.types.is_numeric_dtype(frame[name].dtype)]

    # -------------------------------------------------------------- training and test part

    @property
    def train_data(self) -> Any:
        """The training rows with their labels, as a frame.

        The last :class:`~hpmkd.AutoDistiller` that was given the data set divides it; before,
        a fifth are test rows, by the random state 42, unless the data set has its own.
        """
        return self._part("train")

    @property
    def test_data(self) -> Any:
        """The test rows with their labels, as a frame; see :attr:`train_data`."""
        return self._part("test")

    def get_feature_data(self, dataset: str = "train") -> Any:
        """Return the columns to learn from of the ``train`` or ``test`` rows."""
        return self._part(dataset)[self.features]

    def get_target_data(self, dataset: str = "train") -> Any:
        """Return the labels of the ``train`` or ``test`` rows."""
        return self._part(dataset)[self.target_name]

    @property
    def original_prob(self) -> Any:
        """The probabilities that came with the rows, as a frame; None if there are none."""
        return self._predictions(slice(None))

    @property
    def train_predictions(self) -> Any:
        """The same of the training rows."""
        return self._predictions(self._rows()[0])

    @property
    def test_predictions(self) -> Any:
        """The same of the test rows; None if they are unknown."""
        known = self._given is not None and len(self._given) == len(self)
        return self._predictions(self._rows()[1]) if known else None

    @property
    def given(self) -> FloatArray | None:
        """The probabilities that came with the rows: of all, or of the training rows alone."""
        return self._given

    def divided(self, test_size: float = 0.2, random_state: int = 42) -> Division:
        """Divide the rows; a size and state of the data set's own go first.

        The data set then shows its parts by this division.
        """
        self._division = train, test = self._divide(test_size, random_state)
        given, n = self._given, len(self)
        return Division(
            tables.take(self.X, train),
            self._labels[train],
            tables.take(self.X, test),
            self._labels[test],
            None if given is None else given[train],
            None if given is None or len(given) < n else given[test],
        )

    def _divide(self, test_size: float, random_state: int) -> tuple[IntArray, IntArray]:
        if self._divided_already and self._division is not None:
            return self._division
        size = self.test_size if self.test_size is not None else test_size
        state = self.random_state if self.random_state is not None else random_state
        # The very rows that hpmkd.distill keeps for the test with this seed.
        rows = Dataset(self.X, codes_of(self._labels, self._classes), self._classes)
        return separate_test(
            rows, size, Seeds.spawn(state).test, "hand in train_data and test_data"
        )

    def _rows(self) -> tuple[IntArray, IntArray]:
        return self._divide(0.2, 42) if self._division is None else self._division

    def _part(self, name: str) -> Any:
        import pandas as pd

        if name not in PARTS:
            raise DataError(f"dataset: got {name!r}; expected 'train' or 'test'")
        rows = self._rows()[PARTS.index(name)]
        frame = pd.DataFrame(tables.take(self.X, rows)).set_axis(self.features, axis=1)
        return frame.assign(**{self.target_name: self._labels[rows]})

    def _predictions(self, rows: IntArray | slice) -> Any:
        import pandas as pd

        if self._given is None:
            return None
        return pd.DataFrame(self._given[rows], columns=[f"prob_{each}" for each in self._classes])


def as_dataset(dataset: Any) -> DBDataset:
    """Return a data set of hpmkd, converted from DeepBridge's own if need be."""
    if isinstance(dataset, DBDataset):
        return dataset
    return DBDataset(**inputs.arguments_of(dataset))


def check_division(test_size: Any, random_state: Any = None) -> None:
    """Refuse a size that is not a share and a state that is not a seed; either may be None."""
    if test_size is not None and not inputs.is_share(test_size):
        raise RecipeError(f"test_size: got {test_size!r}; expected a share between 0 and 1")
    if random_state is not None:
        as_seed(random_state, "random_state")


def _load(path: str | PathLike[str], argument: str) -> Any:
    if not os.path.isfile(path):
        raise TeacherError(
            f"{argument}: there is no file {path}; expected a model written by skops"
        )
    return load_model(Path(path))
