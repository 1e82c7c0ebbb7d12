"""Targets of a student: the teacher's probabilities and the label, mixed.

The loss of every stage is ``L = alpha T^2 KL(p_T || q_T) + (1 - alpha) CE(y, q)`` with the
teacher ``p``, the one-hot label ``y``, the student ``q`` and ``p_T`` proportional to
``p^(1/T)`` (Hinton et al. 2015). At T = 1 it is, up to a constant, the cross entropy on the
mixed target ``r = alpha p + (1 - alpha) y``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.values import Softening, TrainingState

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray, StageInputs

#: The largest random state of scikit-learn and XGBoost.
LARGEST_SEED = 2**31 - 1


def effective_softening(softening: Softening) -> Softening:
    """Return the softening with temperature 1 where the teacher has no weight (alpha = 0).

    The loss at alpha = 0 does not depend on the temperature; this makes it so bit for bit.
    """
    return softening if softening.alpha > 0 else replace(softening, temperature=1.0)


def softening_at(inputs: StageInputs, progress: float) -> Softening:
    """Return the scheduler's softening at some progress of the fit."""
    return current_softening(inputs, TrainingState(progress=progress))


def current_softening(inputs: StageInputs, state: TrainingState) -> Softening:
    """Return the scheduler's softening in a state of the fit."""
    return effective_softening(inputs.scheduler.softening(inputs.configuration, state))


def mixed_target(soft_targets: FloatArray, labels: IntArray, alpha: float) -> FloatArray:
    """Return ``alpha p + (1 - alpha) y``, new, of the teacher's p (n, K) and class codes y (n,)."""
    mixed = np.multiply(soft_targets, alpha, dtype=np.float64)
    mixed[np.arange(len(labels)), labels] += 1.0 - alpha
    return mixed


def smoothed_prior(target: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return the mean target, drawn towards uniform by one pseudo-row; never exactly 0.

    A class that no row has gets ``1 / (K (n + 1))``: rare, not impossible. Rows may be weighted.
    """
    n_classes = target.shape[1]
    total = target.sum(axis=0) if weights is None else weights @ target
    n = len(target) if weights is None else weights.sum()
    prior: FloatArray = (total + 1.0 / n_classes) / (n + 1.0)
    return prior


def small_seed(seed: int) -> int:
    """Fold a seed of any size into what the libraries accept."""
    return seed % (LARGEST_SEED + 1)
