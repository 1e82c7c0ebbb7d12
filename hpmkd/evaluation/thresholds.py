"""The threshold that suits the rarer of two classes: at .5 a rare one is seldom named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.evaluation.metrics.choice import rarer_class
from hpmkd.evaluation.metrics.of_all_rows import F1, OneVersusRest
from hpmkd.evaluation.metrics.per_row import Cost
from hpmkd.values import Decisions, Threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.evaluation.metrics.metric import Metric
    from hpmkd.values import FloatArray, IntArray

#: A class of a smaller share of the rows is rare.
RARE = 0.2


def best_threshold(
    labels: IntArray,
    probabilities: FloatArray,
    metric: Metric,
    classes: NDArray[Any],
    weights: FloatArray | None = None,
) -> Threshold | None:
    """Return the threshold of highest F1, or of lowest cost where that is the metric.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Class codes of selection rows.
    probabilities : ndarray of shape (n, K)
        By students that had not seen them.
    metric : Metric
        Of the run.
    classes : ndarray of shape (K,)
        The labels.
    weights : ndarray of shape (n,), optional
        Of the rows, >= 0.

    Returns
    -------
    Threshold or None
        Half-way between two probabilities that occur. None where there is nothing to offer: unless
        K = 2, both classes occur, and one is rare (less than a fifth of the rows) or the metric is
        F1 or a cost.
    """
    if probabilities.shape[1] != 2 or len(np.unique(labels)) < 2:
        return None
    positive = metric.positive if isinstance(metric, OneVersusRest) else None
    code = rarer_class(labels) if positive is None else positive
    own, every = labels == code, np.ones(len(labels)) if weights is None else weights
    share = float(every @ own / every.sum())
    if share >= RARE and not isinstance(metric, (F1, Cost)):
        return None
    named = probabilities.argmax(axis=1) == code
    found, false, cuts = _curve(own, probabilities[:, code], weights, every)
    total = (float(every @ own), float(every.sum()))
    scores, losses = _scores(found, false, total, metric, code)
    at = int(losses.argmin())
    half = (np.array([every @ (own & named)]), np.array([every @ (~own & named)]))
    return Threshold(
        label=classes.tolist()[code],
        share=share,
        best=float(cuts[at]),
        score="cost" if isinstance(metric, Cost) else "F1",
        at_half=_decisions(*half, total, _scores(*half, total, metric, code)[0], 0),
        at_best=_decisions(found, false, total, scores, at),
    )


def _curve(
    own: IntArray, answers: FloatArray, weights: FloatArray | None, every: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the weights of the rows found and of those named falsely, and the threshold of each.

    From the highest on; that of none is left out if a row has the probability 1.
    """
    from sklearn.metrics import roc_curve

    false, found, answered = roc_curve(own, answers, sample_weight=weights, drop_intermediate=False)
    ours, all_rows = every @ own, every.sum()
    # The first threshold is infinite: no row is named.
    highs = np.minimum(answered, 1.0)
    cuts = 0.5 * (highs + np.append(highs[1:], 0.0))
    first = int(highs[1] >= 1.0)
    return (found * ours)[first:], (false * (all_rows - ours))[first:], cuts[first:]


def _scores(
    found: FloatArray, false: FloatArray, total: tuple[float, float], metric: Metric, code: int
) -> tuple[FloatArray, FloatArray]:
    """Return the score of each threshold, and what is the less the better."""
    ours, rows = total
    if isinstance(metric, Cost):
        missed, alarm = metric.costs[code][1 - code], metric.costs[1 - code][code]
        costs = (missed * (ours - found) + alarm * false) / rows
        return costs, costs
    f1 = 2 * found / (ours + found + false)
    return f1, -f1


def _decisions(
    found: FloatArray, false: FloatArray, total: tuple[float, float], scores: FloatArray, at: int
) -> Decisions:
    named = float(found[at] + false[at])
    precision = float(found[at]) / named if named else 0.0
    return Decisions(float(found[at]) / total[0], precision, float(scores[at]))
