"""Metrics that are the mean of what each row costs: log loss, Brier, accuracy, cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hpmkd.data.probabilities import row_losses
from hpmkd.evaluation.metrics.metric import Metric

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class LogLoss(Metric):
    """Mean log loss, in nats."""

    name: ClassVar[str] = "log_loss"
    title: ClassVar[str] = "log loss"
    unit: ClassVar[str] = "nats"

    def row_losses(
        self, labels: IntArray, probabilities: FloatArray, weights: FloatArray | None = None
    ) -> FloatArray:
        """Return the log loss of each row."""
        return row_losses(probabilities, labels)


@dataclass(frozen=True)
class Brier(Metric):
    """Mean squared distance of the probabilities from the label (Brier 1950).

    As in scikit-learn: of one class for K = 2, in [0, 1]; summed over the classes for K > 2, in
    [0, 2].
    """

    name: ClassVar[str] = "brier"
    title: ClassVar[str] = "Brier score"
    unit: ClassVar[str] = "Brier score"

    def row_losses(
        self, labels: IntArray, probabilities: FloatArray, weights: FloatArray | None = None
    ) -> FloatArray:
        """Return the squared distance of each row."""
        missed = probabilities - np.eye(probabilities.shape[1])[labels]
        squared: FloatArray = (missed[:, int(probabilities.shape[1] == 2) :] ** 2).sum(axis=1)
        return squared


@dataclass(frozen=True)
class Accuracy(Metric):
    """Share of rows whose most probable class is theirs; the loss is 1 minus it."""

    name: ClassVar[str] = "accuracy"
    title: ClassVar[str] = "accuracy"
    unit: ClassVar[str] = "accuracy"
    is_score: ClassVar[bool] = True

    def row_losses(
        self, labels: IntArray, probabilities: FloatArray, weights: FloatArray | None = None
    ) -> FloatArray:
        """Return 1 for each row that is mistaken."""
        mistaken: FloatArray = (probabilities.argmax(axis=1) != labels).astype(np.float64)
        return mistaken


@dataclass(frozen=True)
class Cost(Metric):
    """Mean cost of the decisions of least expected cost (Elkan 2001).

    Parameters
    ----------
    costs : tuple of tuple of float
        Of naming a class (column) where another is true (row), by class code; 0 on the diagonal.
    """

    costs: tuple[tuple[float, ...], ...]
    name: ClassVar[str] = "cost"
    title: ClassVar[str] = "cost"
    unit: ClassVar[str] = "cost"

    def row_losses(
        self, labels: IntArray, probabilities: FloatArray, weights: FloatArray | None = None
    ) -> FloatArray:
        """Return the cost of each row's decision; of equal ones the first class."""
        costs = np.asarray(self.costs)
        paid: FloatArray = costs[labels, (probabilities @ costs).argmin(axis=1)]
        return paid


#: What students are fitted by, and chosen where no other metric is wanted.
LOG_LOSS = LogLoss()
