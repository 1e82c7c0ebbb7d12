"""One fit, one student after every round."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np

from hpmkd.values import weighted_mean
from hpmkd_lightgbm.packing import pack_lightgbm

if TYPE_CHECKING:
    from hpmkd.student import Student
    from hpmkd.values import FloatArray, HeldOutRows
    from hpmkd_lightgbm.base import Base

    Objective = Callable[[FloatArray, Any], tuple[FloatArray, FloatArray]]

#: Rounds without a new least loss of the held-out rows after which a fit ends.
PATIENCE = 40


class LightGBMPath:
    """The students of one fit.

    Parameters
    ----------
    booster : lightgbm.Booster
        Of all rounds.
    base : Base
        What it started from.
    n_rounds : int
        Rounds in all.
    losses : list of float
        Mean log loss of the held-out rows after each round; empty without such rows.
    """

    def __init__(
        self, booster: lightgbm.Booster, base: Base, n_rounds: int, losses: list[float]
    ) -> None:
        self.losses: FloatArray = np.array(losses, dtype=np.float64)
        self.n_rounds = n_rounds
        self._booster, self._base = booster, base

    def student(self, n_rounds: int) -> Student:
        """Return the student of the first rounds, 1 … R: bit for bit what their fit returns.

        Raises
        ------
        ValueError
            There are fewer rounds.
        """
        if not 1 <= n_rounds <= self.n_rounds:
            raise ValueError(f"got n_rounds={n_rounds}, but the path has 1 … {self.n_rounds}")
        base = self._base
        return base.student(pack_lightgbm(self._booster, base.constant, n_rounds))


def grow(
    booster: lightgbm.Booster,
    dataset: lightgbm.Dataset,
    objective: Objective | None,
    base: Base,
    n_rounds: int,
    held: HeldOutRows | None,
) -> LightGBMPath:
    """Boost to the limit, or until the loss of the held-out rows no longer falls.

    Parameters
    ----------
    booster : lightgbm.Booster
        Without a tree.
    dataset : lightgbm.Dataset
        What it is trained on.
    objective : callable or None
        Gradient and hessian; None for LightGBM's own ``cross_entropy``.
    base : Base
        What the rows start from.
    n_rounds : int
        The limit.
    held : HeldOutRows or None
        Rows that judge each round.
    """
    losses: list[float] = []
    if held is not None:
        start = base.held_margins if base.n_margins > 1 else base.held_margins[:, 0]
        # With other parameters than the rows that are fitted have, LightGBM would warn.
        same = dataset.get_params()
        rows = dataset.create_valid(held.matrix, held.labels, init_score=start, params=same)
        booster.add_valid(rows, "held")
    for done in range(1, n_rounds + 1):
        booster.update(fobj=objective)
        if held is not None:
            losses.append(_held_loss(booster, held, raw=objective is not None))
            if done > PATIENCE and min(losses[-PATIENCE:]) >= min(losses[:-PATIENCE]):
                break
    return LightGBMPath(booster, base, done, losses)


def _held_loss(booster: lightgbm.Booster, held: HeldOutRows, raw: bool) -> float:
    """Return the weighted mean log loss of the held-out rows now, in nats.

    LightGBM has added their margins up; it gives out those, or probabilities where the
    objective is its own.
    """

    def log_loss(given: FloatArray, _dataset: Any) -> tuple[str, float, bool]:
        if not raw:
            odds = np.column_stack([1.0 - given, given])
        else:
            two = given.ndim == 1 or given.shape[1] == 1
            margins = np.column_stack([np.zeros(len(given)), given]) if two else given
            odds = np.exp(margins - margins.max(axis=1, keepdims=True))
        right = odds[np.arange(len(odds)), held.labels] / odds.sum(axis=1)
        losses = -np.log(np.maximum(right, 1e-300))
        return "log_loss", weighted_mean(losses, held.weights), False

    return float(booster.eval_valid(feval=log_loss)[0][2])
