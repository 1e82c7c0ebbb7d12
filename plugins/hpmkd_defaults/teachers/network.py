"""A small network; the number of rows sets the number of epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin

from hpmkd.kernels import network_epoch, network_inputs, network_margins
from hpmkd.values import weighted_mean
from hpmkd_defaults.network_weights import BATCH, HORIZON, layer_sizes, layers_of, start_state
from hpmkd_defaults.teachers.rows import held_out_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from hpmkd.values import FloatArray, IntArray

    Singles = NDArray[np.float32]

#: Up to here a network reads its rows often, and has none to spare for a stopping rule.
SMALL = 20_000
EPOCHS_SMALL, EPOCHS_LARGE = 30, 60
MOST_HELD_OUT = 5_000


class NetworkTeacher(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Hidden layers of ReLU units, trained as the network student is, on hard labels.

    Adam in batches of 32 rows with decoupled weight decay, in the compiled loop of
    :func:`hpmkd.kernels.network_epoch`; what predicts is the moving average of the weights.

    Up to 20,000 rows it trains for at most 30 epochs, or until the training loss stands
    still. Above, for at most ``min(60, 2e6 / n)`` epochs, and the weights of the epoch that
    was best on held-out rows remain.

    Parameters
    ----------
    width : tuple of int
        Units of each hidden layer.
    learning_rate : float
        Size of a step of Adam, > 0.
    weight_decay : float
        What comes off each weight in a step, times the rate, >= 0.
    patience : int
        Epochs without gain after which to stop, >= 1.
    tolerance : float
        Smallest fall of the loss, in nats, that counts as gain.
    row_budget : int
        Rows that all epochs together read at most, where there are many; 0 for no cap.
    random_state : int
        Source of all randomness.
    """

    def __init__(
        self,
        *,
        width: tuple[int, ...] = (64, 64),
        learning_rate: float = 3e-3,
        weight_decay: float = 0.1,
        patience: int = 10,
        tolerance: float = 1e-4,
        row_budget: int = 2_000_000,
        random_state: int = 0,
    ) -> None:
        self.width = width
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.patience = patience
        self.tolerance = tolerance
        self.row_budget = row_budget
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on complete, scaled columns.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Finite numbers.
        y : array-like of shape (n,)
            Labels of at least two classes.
        sample_weight : array-like of shape (n,), optional
            Of the rows, of those that it is stopped on as well.
        """
        rows = np.asarray(X)
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        n = len(codes)
        large = n > SMALL
        held_out = held_out_rows(codes, MOST_HELD_OUT, self.random_state) if large else None
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        if held_out is None:
            self._train(network_inputs(rows), codes, weights, EPOCHS_SMALL)
            return self
        epochs = EPOCHS_LARGE
        if self.row_budget:
            epochs = min(epochs, max(1, self.row_budget // n))
        own, theirs = (None if weights is None else weights[at] for at in (~held_out, held_out))
        watched = rows[held_out], codes[held_out], theirs
        self._train(network_inputs(rows[~held_out]), codes[~held_out], own, epochs, watched)
        return self

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return probabilities of shape (n, K)."""
        margins = network_margins(X, *layers_of(self._average, self._sizes)).astype(np.float64)
        if margins.shape[1] == 1:  # of two classes, the first has margin 0
            margins = np.column_stack([np.zeros(len(margins)), margins])
        predicted: FloatArray = softmax(margins, axis=1)
        return predicted

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable label of each row, of shape (n,)."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    def _train(
        self,
        matrix: Singles,
        codes: IntArray,
        weights: FloatArray | None,
        epochs: int,
        watched: tuple[FloatArray, IntArray, FloatArray | None] | None = None,
    ) -> None:
        """Pass over the rows until the loss, of the watched rows if there are any, stands still."""
        n, n_classes = len(codes), len(self.classes_)
        self._sizes = layer_sizes(matrix.shape[1], self.width, n_classes)
        counts = np.bincount(codes, weights, minlength=n_classes)
        shares = (counts + 1.0 / n_classes) / (counts.sum() + 1.0)
        random = np.random.default_rng(self.random_state)
        state = start_state(self._sizes, shares, random)
        unread = np.zeros((n, n_classes), dtype=np.float32)  # hard labels alone count
        stop, self.loss_curve_ = Patience(self.patience, self.tolerance), []
        self._average = best = state[3]
        for epoch in range(epochs):
            loss = network_epoch(
                self._sizes, state, matrix, codes, unread, random.permutation(n), 1.0, 0.0, 0.0,
                batch=BATCH, step=epoch * -(-n // BATCH), rate=self.learning_rate,
                decay=self.weight_decay, horizon=HORIZON, weights=weights,
            )  # fmt: skip
            if watched is not None:
                loss = self._log_loss(*watched)
            self.loss_curve_.append(loss)
            finished = stop.seen(loss)
            if watched is not None and stop.waited == 0:
                best = state[3].copy()
            if finished:
                break
        self._average = best.copy()  # without the rest of the state

    def _log_loss(self, X: FloatArray, codes: IntArray, weights: FloatArray | None) -> float:
        predicted = self.predict_proba(X)[np.arange(len(codes)), codes]
        return -weighted_mean(np.log(np.maximum(predicted, 1e-15)), weights)


class Patience:
    """Detects that a loss has stopped falling.

    Parameters
    ----------
    epochs : int
        How long to wait for a new best.
    tolerance : float
        How much better it must be.
    """

    def __init__(self, epochs: int, tolerance: float) -> None:
        self._epochs, self._tolerance = epochs, tolerance
        self._best = float("inf")
        #: Epochs since the best.
        self.waited = 0

    def seen(self, loss: float) -> bool:
        """Return whether the wait is over."""
        self.waited = 0 if loss < self._best - self._tolerance else self.waited + 1
        self._best = min(self._best, loss)
        return self.waited >= self._epochs
