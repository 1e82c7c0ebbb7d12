"""Boosted trees that find their own number of rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import xgboost
from sklearn.base import BaseEstimator, ClassifierMixin

from hpmkd_defaults.teachers.rows import held_out_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from hpmkd.values import FloatArray

#: Rows to stop on at most: enough to tell two rounds apart.
MOST_HELD_OUT = 20_000


class BoostedTeacher(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """XGBoost, stopped early on a seventh of its rows, then refitted on all of them.

    Of many rows those it is stopped on are few, and it stays as it was when it stopped.

    With fewer than 140 rows there is nothing to stop on, and `few_rounds` are fitted.

    Parameters
    ----------
    max_depth : int
        Depth of a tree, >= 1.
    learning_rate : float
        Step of a round, in (0, 1].
    max_rounds : int
        Rounds at most, >= 1.
    few_rounds : int
        Rounds where nothing can be held out, >= 1.
    patience : int
        Rounds without gain on the rows held out after which to stop, >= 1.
    subsample, colsample : float
        Share of rows, and of columns, that a tree sees, in (0, 1].
    max_bin : int
        Bins of a column, >= 2.
    refit_until : int
        Rows above which it is not refitted; 0 for no cap.
    random_state : int
        Source of all randomness.
    """

    def __init__(
        self,
        *,
        max_depth: int = 6,
        learning_rate: float = 0.1,
        max_rounds: int = 400,
        few_rounds: int = 60,
        patience: int = 15,
        subsample: float = 0.7,
        colsample: float = 0.7,
        max_bin: int = 256,
        refit_until: int = 0,
        random_state: int = 0,
    ) -> None:
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.max_rounds = max_rounds
        self.few_rounds = few_rounds
        self.patience = patience
        self.subsample = subsample
        self.colsample = colsample
        self.max_bin = max_bin
        self.refit_until = refit_until
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Find the number of rounds, then fit on all rows.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Numbers; missing is NaN.
        y : array-like of shape (n,)
            Labels of at least two classes.
        sample_weight : array-like of shape (n,), optional
            Of the rows, of those that it is stopped on as well.
        """
        matrix = np.asarray(X, dtype=np.float32)
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        stopped = self._stopped(matrix, codes, weights)
        self.n_rounds_ = self.few_rounds if stopped is None else stopped.num_boosted_rounds()
        if stopped is not None and 0 < self.refit_until < len(codes):
            self.booster_ = stopped
            return self
        del stopped
        rows = self._binned(matrix, codes, weights)
        self.booster_ = xgboost.train(self._parameters(), rows, self.n_rounds_)
        return self

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return probabilities of shape (n, K)."""
        # A booster forgets its thread count when it is pickled.
        self.booster_.set_param({"nthread": 1})
        predicted: FloatArray = self.booster_.inplace_predict(np.asarray(X, dtype=np.float32))
        return np.column_stack([1.0 - predicted, predicted]) if predicted.ndim == 1 else predicted

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable label of each row, of shape (n,)."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    def _stopped(
        self, matrix: FloatArray, codes: NDArray[Any], weights: FloatArray | None
    ) -> xgboost.Booster | None:
        """Return the model up to its best round; None where there is nothing to stop on."""
        held_out = held_out_rows(codes, MOST_HELD_OUT, self.random_state)
        if held_out is None:
            return None

        def binned(
            at: NDArray[np.bool_], ref: xgboost.DMatrix | None = None
        ) -> xgboost.QuantileDMatrix:
            own = None if weights is None else weights[at]
            return self._binned(matrix[at], codes[at], own, ref)

        train = binned(~held_out)
        watch = binned(held_out, train)
        booster = xgboost.train(
            self._parameters(),
            train,
            self.max_rounds,
            evals=[(watch, "held_out")],
            early_stopping_rounds=self.patience,
            verbose_eval=False,
        )
        return booster[: int(booster.best_iteration) + 1]

    def _binned(
        self,
        matrix: FloatArray,
        codes: NDArray[Any],
        weights: FloatArray | None,
        ref: xgboost.DMatrix | None = None,
    ) -> xgboost.QuantileDMatrix:
        return xgboost.QuantileDMatrix(
            matrix, codes, weight=weights, ref=ref, max_bin=self.max_bin, nthread=1
        )

    def _parameters(self) -> dict[str, Any]:
        n_classes = len(self.classes_)
        loss: dict[str, Any] = {"objective": "binary:logistic", "eval_metric": "logloss"}
        if n_classes > 2:
            loss = {
                "objective": "multi:softprob",
                "eval_metric": "mlogloss",
                "num_class": n_classes,
            }
        return loss | {
            "tree_method": "hist",
            "max_depth": self.max_depth,
            "eta": self.learning_rate,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample,
            "max_bin": self.max_bin,
            "seed": self.random_state,
            "nthread": 1,
            "verbosity": 0,
        }
