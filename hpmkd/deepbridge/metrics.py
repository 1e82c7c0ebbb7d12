"""The metrics of DeepBridge's results, for two classes and for more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.evaluation.scores import fidelity, score

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

#: Against the labels.
QUALITY = (
    "accuracy",
    "precision",
    "recall",
    "f1",
    "f1_score",
    "auc_roc",
    "auc_pr",
    "log_loss",
)
#: Against the teacher.
FIDELITY = ("kl_divergence", "ks_statistic", "ks_pvalue", "r2_score")
#: The smaller, the better.
SMALL_IS_GOOD = ("log_loss", "kl_divergence", "ks_statistic")

Metrics = dict[str, float]


def quality(said: FloatArray, labels: IntArray) -> Metrics:
    """Compare probabilities with labels.

    Parameters
    ----------
    said : ndarray of shape (n, K)
        Probabilities.
    labels : ndarray of shape (n,)
        Class codes.

    Returns
    -------
    dict
        Of two classes, precision, recall, F1 and both areas are those of the second one; of
        more, the unweighted mean over the classes that occur, each against the rest. The areas
        are NaN if the rows hold one class only.
    """
    scores = score(said, labels)
    precision, recall, f1 = _precision_recall_f1(said.argmax(axis=1), labels, said.shape[1])
    return {
        "accuracy": scores.accuracy,
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "f1_score": f1,
        "auc_roc": np.nan if scores.auc is None else scores.auc,
        "auc_pr": _average_precision(said, labels),
        "log_loss": scores.log_loss,
    }


def closeness(said: FloatArray, teacher: FloatArray | None) -> Metrics:
    """Compare probabilities (n, K) with those of the teacher.

    Returns
    -------
    dict
        The mean KL(teacher ‖ student) in nats, over rows. The Kolmogorov-Smirnov statistic of
        the two distributions, its p-value, and R² of their quantiles compare what is said of
        the second class on the whole, not row by row; of more than two classes, the mean over
        the classes. All NaN if the teacher is not known there.
    """
    if teacher is None:
        return dict.fromkeys(FIDELITY, np.nan)
    return {
        "kl_divergence": fidelity(teacher, said).kl,
        "ks_statistic": _over_classes(said, teacher, lambda *both: _kolmogorov(*both)[0]),
        "ks_pvalue": _over_classes(said, teacher, lambda *both: _kolmogorov(*both)[1]),
        "r2_score": _over_classes(said, teacher, _quantile_r2),
    }


def _precision_recall_f1(
    predicted: IntArray, labels: IntArray, n_classes: int
) -> tuple[float, float, float]:
    from sklearn.metrics import precision_recall_fscore_support

    if n_classes == 2:
        classes, average = [1], None
    else:
        classes, average = np.union1d(labels, predicted).tolist(), "macro"
    found = precision_recall_fscore_support(
        labels, predicted, labels=classes, average=average, zero_division=0
    )
    precision, recall, f1 = (float(np.mean(each)) for each in found[:3])
    return precision, recall, f1


def _average_precision(said: FloatArray, labels: IntArray) -> float:
    from sklearn.metrics import average_precision_score

    occurring = np.unique(labels)
    if len(occurring) < 2:
        return np.nan
    classes = [1] if said.shape[1] == 2 else occurring.tolist()
    each = [average_precision_score(labels == code, said[:, code]) for code in classes]
    return float(np.mean(each))


def _over_classes(
    said: FloatArray, teacher: FloatArray, compare: Callable[[FloatArray, FloatArray], float]
) -> float:
    classes = [1] if said.shape[1] == 2 else range(said.shape[1])
    return float(np.mean([compare(said[:, code], teacher[:, code]) for code in classes]))


def _kolmogorov(own: FloatArray, others: FloatArray) -> tuple[float, float]:
    from scipy.stats import ks_2samp

    # The asymptotic p-value: the exact one takes long on many rows, and warns where it fails.
    found = ks_2samp(others, own, method="asymp")
    return float(found.statistic), float(found.pvalue)


def _quantile_r2(own: FloatArray, others: FloatArray) -> float:
    spread = float(((others - others.mean()) ** 2).sum())
    missed = float(((np.sort(others) - np.sort(own)) ** 2).sum())
    if spread == 0:
        return 1.0 if missed == 0 else 0.0
    return 1.0 - missed / spread
