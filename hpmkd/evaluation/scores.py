"""How good probabilities are: against the labels, and against the teacher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.data.probabilities import row_losses
from hpmkd.values import weighted_mean

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class Scores:
    """Quality on some rows; where these have weights, all of it is weighted.

    Parameters
    ----------
    accuracy : float
        Share of rows classified correctly, in [0, 1].
    log_loss : float
        Mean log loss, in nats.
    macro_f1 : float
        Unweighted mean of the classes' F1, in [0, 1].
    auc : float or None
        Area under the ROC curve; the unweighted mean of one-versus-rest over the classes
        that occur for K > 2. None if the rows hold one class only.
    balanced_accuracy : float
        Unweighted mean of the recall of the classes that occur, in [0, 1].
    """

    accuracy: float
    log_loss: float
    macro_f1: float
    auc: float | None
    balanced_accuracy: float


@dataclass(frozen=True)
class Fidelity:
    """How closely a student follows its teacher.

    Parameters
    ----------
    kl : float
        Mean KL(teacher ‖ student), in nats.
    agreement : float
        Share of rows on which both name the same class, in [0, 1].
    """

    kl: float
    agreement: float


def score(probabilities: FloatArray, labels: IntArray, weights: FloatArray | None = None) -> Scores:
    """Score probabilities of shape (n, K) against class codes; rows may have weights (n,)."""
    from sklearn.metrics import f1_score

    predicted = probabilities.argmax(axis=1)
    present = np.union1d(labels, predicted)
    return Scores(
        accuracy=weighted_mean(predicted == labels, weights),
        log_loss=weighted_mean(row_losses(probabilities, labels), weights),
        macro_f1=float(
            f1_score(
                labels,
                predicted,
                labels=present,
                average="macro",
                zero_division=0,
                sample_weight=weights,
            )
        ),
        auc=_auc(probabilities, labels, weights),
        balanced_accuracy=_balanced_accuracy(predicted, labels, weights),
    )


def _balanced_accuracy(predicted: IntArray, labels: IntArray, weights: FloatArray | None) -> float:
    from sklearn.metrics import recall_score

    # scikit-learn's balanced_accuracy_score warns of classes that are named and do not occur.
    occurring = np.unique(labels)
    return float(
        recall_score(
            labels,
            predicted,
            labels=occurring,
            average="macro",
            zero_division=0,
            sample_weight=weights,
        )
    )


def _auc(probabilities: FloatArray, labels: IntArray, weights: FloatArray | None) -> float | None:
    from sklearn.metrics import roc_auc_score

    occurring = np.unique(labels)
    if len(occurring) < 2:
        return None
    if probabilities.shape[1] == 2:
        return float(roc_auc_score(labels, probabilities[:, 1], sample_weight=weights))
    # One class at a time: scikit-learn's own multiclass form refuses rows in which a class
    # is missing.
    each = [
        roc_auc_score(labels == code, probabilities[:, code], sample_weight=weights)
        for code in occurring
    ]
    return float(np.mean(each))


def best_temperature(
    probabilities: FloatArray, labels: IntArray, weights: FloatArray | None = None
) -> float:
    """Return the T in [.05, 20] at which ``p^(1/T)``, normalised, has the lowest log loss.

    Temperature scaling (Guo et al. 2017) on the very rows that are scored: it shows what of
    a log loss is calibration, not a score.
    """
    from scipy.optimize import minimize_scalar

    from hpmkd.kernels import soften

    def log_loss(log_temperature: float) -> float:
        softened = soften(probabilities, np.exp(log_temperature))
        return weighted_mean(row_losses(softened, labels), weights)

    bounds = (np.log(0.05), np.log(20.0))
    found = minimize_scalar(log_loss, bounds=bounds, method="bounded", options={"xatol": 1e-3})
    # A search that ends a hair beside T = 1 must not make a calibrated model worse.
    return float(np.exp(found.x)) if found.fun < log_loss(0.0) else 1.0


def fidelity(
    teacher: FloatArray, student: FloatArray, weights: FloatArray | None = None
) -> Fidelity:
    """Compare a student with its teacher on the same rows, which may have weights."""
    from hpmkd.kernels import kl_divergence

    return Fidelity(
        kl=weighted_mean(kl_divergence(teacher, student), weights),
        agreement=weighted_mean(teacher.argmax(axis=1) == student.argmax(axis=1), weights),
    )
