"""The metrics of DeepBridge's results, for two classes and for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd.evaluation.scores import fidelity, score

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

#: Against the labels.
QUALITY = ("accuracy", "precision", "recall", "f1", "f1_score", "auc_roc", "auc_pr", "log_loss")
#: Against the teacher.
FIDELITY = ("kl_divergence", "ks_statistic", "ks_pvalue", "r2_score")
#: The smaller, the better.
SMALL_IS_GOOD = ("log_loss", "kl_divergence", "ks_statistic")

Metrics = dict[str, float]


def quality(predicted: FloatArray, labels: IntArray) -> Metrics:
    """Compare probabilities (n, K) with class codes (n,).

    Of two classes, precision, recall, F1 and both areas are those of the second one; of more,
    the unweighted mean over the classes that occur, each against the rest. The areas are NaN
    if the rows hold one class only.
    """
    scores = score(predicted, labels)
    precision, recall, f1 = _precision_recall_f1(predicted, labels)
    return {
        "accuracy": scores.accuracy,
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "f1_score": f1,
        "auc_roc": np.nan if scores.auc is None else scores.auc,
        "auc_pr": _average_precision(predicted, labels),
        "log_loss": scores.log_loss,
    }


def closeness(predicted: FloatArray, teacher: FloatArray | None) -> Metrics:
    """Compare probabilities (n, K) with those of the teacher; NaN where these are unknown.

    KL(teacher ‖ student) in nats is the mean over rows. The Kolmogorov-Smirnov statistic, its
    p-value, and R² of the quantiles compare the two distributions of the second class's
    probability, not row by row; of more than two classes, they are the mean over the classes.
    """
    if teacher is None:
        return dict.fromkeys(FIDELITY, np.nan)
    from scipy.stats import ks_2samp

    classes = [1] if predicted.shape[1] == 2 else range(predicted.shape[1])
    pairs = [(predicted[:, code], teacher[:, code]) for code in classes]
    # The asymptotic p-value: the exact one takes long on many rows, and warns where it fails.
    tests = [ks_2samp(theirs, own, method="asymp") for own, theirs in pairs]
    return {
        "kl_divergence": fidelity(teacher, predicted).kl,
        "ks_statistic": float(np.mean([each.statistic for each in tests])),
        "ks_pvalue": float(np.mean([each.pvalue for each in tests])),
        "r2_score": float(np.mean([_quantile_r2(own, theirs) for own, theirs in pairs])),
    }


def _precision_recall_f1(predicted: FloatArray, labels: IntArray) -> tuple[float, float, float]:
    from sklearn.metrics import precision_recall_fscore_support

    codes = predicted.argmax(axis=1)
    if predicted.shape[1] == 2:
        classes, average = [1], None
    else:
        classes, average = np.union1d(labels, codes).tolist(), "macro"
    found = precision_recall_fscore_support(
        labels, codes, labels=classes, average=average, zero_division=0
    )
    precision, recall, f1 = (float(np.mean(each)) for each in found[:3])
    return precision, recall, f1


def _average_precision(predicted: FloatArray, labels: IntArray) -> float:
    from sklearn.metrics import average_precision_score

    occurring = np.unique(labels)
    if len(occurring) < 2:
        return np.nan
    classes = [1] if predicted.shape[1] == 2 else occurring.tolist()
    each = [average_precision_score(labels == code, predicted[:, code]) for code in classes]
    return float(np.mean(each))


def _quantile_r2(own: FloatArray, theirs: FloatArray) -> float:
    total = float(((theirs - theirs.mean()) ** 2).sum())
    residual = float(((np.sort(theirs) - np.sort(own)) ** 2).sum())
    if total == 0:
        return 1.0 if residual == 0 else 0.0
    return 1.0 - residual / total
