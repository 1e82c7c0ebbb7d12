"""Metrics of all rows together: AUC, average precision, F1.

scikit-learn defines them; the values of single rows are their derivatives by the weights.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hpmkd.evaluation.metrics.metric import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import FloatArray, IntArray

    Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class OneVersusRest(Metric):
    """A score of one class against the rest, or its unweighted mean over the classes.

    Parameters
    ----------
    positive : int or None
        Code of the class; None for the mean over those that occur, but not in all rows.

    Notes
    -----
    Rows of a single class carry no information: their loss is 0.5.
    """

    positive: int | None = None
    decomposes: ClassVar[bool] = False
    is_score: ClassVar[bool] = True

    def loss(
        self, labels: IntArray, probabilities: FloatArray, weights: FloatArray | None = None
    ) -> float:
        """Return 1 minus the score, as scikit-learn has it."""
        found = [
            self._score(labels == code, self._answers(probabilities, code), weights)
            for code in self._codes(labels, probabilities)
        ]
        return 1.0 - float(np.mean(found)) if found else 0.5

    def row_losses(
        self, labels: IntArray, probabilities: FloatArray, weights: FloatArray | None = None
    ) -> FloatArray:
        """Return the loss, and how it moves with the weight of each row."""
        every = np.ones(len(labels)) if weights is None else weights
        moved = [
            self._slopes(labels == code, self._answers(probabilities, code), every)
            for code in self._codes(labels, probabilities)
        ]
        loss = np.full(len(labels), self.loss(labels, probabilities, weights))
        return loss - every.sum() * np.mean(moved, axis=0) if moved else loss

    def _codes(self, labels: IntArray, probabilities: FloatArray) -> Iterable[int]:
        occurring = np.unique(labels)
        if len(occurring) < 2:
            return ()
        return occurring.tolist() if self.positive is None else (self.positive,)

    @staticmethod
    def _answers(probabilities: FloatArray, code: int) -> FloatArray:
        """Return what is scored of each row: its probability of a class."""
        answers: FloatArray = probabilities[:, code]
        return answers

    @staticmethod
    @abstractmethod
    def _score(own: Marks, answers: FloatArray, weights: FloatArray | None) -> float:
        """Return the score of answers for rows of which some are the class's own."""

    @staticmethod
    @abstractmethod
    def _slopes(own: Marks, answers: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the derivatives (n,) of the score by the weights."""


class Auc(OneVersusRest):
    """Area under the ROC curve; for K > 2 the mean of one class versus the rest."""

    name: ClassVar[str] = "auc"
    title: ClassVar[str] = "AUC"
    unit: ClassVar[str] = "AUC"

    @staticmethod
    def _score(own: Marks, answers: FloatArray, weights: FloatArray | None) -> float:
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(own, answers, sample_weight=weights))

    @staticmethod
    def _slopes(own: Marks, answers: FloatArray, weights: FloatArray) -> FloatArray:
        # The placement of a row among those of the other kind; ties count half.
        at, ours, theirs = _by_answer(own, answers, weights)
        below = (np.cumsum(theirs) - theirs / 2) / theirs.sum()
        above = 1.0 - (np.cumsum(ours) - ours / 2) / ours.sum()
        area = float(below @ ours / ours.sum())
        slopes: FloatArray = np.where(
            own, (below[at] - area) / ours.sum(), (above[at] - area) / theirs.sum()
        )
        return slopes


class AveragePrecision(OneVersusRest):
    """Average precision: of the rarer class for K = 2, of each versus the rest for K > 2."""

    name: ClassVar[str] = "average_precision"
    title: ClassVar[str] = "average precision"
    unit: ClassVar[str] = "average precision"

    @staticmethod
    def _score(own: Marks, answers: FloatArray, weights: FloatArray | None) -> float:
        from sklearn.metrics import average_precision_score

        return float(average_precision_score(own, answers, sample_weight=weights))

    @staticmethod
    def _slopes(own: Marks, answers: FloatArray, weights: FloatArray) -> FloatArray:
        at, ours, theirs = _by_answer(own, answers, weights)
        found, named = (np.cumsum(each[::-1])[::-1] for each in (ours, ours + theirs))
        precision = found / named
        average = float(ours @ precision / ours.sum())
        # A row counts in the precision at its own answer, and at all that are lower.
        as_own, as_other = (
            np.cumsum(ours * (1 - precision) / named),
            np.cumsum(ours * -precision / named),
        )
        slopes: FloatArray = (
            np.where(own, precision[at] - average + as_own[at], as_other[at]) / ours.sum()
        )
        return slopes


class F1(OneVersusRest):
    """F1 of the most probable classes: of the rarer class for K = 2, the mean for K > 2."""

    name: ClassVar[str] = "f1"
    title: ClassVar[str] = "F1"
    unit: ClassVar[str] = "F1"

    def _codes(self, labels: IntArray, probabilities: FloatArray) -> Iterable[int]:
        if self.positive is not None:
            return (self.positive,)
        codes: list[int] = np.union1d(labels, probabilities.argmax(axis=1)).tolist()
        return codes

    @staticmethod
    def _answers(probabilities: FloatArray, code: int) -> FloatArray:
        """Return 1.0 for each row in which the class is named."""
        named: FloatArray = (probabilities.argmax(axis=1) == code).astype(np.float64)
        return named

    @staticmethod
    def _score(own: Marks, answers: FloatArray, weights: FloatArray | None) -> float:
        from sklearn.metrics import f1_score

        return float(f1_score(own, answers > 0, sample_weight=weights, zero_division=0))

    @staticmethod
    def _slopes(own: Marks, answers: FloatArray, weights: FloatArray) -> FloatArray:
        counted, right = own + answers, own * answers
        total = float(weights @ counted)
        if not total:
            return np.zeros(len(own))
        score = 2 * float(weights @ right) / total
        return (2 * right - score * counted) / total


def _by_answer(
    own: Marks, answers: FloatArray, weights: FloatArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the number of each row's answer, rising, and the weights of both kinds by it."""
    distinct, at = np.unique(answers, return_inverse=True)
    ours, theirs = np.zeros(len(distinct)), np.zeros(len(distinct))
    np.add.at(ours, at[own], weights[own])
    np.add.at(theirs, at[~own], weights[~own])
    return at, ours, theirs
