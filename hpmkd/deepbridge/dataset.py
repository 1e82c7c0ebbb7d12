"""DBDataset: rows, labels and what is known of their teacher, in DeepBridge's forms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import tables
from hpmkd.deepbridge.division import Division, divide
from hpmkd.deepbridge.frames import as_frame, categorised, columns_of, free_name, joined, opened
from hpmkd.errors import DataError, TeacherError
from hpmkd.labels import as_labels, classes_of, codes_of
from hpmkd.probabilities import given_probabilities
from hpmkd.rows import as_table
from hpmkd.teacher_specs import PICKLES, load_teacher

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray


class DBDataset:
    """Rows with labels and, if there is one, their teacher.

    Parameters
    ----------
    data : DataFrame, array-like or scikit-learn Bunch, optional
        All rows. Either these, or `train_data` and `test_data`.
    y : array-like of shape (n,) or str, optional
        Their labels, or the name of their column.
    probabilities : DataFrame or array-like of shape (n, K), or (n,) if K = 2, optional
        What a teacher says about the rows.
    train_data, test_data : DataFrame, optional
        Rows that are divided already.
    target_column : str, optional
        The column of the labels.
    features : sequence of str, optional
        The columns to learn from; by default all others.
    prob_cols : sequence of str, optional
        The columns that hold a teacher's probabilities: of the data, or of
        `train_predictions` and `test_predictions`.
    train_predictions, test_predictions : DataFrame, optional
        Probabilities of rows that are divided already.
    model : classifier, optional
        The teacher: fitted, or to be cross-fitted.
    model_path : path, optional
        A file of it, written by skops. A pickle is refused, for loading one runs its code.
    categorical_features : sequence of str, optional
        Columns that are categories, whatever type they have.
    dataset_name : str, optional
        For people.
    test_size, random_state : optional
        How :class:`~hpmkd.AutoDistiller` is to divide these rows, whatever it is told itself.

    Raises
    ------
    HpmkdError
        Saying what cannot be used, and what to do about it.
    """

    def __init__(
        self,
        data: Any = None,
        y: Any = None,
        probabilities: Any = None,
        *,
        train_data: Any = None,
        test_data: Any = None,
        target_column: str | None = None,
        features: Sequence[str] | None = None,
        prob_cols: Sequence[str] | None = None,
        train_predictions: Any = None,
        test_predictions: Any = None,
        model: Any = None,
        model_path: str | PathLike[str] | None = None,
        categorical_features: Iterable[str] = (),
        dataset_name: str | None = None,
        test_size: float | None = None,
        random_state: int | None = None,
    ) -> None:
        if (data is None) == (train_data is None):
            raise DataError(
                "got both data and train_data; expected one of them"
                if data is not None
                else "got no rows; expected DBDataset(X, y, probabilities), "
                "DBDataset(data=frame, target_column=…), or train_data and test_data"
            )
        if (train_data is None) != (test_data is None):
            raise DataError("got one of train_data and test_data; expected both")
        self.dataset_name = dataset_name
        self.test_size, self.random_state = test_size, random_state
        self._n_train: int | None = None
        if data is None:
            train_data, test_data = as_frame(train_data), as_frame(test_data)
            self._n_train = len(train_data)
            data = joined(train_data, test_data)
            probabilities = joined(train_predictions, test_predictions)
            if prob_cols is not None and probabilities is not None:
                probabilities, prob_cols = columns_of(probabilities, prob_cols, "prob_cols"), None
        table, y = opened(data, target_column if y is None else y, features)
        named = y if isinstance(y, str) else target_column
        self.target_name = named or free_name("target", getattr(table, "columns", ()))
        if isinstance(y, str):
            y = columns_of(table, [y], "target_column").iloc[:, 0]
        if prob_cols is not None:
            if probabilities is not None:
                raise DataError("got prob_cols and probabilities; expected one of them")
            probabilities = columns_of(table, prob_cols, "prob_cols")
        self.X = categorised(self._features_of(table, features, prob_cols), categorical_features)
        self._labels = as_labels(y, len(self.X))
        self._classes = classes_of(self._labels)
        self._given = self._checked(probabilities)
        self.model: Any = None
        if model_path is not None:
            if model is not None:
                raise DataError("got model and model_path; expected one of them")
            model = _loaded(model_path)
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

    # ---------------------------------------------------------- what DeepBridge users ask

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
    def original_prob(self) -> Any:
        """What the teacher was given to say, as a frame; None if nothing was given."""
        import pandas as pd

        if self._given is None:
            return None
        return pd.DataFrame(self._given, columns=[f"prob_{each}" for each in self._classes])

    @property
    def train_data(self) -> Any:
        """The training rows with their labels, as a frame."""
        return self._part(0)

    @property
    def test_data(self) -> Any:
        """The test rows with their labels, as a frame."""
        return self._part(1)

    def get_feature_data(self, dataset: str = "train") -> Any:
        """Return the columns to learn from of the ``train`` or ``test`` rows."""
        return self._part(_at(dataset))[self.features]

    def get_target_data(self, dataset: str = "train") -> Any:
        """Return the labels of the ``train`` or ``test`` rows."""
        return self._part(_at(dataset))[self.target_name]

    def set_model(self, model_or_path: Any) -> None:
        """Take a classifier, or the skops file of one, as the teacher."""
        if isinstance(model_or_path, (str, PathLike)):
            model_or_path = _loaded(model_or_path)
        if not hasattr(model_or_path, "predict_proba"):
            raise TeacherError(
                f"model: got {type(model_or_path).__name__}, which has no predict_proba; expected "
                "a classifier"
            )
        self.model = model_or_path

    # --------------------------------------------------------------------- for AutoDistiller

    @property
    def given(self) -> FloatArray | None:
        """The probabilities that came with the rows: of all, or of the training rows alone."""
        return self._given

    def divided(self, test_size: float = 0.2, random_state: int = 42) -> Division:
        """Divide the rows; what the data set says itself goes first."""
        return Division.of(self.X, self._labels, self._given, *self._rows(test_size, random_state))

    def _rows(self, test_size: float = 0.2, random_state: int = 42) -> tuple[IntArray, IntArray]:
        if self._n_train is not None:
            return np.arange(self._n_train), np.arange(self._n_train, len(self))
        size = self.test_size if self.test_size is not None else test_size
        state = self.random_state if self.random_state is not None else random_state
        return divide(codes_of(self._labels, self._classes), size, state)

    def _part(self, at: int) -> Any:
        import pandas as pd

        rows = self._rows()[at]
        frame = pd.DataFrame(tables.take(self.X, rows)).set_axis(self.features, axis=1)
        return frame.assign(**{self.target_name: self._labels[rows]})

    def _features_of(
        self, table: Any, features: Sequence[str] | None, prob_cols: Sequence[str] | None
    ) -> Any:
        if not hasattr(table, "columns"):
            return table
        taken = {self.target_name, *(prob_cols or ())}
        if features is None:
            features = [name for name in table.columns if name not in taken]
        elif taken & set(features):
            both = ", ".join(sorted(taken & set(features)))
            raise DataError(f"features: {both} holds the labels or the teacher's probabilities")
        return as_table(columns_of(table, features, "features"))

    def _checked(self, probabilities: Any) -> FloatArray | None:
        if probabilities is None:
            return None
        n = len(self)
        if self._n_train is not None and len(probabilities) == self._n_train:
            n = self._n_train  # of the training rows alone
        return given_probabilities(probabilities, self._classes, n)


def _at(dataset: str) -> int:
    if dataset not in ("train", "test"):
        raise DataError(f"dataset: got {dataset!r}; expected 'train' or 'test'")
    return ("train", "test").index(dataset)


def _loaded(path: str | PathLike[str]) -> Any:
    text = str(path)
    if text.endswith(PICKLES):
        raise TeacherError(
            f"{text} is a pickle, and loading one runs whatever code it holds; if you trust it: "
            "model=joblib.load(path)"
        )
    (teacher,) = load_teacher(text)
    return teacher.model if hasattr(teacher, "model") else teacher.estimator  # type: ignore[union-attr]
