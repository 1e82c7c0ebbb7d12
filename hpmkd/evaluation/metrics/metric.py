"""The interface of a metric for choice and verdict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray


class Metric(ABC):
    """A loss of probabilities, given labels: whichever way a score points, less loss is better.

    Attributes
    ----------
    name : str
        As it is typed, e.g. ``average_precision``.
    title : str
        In sentences and as a heading.
    unit : str
        What stands behind a number.
    decomposes : bool
        Whether the loss of rows is the mean of what each costs by itself. Otherwise an interval
        of a difference takes resamples of the rows.
    is_score : bool
        Whether people read 1 minus the loss, of which more is better.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    unit: ClassVar[str]
    decomposes: ClassVar[bool] = True
    is_score: ClassVar[bool] = False

    @abstractmethod
    def row_losses(
        self, labels: IntArray, probabilities: FloatArray, weights: FloatArray | None = None
    ) -> FloatArray:
        """Return what each row adds to the loss.

        Parameters
        ----------
        labels : ndarray of shape (n,)
            Class codes.
        probabilities : ndarray of shape (n, K)
            Of the classes, in their order.
        weights : ndarray of shape (n,), optional
            Of the rows, >= 0; all alike by default.

        Returns
        -------
        ndarray of shape (n,)
            The (weighted) mean is the loss. Where the metric does not decompose, these are the
            values of the infinitesimal jackknife: the loss, plus how it moves with the weight of
            the row (Efron 1982, The Jackknife, the Bootstrap and Other Resampling Plans, ch. 6;
            of the AUC they are those of DeLong et al. 1988).
        """

    def loss(
        self, labels: IntArray, probabilities: FloatArray, weights: FloatArray | None = None
    ) -> float:
        """Return the loss of some rows; parameters as of :meth:`row_losses`."""
        return float(np.average(self.row_losses(labels, probabilities), weights=weights))

    @classmethod
    def score(cls, loss: float) -> float:
        """Return a loss as people read it: where more is better, 1 minus the loss."""
        return 1.0 - loss if cls.is_score else loss

    def change(self, delta: float) -> float:
        """Return a difference of losses as one of what people read."""
        return -delta if self.is_score else delta

    def shown(self, loss: float) -> str:
        """Return a loss as it stands in a sentence, e.g. ``AUC 0.9123``."""
        return f"{self.title} {self.score(loss):.4f}"
