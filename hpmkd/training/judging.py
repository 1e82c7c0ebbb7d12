"""Predictions judged on selection rows: the results of a trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from hpmkd.data.probabilities import row_losses
from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.evaluation.thresholds import best_threshold
from hpmkd.values import weighted_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.evaluation.metrics import Metric
    from hpmkd.values import FloatArray, IntArray, Threshold


class TrialResults(TypedDict):
    """The fields of a trial that follow from its predictions."""

    probabilities: FloatArray
    row_losses: FloatArray
    metric_losses: FloatArray | None
    accuracy: float
    threshold: Threshold | None
    row_weights: FloatArray | None


def results(
    metric: Metric,
    labels: IntArray,
    probabilities: FloatArray,
    classes: NDArray[Any],
    weights: FloatArray | None = None,
) -> TrialResults:
    """Judge probabilities (n, K) of selection rows by their codes (n,) of the classes (K,).

    The rows may have `weights` (n,).
    """
    other = metric != LOG_LOSS
    return {
        "probabilities": probabilities,
        "row_losses": row_losses(probabilities, labels),
        "metric_losses": metric.row_losses(labels, probabilities, weights) if other else None,
        "accuracy": weighted_mean(probabilities.argmax(axis=1) == labels, weights),
        "threshold": best_threshold(labels, probabilities, metric, classes, weights),
        "row_weights": weights,
    }
