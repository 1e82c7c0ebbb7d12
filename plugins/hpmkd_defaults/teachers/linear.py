"""Logistic regression that stops without a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin

from hpmkd.values import weighted_mean
from hpmkd_defaults.rows import stratified

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from hpmkd.values import FloatArray, IntArray


class LinearTeacher(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Softmax regression with a ridge, by L-BFGS.

    Minimises ``mean cross entropy + |W|^2 / (2 C n)``, the intercept free: what
    scikit-learn minimises. A teacher needs no more steps than `max_steps`; scikit-learn
    would warn about that, and its warning cannot be silenced safely among threads.

    Parameters
    ----------
    C : float
        Inverse strength of the ridge, > 0.
    max_steps : int
        Steps at most, >= 1.
    max_rows : int
        Rows to fit on at most: more change the log loss by less than .001. 0 for all.
    random_state : int
        Chooses the rows where there are more.
    """

    def __init__(
        self,
        *,
        C: float = 1.0,
        max_steps: int = 100,
        max_rows: int = 20_000,
        random_state: int = 0,
    ) -> None:
        self.C = C
        self.max_steps = max_steps
        self.max_rows = max_rows
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit on complete, scaled columns.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Finite numbers.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Of the rows; the mean cross entropy is weighted, and n their sum.
        """
        matrix = np.asarray(X)
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        if 0 < self.max_rows < len(codes):
            chosen = stratified(codes, self.max_rows, self.random_state)
            matrix, codes = matrix[chosen], codes[chosen]
            weights = None if weights is None else weights[chosen]
        matrix = matrix.astype(np.float64, copy=False)
        ridge = 1.0 / (self.C * (len(codes) if weights is None else float(weights.sum())))
        found = minimize(
            _ridge_loss,
            np.zeros((matrix.shape[1] + 1) * len(self.classes_)),
            args=(matrix, codes, ridge, weights),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": self.max_steps, "gtol": 1e-4},
        )
        parameters = found.x.reshape(-1, len(self.classes_))
        self.coef_, self.intercept_ = parameters[:-1], parameters[-1]
        return self

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return probabilities of shape (n, K)."""
        margins = np.asarray(X, dtype=np.float64) @ self.coef_ + self.intercept_
        probabilities: FloatArray = softmax(margins, axis=1)
        return probabilities

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable label of each row, of shape (n,)."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels


def _ridge_loss(
    flat: FloatArray,
    matrix: FloatArray,
    codes: IntArray,
    ridge: float,
    of_rows: FloatArray | None,
) -> tuple[float, FloatArray]:
    # Weights of shape (d, K) and the intercept below them, flat; loss and gradient.
    n = len(codes)
    parameters = flat.reshape(matrix.shape[1] + 1, -1)
    weights = parameters[:-1]
    margins = matrix @ weights + parameters[-1]
    margins -= margins.max(axis=1, keepdims=True)
    slope = np.exp(margins)
    total = slope.sum(axis=1, keepdims=True)
    rows = np.arange(n)
    loss = weighted_mean(np.log(total[:, 0]) - margins[rows, codes], of_rows)
    slope /= total
    slope[rows, codes] -= 1.0
    if of_rows is None:
        slope /= n
    else:
        slope *= of_rows[:, np.newaxis] / of_rows.sum()
    gradient = np.vstack([matrix.T @ slope + ridge * weights, slope.sum(axis=0)])
    return loss + 0.5 * ridge * float((weights**2).sum()), gradient.ravel()
