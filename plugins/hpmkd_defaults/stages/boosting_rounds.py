"""Rounds of gradient boosting, from margins that may be moved in between; those of XGBoost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import xgboost

from hpmkd.student import pack_booster
from hpmkd_defaults.stages.objective import DistillationObjective
from hpmkd_defaults.stages.row_loss import (
    checked_extra,
    checked_held,
    stacked_counts,
    stacked_matrix,
    stacked_target,
    stacked_weights,
)
from hpmkd_defaults.stages.targets import current_softening, smoothed_prior, softening_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hpmkd.student import TreesModel
    from hpmkd.values import ExtraRows, FloatArray, StageInputs

#: Type of the object that rounds are added to.
B = TypeVar("B")


class Boosting(Generic[B]):
    """The rows of a fit, and the loss that its rounds lower. A subclass defines a round.

    Parameters
    ----------
    inputs : StageInputs
        What is fitted.
    parameters : mapping
        XGBoost's.
    n_rounds : int
        Rounds that are boosted at most.
    """

    def __init__(
        self,
        inputs: StageInputs,
        parameters: Mapping[str, Any],
        n_rounds: int,
    ) -> None:
        self.inputs, self.parameters, self.n_rounds = inputs, dict(parameters), n_rounds
        self.extra = checked_extra(inputs)
        self.rows = stacked_matrix(inputs, self.extra)
        self.weights = stacked_weights(inputs, self.extra)
        self.target = first_target(inputs, self.extra)
        self.held = checked_held(inputs)
        self._objective = DistillationObjective(inputs, n_rounds, self.extra)

    def target_at(self, done: float) -> FloatArray:
        """Return the target of shape (n + m, K) once `done` of the rounds are done.

        A schedule that moves alpha moves it; it receives the state of the last round.
        """
        if not self.inputs.scheduler.varies:
            return self.target
        # Not quite 1 at the end: a schedule knows rounds that start, not the end of the last.
        progress = min(done, 1.0 - 1.0 / self.n_rounds)
        softening = current_softening(self.inputs, self._objective.fit_log.at(progress))
        return stacked_target(self.inputs, self.extra, softening.alpha)

    def booster(self, margins: NDArray[np.float32], held_margins: NDArray[np.float32] | None) -> B:
        """Return a booster without trees, on top of margins that it does not know.

        Parameters
        ----------
        margins, held_margins : ndarray of shape (n + m, C), (h, C)
            float32, of the rows that are fitted and of those that are held out.
        """
        raise NotImplementedError

    def boost(self, booster: B, iteration: int) -> None:
        """Add one round; `iteration` counts those of all boosters of the fit, from 0."""
        raise NotImplementedError

    def held_margins(self, booster: B) -> NDArray[np.float32]:
        """Return the margins of the held-out rows after the rounds so far: (h,) or (h, K)."""
        raise NotImplementedError

    def trees(self, booster: B, n_rounds: int) -> TreesModel:
        """Return the trees of the first rounds of a booster, over a base margin of zeros."""
        raise NotImplementedError


class XGBoosting(Boosting["xgboost.Booster"]):
    """Boosting with XGBoost.

    With two classes at T = 1 and a scheduler that does not vary, the loss is XGBoost's own
    ``binary:logistic`` on the mixed target, which is faster than
    :class:`~hpmkd_defaults.stages.objective.DistillationObjective`.
    """

    def __init__(self, inputs: StageInputs, parameters: Mapping[str, Any], n_rounds: int) -> None:
        super().__init__(inputs, parameters, n_rounds)
        self.exact = mixing_is_exact(inputs)
        threads = {"nthread": inputs.n_threads}
        bins = {"max_bin": self.parameters["max_bin"]}
        counts = {"weight": stacked_counts(inputs, self.extra)}  # columns are cut by these
        self._matrix = xgboost.QuantileDMatrix(self.rows, **counts, **bins, **threads)
        # Rounding may leave [0, 1] by a hair, which XGBoost refuses.
        self._matrix.set_label(self.target[:, 1].clip(0.0, 1.0))
        if self.exact and self.weights is not None:
            self._matrix.set_weight(self.weights)
        self._held = None if self.held is None else xgboost.DMatrix(self.held.matrix, **threads)

    def booster(
        self, margins: NDArray[np.float32], held_margins: NDArray[np.float32] | None
    ) -> xgboost.Booster:
        """Return an XGBoost booster: see :meth:`Boosting.booster`."""
        matrices = [self._matrix]
        _set_margins(self._matrix, margins)
        if self._held is not None:
            _set_margins(self._held, held_margins)
            matrices.append(self._held)
        # For each of these XGBoost adds a round up once, in the order of a student's own sums.
        return xgboost.Booster(self.parameters, matrices)

    def boost(self, booster: xgboost.Booster, iteration: int) -> None:
        """Add one round; `iteration` counts those of all boosters of the fit, from 0."""
        # It does not read the label.
        booster.update(self._matrix, iteration, None if self.exact else self._objective)

    def held_margins(self, booster: xgboost.Booster) -> NDArray[np.float32]:
        """Return the margins of the held-out rows after the rounds so far: (h,) or (h, K)."""
        return np.asarray(booster.predict(self._held, output_margin=True))

    def trees(self, booster: xgboost.Booster, n_rounds: int) -> TreesModel:
        """Return the first rounds as a model: see :meth:`Boosting.trees`."""
        n_margins = 1 if self.target.shape[1] == 2 else self.target.shape[1]
        return pack_booster(booster[:n_rounds], n_margins, base_margin=np.zeros(n_margins))


def _set_margins(matrix: xgboost.DMatrix, margins: NDArray[np.float32] | None) -> None:
    assert margins is not None
    matrix.set_base_margin(margins if margins.shape[1] > 1 else margins[:, 0])


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
