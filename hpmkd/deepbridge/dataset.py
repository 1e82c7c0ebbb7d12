"""DBDataset: rows, labels and what is known of their teacher, in DeepBridge's forms."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.dataset import Dataset, separate_test
from hpmkd.data.labels import as_labels, classes_of, codes_of
from hpmkd.data.raw_rows import as_table
from hpmkd.data.seeds import Seeds
from hpmkd.deepbridge.division import Division, check_division
from hpmkd.deepbridge.frames import categorised, columns_of, joined, labelled, names_of, opened
from hpmkd.deepbridge.inputs import check_probabilities, check_rows, said, target_of
from hpmkd.deepbridge.parts import Parts
from hpmkd.errors import DataError, TeacherError
from hpmkd.knowledge.loading import load_model

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray


class DBDataset(Parts):
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
        A file of it, written by skops. A pickle is refused, for loading one runs its code.
    categorical_features : sequence of str, optional
        Columns that are categories, whatever type they have.
    max_categories : int, optional
        Where no such columns are named: so are those of at most so many different values.
    dataset_name : str, optional
        For people.
    test_size, random_state : optional
        How :class:`~hpmkd.AutoDistiller` is to divide these rows, whatever it is told itself:
        a share between 0 and 1, and an integer of 0 or more.

    Raises
    ------
    HpmkdError
        Saying what cannot be used, and what to do about it.

    Notes
    -----
    Names of columns are text here: what a frame calls 13 is called ``13``, and may be asked
    for as either.
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
        check_rows(data, train_data, test_data)
        check_probabilities(data is None, probabilities, train_predictions, test_predictions)
        check_division(test_size, random_state)
        y, target = target_of(y, target_column, divided=data is None)
        self.dataset_name = dataset_name
        self.test_size, self.random_state = test_size, random_state
        self._n_train: int | None = None
        if data is None:
            self._n_train = len(train_data)
            data = joined(train_data, test_data)
        table, own = opened(data, features)
        y, self.target_name = labelled(table, own if y is None and own is not None else y, target)
        parts = (train_predictions, test_predictions)
        if prob_cols is not None and train_predictions is None:
            if probabilities is not None:
                raise DataError("got prob_cols and probabilities; expected one of them")
            probabilities = columns_of(table, prob_cols, "prob_cols")
        chosen = self._features_of(table, features, prob_cols)
        self.X = categorised(chosen, categorical_features, _most(max_categories))
        self._labels = as_labels(y, len(self.X))
        self._classes = classes_of(self._labels)
        self._given = said(probabilities, parts, prob_cols, self._classes, self._sizes)
        self.model: Any = None
        if model_path is not None:
            if model is not None:
                raise DataError("got model and model_path; expected one of them")
            model = _loaded(model_path, "model_path")
        if model is not None:
            self.set_model(model)

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
            model_or_path = _loaded(model_or_path, "model")
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
        """Divide the rows; what the data set says itself goes first.

        From now on the data set shows its own parts by this division.
        """
        self._division = self._rows(test_size, random_state)
        return Division.of(self.X, self._labels, self._given, *self._division)

    @property
    def _sizes(self) -> tuple[int, ...]:
        if self._n_train is None:
            return (len(self),)
        return self._n_train, len(self) - self._n_train

    def _rows(self, test_size: float = 0.2, random_state: int = 42) -> tuple[IntArray, IntArray]:
        if self._n_train is not None:
            return np.arange(self._n_train), np.arange(self._n_train, len(self))
        size = self.test_size if self.test_size is not None else test_size
        state = self.random_state if self.random_state is not None else random_state
        # The very rows that hpmkd.distill keeps for the test with this seed.
        rows = Dataset(self.X, codes_of(self._labels, self._classes), self._classes)
        return separate_test(
            rows, size, Seeds.spawn(state).test, "hand in train_data and test_data"
        )

    def _features_of(
        self, table: Any, features: Sequence[Any] | None, prob_cols: Sequence[Any] | None
    ) -> Any:
        if not hasattr(table, "columns"):
            if features is not None:
                columns_of(table, features, "features")
            return table
        probable = [] if prob_cols is None else names_of(prob_cols, "prob_cols")
        if self.target_name in probable:
            raise DataError(f"prob_cols: {self.target_name} holds the labels")
        taken = {self.target_name, *probable}
        if features is None:
            features = [name for name in table.columns if name not in taken]
        both = sorted(taken & set(names_of(features, "features")))
        if both:
            names = ", ".join(both)
            raise DataError(f"features: {names} holds the labels or the teacher's probabilities")
        return as_table(columns_of(table, features, "features"))


def _most(max_categories: Any) -> int | None:
    if max_categories is None:
        return None
    counted = isinstance(max_categories, Integral) and not isinstance(max_categories, bool)
    if not counted or max_categories < 1:
        raise DataError(f"max_categories: got {max_categories!r}; expected an integer of 1 or more")
    return int(max_categories)


def _loaded(path: str | PathLike[str], what: str) -> Any:
    if not Path(path).is_file():
        raise TeacherError(f"{what}: there is no file {path}; expected a model written by skops")
    return load_model(Path(path))
