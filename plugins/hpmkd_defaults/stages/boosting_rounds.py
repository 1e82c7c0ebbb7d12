"""Rounds of gradient boosting with XGBoost, from margins that may be moved in between."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost

from hpmkd_defaults.stages.objective import DistillationObjective
from hpmkd_defaults.stages.row_loss import (
    extra_factor,
    extra_rows,
    stacked_matrix,
    stacked_target,
    stacked_weights,
)
from hpmkd_defaults.stages.targets import current_softening, smoothed_prior, softening_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.values import ExtraRows, FloatArray, StageInputs


class Boosting:
    """Grows trees on all rows of a fit, some rounds at a time.

    With two classes at T = 1 and a scheduler that does not vary, the loss is XGBoost's own
    ``binary:logistic`` on the mixed target, which is faster than
    :class:`~hpmkd_defaults.stages.objective.DistillationObjective`.

    Parameters
    ----------
    inputs : StageInputs
        What is fitted.
    parameters : mapping
        XGBoost's.
    n_rounds : int
        Rounds in all, however they are dealt out.
    """

    def __init__(
        self,
        inputs: StageInputs,
        parameters: Mapping[str, Any],
        n_rounds: int,
    ) -> None:
        self.inputs, self.parameters, self.n_rounds = inputs, dict(parameters), n_rounds
        self.extra = weighted_extra(inputs)
        self.rows = stacked_matrix(inputs, self.extra)
        self.weights = stacked_weights(inputs, self.extra)
        self.target = first_target(inputs, self.extra)
        self.exact = mixing_is_exact(inputs)
        self._objective = DistillationObjective(inputs, n_rounds, self.extra)
        self._matrix = xgboost.QuantileDMatrix(self.rows, nthread=inputs.n_threads)
        # Rounding may leave [0, 1] by a hair, which XGBoost refuses.
        self._matrix.set_label(self.target[:, 1].clip(0.0, 1.0))
        if self.exact and self.weights is not None:
            self._matrix.set_weight(self.weights)

    def target_at(self, done: float) -> tuple[FloatArray, FloatArray | None]:
        """Return target (n + m, K) and weights (n + m,) once `done` of the rounds are done.

        A schedule that moves alpha moves both; it receives the state of the last round.
        """
        if not self.inputs.scheduler.varies:
            return self.target, self.weights
        # Not quite 1 at the end: a schedule knows rounds that start, not the end of the last.
        progress = min(done, 1.0 - 1.0 / self.n_rounds)
        softening = current_softening(self.inputs, self._objective.fit_log.at(progress))
        target = stacked_target(self.inputs, self.extra, softening.alpha)
        if self.extra is None:
            return target, None
        factor = extra_factor(softening.alpha, self.inputs.configuration.alpha)
        weighted = replace(self.extra, weight=self.extra.weight * factor)
        return target, stacked_weights(self.inputs, weighted)

    def train(self, margins: FloatArray, n_rounds: int) -> xgboost.Booster:
        """Boost on top of margins of shape (n + m, C); the booster does not know them."""
        start = margins.astype(np.float32)
        self._matrix.set_base_margin(start if start.shape[1] > 1 else start[:, 0])
        if self.exact:
            return xgboost.train(self.parameters, self._matrix, n_rounds)
        # It counts the rounds of all parts, and does not read the label.
        return xgboost.train(self.parameters, self._matrix, n_rounds, obj=self._objective)


def weighted_extra(inputs: StageInputs) -> ExtraRows | None:
    """Return the rows without labels, unless the teacher has no weight in any round.

    A scheduler that varies may begin with hard labels and use the teacher later.
    """
    varies = inputs.scheduler.varies
    return inputs.extra if varies else extra_rows(inputs, softening_at(inputs, progress=0.0))


def first_target(inputs: StageInputs, extra: ExtraRows | None = None) -> FloatArray:
    """Return the mixed target at T = 1, of shape (n + m, K), with the first round's alpha."""
    return stacked_target(inputs, extra, softening_at(inputs, progress=0.0).alpha)


def start_margin(target: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return the margin of the prior of a target of shape (n, K), rows weighted.

    Returns
    -------
    ndarray of shape (C,)
        float32. C = K centred log probabilities; for K = 2 one log odds of class 1.
    """
    logits = np.log(smoothed_prior(target, weights))
    margin = logits - logits.mean() if len(logits) > 2 else logits[1:] - logits[:1]
    return margin.astype(np.float32)


def mixing_is_exact(inputs: StageInputs) -> bool:
    """Tell whether ``binary:logistic`` on the mixed target is the loss, in every round."""
    constant = len(inputs.classes) == 2 and not inputs.scheduler.varies
    return constant and softening_at(inputs, progress=0.0).temperature == 1.0
